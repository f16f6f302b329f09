"""The winner, live: sources, detectors, tracker, smoothing, recogniser, loop and sinks."""

from ferbench.realtime._detectors import Detection, Detector, detectors, make_detector
from ferbench.realtime._events import FaceEvent, Frame, FrameResult, Sink
from ferbench.realtime._loop import Loop, run, stream
from ferbench.realtime._pipeline import Pipeline
from ferbench.realtime._recognizer import Recognizer
from ferbench.realtime._smoothing import Smoother
from ferbench.realtime._sources import Source, open_source
from ferbench.realtime._summary import RunSummary
from ferbench.realtime._tracker import Tracker

__all__ = [
    "Detection",
    "Detector",
    "FaceEvent",
    "Frame",
    "FrameResult",
    "Loop",
    "Pipeline",
    "Recognizer",
    "RunSummary",
    "Sink",
    "Smoother",
    "Source",
    "Tracker",
    "detectors",
    "make_detector",
    "open_source",
    "run",
    "stream",
]
