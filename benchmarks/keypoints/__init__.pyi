from .report import load_source, rebuild_keypoints
from .results import TEST, VALIDATION, MeasuredPoints, PointResults, read_point_results
from .tables import points_text

__all__ = [
    "TEST",
    "VALIDATION",
    "MeasuredPoints",
    "PointResults",
    "load_source",
    "points_text",
    "read_point_results",
    "rebuild_keypoints",
]
