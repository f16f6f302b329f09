from .bench import LiveBench
from .child import run_child
from .report import write_live_report

__all__ = [
    "LiveBench",
    "run_child",
    "write_live_report",
]
