from .executors import Executor, make_executor
from .in_process import InProcessExecutor
from .process import STORAGE_ERRNOS, now
from .runner import Run, Step

__all__ = [
    "STORAGE_ERRNOS",
    "Executor",
    "InProcessExecutor",
    "Run",
    "Step",
    "make_executor",
    "now",
]
