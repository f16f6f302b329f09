from .best import Choice, choose_best
from .bundles import REAL_TIME_MS, find_bundle
from .calibration import COVERAGE, measure_calibration
from .cards import card_text, data_text, shares_text
from .export import CARD, export_bundle

__all__ = [
    "CARD",
    "COVERAGE",
    "REAL_TIME_MS",
    "Choice",
    "card_text",
    "choose_best",
    "data_text",
    "export_bundle",
    "find_bundle",
    "measure_calibration",
    "shares_text",
]
