from .plans import SIZES
from .report import write_speed_report
from .speed import SpeedBench

__all__ = [
    "SIZES",
    "SpeedBench",
    "write_speed_report",
]
