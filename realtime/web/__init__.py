"""The web page: cameras of browsers, the server's own source, uploads, and an API (extra ``web``)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferbench.realtime.web._app import create_app
    from ferbench.realtime.web._limits import Limits
    from ferbench.realtime.web._security import Access
    from ferbench.realtime.web._server import Server, access_for, bind

__all__ = ["Access", "Limits", "Server", "access_for", "bind", "create_app"]

_HOMES = {
    "Access": "_security",
    "Limits": "_limits",
    "Server": "_server",
    "access_for": "_server",
    "bind": "_server",
    "create_app": "_app",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: the package can be named without its extra, and then says which one is missing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    for module in ("fastapi", "uvicorn", "websockets"):
        _require(module)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def _require(module: str) -> None:
    from ferbench.models._optional import require

    require(module, "ferbench.realtime.web", extra="web")
