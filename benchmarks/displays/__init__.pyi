from .base import (
    DARK,
    GRAY,
    HEAT,
    MARKERS,
    PALETTE,
    Display,
    classifier_style,
    clear_frame,
    group_styles,
    label_log_axis,
    line_styles,
    set_title,
    titled,
)
from .confusion import ConfusionDisplay
from .effects import EffectsDisplay
from .f1 import F1Display
from .former_names import CalibrationDisplay, ConfusionMatrixDisplay
from .history import HistoryDisplay
from .keypoints import CedDisplay, PerPointDisplay, PointFacesDisplay
from .labels import label_ends
from .leaderboard import LeaderboardDisplay
from .published import PublishedDisplay
from .registry import PluginDisplay, make_plugin_displays, plugin_displays
from .reliability import ReliabilityDisplay
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
    "ConfusionDisplay",
    "ConfusionMatrixDisplay",
    "Display",
    "EffectsDisplay",
    "F1Display",
    "HistoryDisplay",
    "LeaderboardDisplay",
    "PerPointDisplay",
    "PluginDisplay",
    "PointFacesDisplay",
    "PublishedDisplay",
    "ReliabilityDisplay",
    "RocDisplay",
    "TradeoffDisplay",
    "classifier_style",
    "clear_frame",
    "group_styles",
    "label_ends",
    "label_log_axis",
    "line_styles",
    "make_plugin_displays",
    "plugin_displays",
    "set_title",
    "titled",
]
