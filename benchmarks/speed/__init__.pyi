from .plans import SIZES
from .report import write_speed_report
from .scale import SCALED, ScaleBench
from .scale_report import write_scale_report
from .speed import SpeedBench

__all__ = [
    "SCALED",
    "SIZES",
    "ScaleBench",
    "SpeedBench",
    "write_scale_report",
    "write_speed_report",
]
