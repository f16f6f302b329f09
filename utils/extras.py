"""Check for optional dependencies."""

import importlib.util
import platform
import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires, version

# For those who develop ferbench: no method needs it.
_DEVELOPERS = "dev"


def require(module: str, caller: str, *, extra: str) -> None:
    """Raise an ImportError that names the caller and the extra to install when `module` is missing."""
    if importlib.util.find_spec(module) is None:
        raise ImportError(f"{caller} needs {module}, which is not installed: {install_command([extra])}")


def known_extras() -> dict[str, tuple[str, ...]]:
    """Return the packages of each extra of ferbench, by the extra's name; those for developers are left out.

    Packages that do not exist for this machine's processor are left out, too.

    Examples
    --------
    >>> known_extras()["tune"]
    ('optuna',)
    """
    found: dict[str, list[str]] = {}
    for line in requires("ferbench") or []:
        package, extra = re.match(r"[\w.-]+", line), re.search(r"""extra == ["']([\w-]+)["']""", line)
        if package is None or extra is None or extra[1] == _DEVELOPERS:
            continue
        packages = found.setdefault(extra[1], [])
        if "platform_machine" not in line or platform.machine() in line:
            packages.append(package[0])
    return {extra: tuple(packages) for extra, packages in found.items()}


def missing_packages(names: Iterable[str]) -> list[str]:
    """Return the packages of these extras that are not installed.

    Parameters
    ----------
    names : iterable of str
        Names of extras, such as ``deep``.
    """
    known = known_extras()
    return [package for name in names for package in known.get(name, ()) if version_of(package) is None]


def version_of(package: str) -> str | None:
    """Return the installed version of a package, or None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def install_command(names: Iterable[str]) -> str:
    """Return the command that installs extras of ferbench.

    Examples
    --------
    >>> install_command(["mtcnn", "deep"])
    'pip install "ferbench[mtcnn,deep]"'
    """
    return f'pip install "ferbench[{",".join(names)}]"'
