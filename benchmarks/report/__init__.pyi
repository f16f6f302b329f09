from .expressions import ExpressionReport
from .faces import load_source
from .leaderboard import leaderboard_frame, leaderboard_text
from .results import TEST, VALIDATION, Measured, Results, read_results
from .scores import N_BOOTSTRAP, SEED, Accuracy, accuracies, best_on_validation

__all__ = [
    "N_BOOTSTRAP",
    "SEED",
    "TEST",
    "VALIDATION",
    "Accuracy",
    "ExpressionReport",
    "Measured",
    "Results",
    "accuracies",
    "best_on_validation",
    "leaderboard_frame",
    "leaderboard_text",
    "load_source",
    "read_results",
]
