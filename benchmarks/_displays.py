"""All displays in one place; importing it imports matplotlib."""

from ferbench.benchmarks._displays_base import Display
from ferbench.benchmarks._displays_calibration import CalibrationDisplay
from ferbench.benchmarks._displays_confusion import ConfusionMatrixDisplay
from ferbench.benchmarks._displays_effects import EffectsDisplay
from ferbench.benchmarks._displays_f1 import F1Display
from ferbench.benchmarks._displays_history import HistoryDisplay
from ferbench.benchmarks._displays_keypoints import CedDisplay, PerPointDisplay, PointFacesDisplay
from ferbench.benchmarks._displays_leaderboard import LeaderboardDisplay
from ferbench.benchmarks._displays_published import PublishedDisplay
from ferbench.benchmarks._displays_roc import RocDisplay
from ferbench.benchmarks._displays_tradeoff import TradeoffDisplay

__all__ = [
    "CalibrationDisplay",
    "CedDisplay",
    "ConfusionMatrixDisplay",
    "Display",
    "EffectsDisplay",
    "F1Display",
    "HistoryDisplay",
    "LeaderboardDisplay",
    "PerPointDisplay",
    "PointFacesDisplay",
    "PublishedDisplay",
    "RocDisplay",
    "TradeoffDisplay",
]
