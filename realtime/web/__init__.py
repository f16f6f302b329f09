"""Serve a web page and an API for browser cameras, uploads and a source of the server (extra ``web``)."""

from typing import Any

import lazy_loader as lazy

from ferbench.utils import require

_load, __dir__, __all__ = lazy.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Import a name on first use, so that a missing extra is reported only when it is needed."""
    if name in __all__ and name[0] != "_":
        for module in ("fastapi", "uvicorn", "websockets", "python_multipart"):
            require(module, __name__, extra="web")
    return _load(name)
