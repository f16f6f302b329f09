from .app import create_app
from .limits import Limits
from .security import Access
from .server import Server, access_for, bind

__all__ = [
    "Access",
    "Limits",
    "Server",
    "access_for",
    "bind",
    "create_app",
]
