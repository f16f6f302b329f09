from .base import Detection, Detector, Found, Framing
from .registry import detectors, make_detector

__all__ = [
    "Detection",
    "Detector",
    "Found",
    "Framing",
    "detectors",
    "make_detector",
]
