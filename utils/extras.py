"""Check for optional dependencies."""

import importlib.util


def require(module: str, caller: str, *, extra: str) -> None:
    """Raise an ImportError that names the caller and the extra to install when `module` is missing."""
    if importlib.util.find_spec(module) is None:
        raise ImportError(f'{caller} needs {module}, which is not installed: pip install "ferbench[{extra}]"')
