"""The web page: cameras of browsers, the server's own source, uploads, and an API (extra ``web``)."""

from typing import Any

import lazy_loader as lazy

from ferbench.utils import require

_load, __dir__, __all__ = lazy.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import what is asked for: the package can be named without its extra, and then says which one is missing."""
    if name in __all__ and name[0] != "_":
        for module in ("fastapi", "uvicorn", "websockets", "python_multipart"):
            require(module, __name__, extra="web")
    return _load(name)
