from .executors import make_executor
from .process import STORAGE_ERRNOS, now
from .runner import Run, Step

__all__ = [
    "STORAGE_ERRNOS",
    "Run",
    "Step",
    "make_executor",
    "now",
]
