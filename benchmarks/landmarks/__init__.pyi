from .report import evaluate_landmarks
from .training import LandmarkSettings, train_landmarks

__all__ = [
    "LandmarkSettings",
    "evaluate_landmarks",
    "train_landmarks",
]
