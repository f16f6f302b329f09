from .keypoints import KeyPoints, PointsChoice, check_recognizer, find_points, finds_points, load_points
from .recognizer import Recognizer

__all__ = [
    "KeyPoints",
    "PointsChoice",
    "Recognizer",
    "check_recognizer",
    "find_points",
    "finds_points",
    "load_points",
]
