from .bootstrap import bootstrap_weights, percentile_interval
from .keypoints import (
    FAILURE,
    THRESHOLDS,
    WITHIN,
    PointScores,
    compare_points,
    face_errors,
    interocular_distance,
    score_points,
)
from .metrics import N_BINS, Scores, calibration_bins, check_predictions, expected_calibration_error, score
from .statistics import ALPHA, compare, holm

__all__ = [
    "ALPHA",
    "FAILURE",
    "N_BINS",
    "THRESHOLDS",
    "WITHIN",
    "PointScores",
    "Scores",
    "bootstrap_weights",
    "calibration_bins",
    "check_predictions",
    "compare",
    "compare_points",
    "expected_calibration_error",
    "face_errors",
    "holm",
    "interocular_distance",
    "percentile_interval",
    "score",
    "score_points",
]
