from .best import Choice, choose_best
from .bundles import REAL_TIME_MS, find_bundle
from .calibration import COVERAGE, measure_calibration
from .cards import data_text
from .export import export_bundle

__all__ = [
    "COVERAGE",
    "REAL_TIME_MS",
    "Choice",
    "choose_best",
    "data_text",
    "export_bundle",
    "find_bundle",
    "measure_calibration",
]
