from .executors import make_executor
from .final import FinalScoring, find_suite
from .folded import FoldedRun
from .in_process import InProcessExecutor
from .job import STORAGE_ERRNOS, now
from .outcome import Executor
from .planning import Plan, Step
from .protocols import make_runs, with_protocol
from .runner import Run

__all__ = [
    "STORAGE_ERRNOS",
    "Executor",
    "FinalScoring",
    "FoldedRun",
    "InProcessExecutor",
    "Plan",
    "Run",
    "Step",
    "find_suite",
    "make_executor",
    "make_runs",
    "now",
    "with_protocol",
]
