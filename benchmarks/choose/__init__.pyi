from .best import Choice, choose_best
from .bundles import REAL_TIME_MS, find_bundle
from .calibration import COVERAGE, calibrate_on, check_coverage, measure_calibration
from .cards import CARD, calibration_section, card_text, data_text, shares_text, with_calibration
from .export import export_bundle

__all__ = [
    "CARD",
    "COVERAGE",
    "REAL_TIME_MS",
    "Choice",
    "calibrate_on",
    "calibration_section",
    "card_text",
    "check_coverage",
    "choose_best",
    "data_text",
    "export_bundle",
    "find_bundle",
    "measure_calibration",
    "shares_text",
    "with_calibration",
]
