from .bootstrap import bootstrap_weights, percentile_interval, two_sided_p
from .comparison import Comparison
from .discovery import one_line, usable_plugins
from .groups import LEAST_IMAGES, Gap, GroupScores, accuracy_by_group
from .keypoints import (
    FAILURE,
    THRESHOLDS,
    WITHIN,
    PointScores,
    compare_points,
    compare_points_with,
    face_errors,
    interocular_distance,
    score_points,
)
from .metrics import N_BINS, Scores, calibration_bins, expected_calibration_error, score
from .power import Detectable, DetectableBySpread, difference_from_spread, smallest_difference
from .predictions import check_predictions
from .registry import Metric, metric_values, plugin_metrics, refuse_taken
from .seeds import Spread, spreads
from .statistics import ALPHA, NO_DIFFERENCE, compare, compare_with, holm, verdicts, wilson_interval

__all__ = [
    "ALPHA",
    "FAILURE",
    "LEAST_IMAGES",
    "NO_DIFFERENCE",
    "N_BINS",
    "THRESHOLDS",
    "WITHIN",
    "Comparison",
    "Detectable",
    "DetectableBySpread",
    "Gap",
    "GroupScores",
    "Metric",
    "PointScores",
    "Scores",
    "Spread",
    "accuracy_by_group",
    "bootstrap_weights",
    "calibration_bins",
    "check_predictions",
    "compare",
    "compare_points",
    "compare_points_with",
    "compare_with",
    "difference_from_spread",
    "expected_calibration_error",
    "face_errors",
    "holm",
    "interocular_distance",
    "metric_values",
    "one_line",
    "percentile_interval",
    "plugin_metrics",
    "refuse_taken",
    "score",
    "score_points",
    "smallest_difference",
    "spreads",
    "two_sided_p",
    "usable_plugins",
    "verdicts",
    "wilson_interval",
]
