from .detector import Detection, Detector, Found, make_detector

__all__ = [
    "Detection",
    "Detector",
    "Found",
    "make_detector",
]
