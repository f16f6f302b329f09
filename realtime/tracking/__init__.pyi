from .cadence import Cadence
from .compound import COMPOUNDS, compound_of, with_compound
from .labeling import Certainty, face_event
from .point_smoothing import PointSmoother
from .smoothing import Smoother
from .track import Track
from .tracker import Tracker

__all__ = [
    "COMPOUNDS",
    "Cadence",
    "Certainty",
    "PointSmoother",
    "Smoother",
    "Track",
    "Tracker",
    "compound_of",
    "face_event",
    "with_compound",
]
