from .base import Detection, Detector, Found, Framing
from .registry import detectors, make_detector
from .yunet_file import cached_model, state_of_cached_model

__all__ = [
    "Detection",
    "Detector",
    "Found",
    "Framing",
    "cached_model",
    "detectors",
    "make_detector",
    "state_of_cached_model",
]
