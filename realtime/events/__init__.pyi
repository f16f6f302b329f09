from .events import Box, FaceEvent, Frame, FrameResult, Image, Points, Probabilities, Sink

__all__ = [
    "Box",
    "FaceEvent",
    "Frame",
    "FrameResult",
    "Image",
    "Points",
    "Probabilities",
    "Sink",
]
