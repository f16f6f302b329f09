from .best import Choice, choose_best
from .bundles import REAL_TIME_MS, find_bundle
from .calibration import COVERAGE, measure_calibration
from .export import export_bundle

__all__ = [
    "COVERAGE",
    "REAL_TIME_MS",
    "Choice",
    "choose_best",
    "export_bundle",
    "find_bundle",
    "measure_calibration",
]
