from .api import best, read_results, run_suite
from .choose import Choice
from .displays import (
    CedDisplay,
    ConfusionDisplay,
    Display,
    EffectsDisplay,
    F1Display,
    HistoryDisplay,
    LeaderboardDisplay,
    PerPointDisplay,
    PointFacesDisplay,
    PublishedDisplay,
    ReliabilityDisplay,
    RocDisplay,
    TradeoffDisplay,
)
from .folds import FoldResults
from .keypoints import PointSuiteResults
from .rebuild import load_measured, rebuild_report, report_of, report_text, write_report
from .reference import Against, compare_with_reference
from .scores import Comparison, Metric
from .store import Suite, available_suites, load_suite
from .suite_results import SuiteResults

__all__ = [
    "Against",
    "CedDisplay",
    "Choice",
    "Comparison",
    "ConfusionDisplay",
    "Display",
    "EffectsDisplay",
    "F1Display",
    "FoldResults",
    "HistoryDisplay",
    "LeaderboardDisplay",
    "Metric",
    "PerPointDisplay",
    "PointFacesDisplay",
    "PointSuiteResults",
    "PublishedDisplay",
    "ReliabilityDisplay",
    "RocDisplay",
    "Suite",
    "SuiteResults",
    "TradeoffDisplay",
    "available_suites",
    "best",
    "compare_with_reference",
    "load_measured",
    "load_suite",
    "read_results",
    "rebuild_report",
    "report_of",
    "report_text",
    "run_suite",
    "write_report",
]
