from .additions import Additions
from .expressions import ExpressionReport
from .faces import load_source
from .leaderboard import build_leaderboard, leaderboard_frame, leaderboard_text
from .plots import OF_A_CELL, ExpressionDrawings
from .results import TEST, VALIDATION, Measured, Results, read_results
from .scores import N_BOOTSTRAP, SEED, Accuracy, ScoreBoard, accuracies, best_on_validation, score_results

__all__ = [
    "N_BOOTSTRAP",
    "OF_A_CELL",
    "SEED",
    "TEST",
    "VALIDATION",
    "Accuracy",
    "Additions",
    "ExpressionDrawings",
    "ExpressionReport",
    "Measured",
    "Results",
    "ScoreBoard",
    "accuracies",
    "best_on_validation",
    "build_leaderboard",
    "leaderboard_frame",
    "leaderboard_text",
    "load_source",
    "read_results",
    "score_results",
]
