from .cadence import Cadence
from .labeling import Certainty, face_event
from .point_smoothing import PointSmoother
from .smoothing import Smoother
from .track import Track
from .tracker import Tracker

__all__ = [
    "Cadence",
    "Certainty",
    "PointSmoother",
    "Smoother",
    "Track",
    "Tracker",
    "face_event",
]
