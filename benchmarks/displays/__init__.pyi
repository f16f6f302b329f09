from .base import DARK, GRAY, HEAT, MARKERS, PALETTE, Display, clear_frame, set_title, titled
from .calibration import CalibrationDisplay
from .confusion import ConfusionMatrixDisplay
from .effects import EffectsDisplay
from .f1 import F1Display
from .history import HistoryDisplay
from .keypoints import CedDisplay, PerPointDisplay, PointFacesDisplay
from .leaderboard import LeaderboardDisplay
from .published import PublishedDisplay
from .roc import RocDisplay
from .tradeoff import TradeoffDisplay

__all__ = [
    "DARK",
    "GRAY",
    "HEAT",
    "MARKERS",
    "PALETTE",
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
    "clear_frame",
    "set_title",
    "titled",
]
