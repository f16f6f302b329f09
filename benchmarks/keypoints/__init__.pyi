from .report import PointReport, load_source
from .results import TEST, VALIDATION, MeasuredPoints, PointResults, read_point_results, score_results
from .suite_results import PointSuiteResults
from .tables import points_text

__all__ = [
    "TEST",
    "VALIDATION",
    "MeasuredPoints",
    "PointReport",
    "PointResults",
    "PointSuiteResults",
    "load_source",
    "points_text",
    "read_point_results",
    "score_results",
]
