from .report import write_training_report
from .speed import measure_training_speed

__all__ = [
    "measure_training_speed",
    "write_training_report",
]
