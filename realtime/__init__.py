"""The winner, live: sources, detectors, tracker, smoothing, recogniser, loop and sinks."""

from ferbench.realtime._detectors import Detection, Detector, detectors, make_detector
from ferbench.realtime._events import FaceEvent, Frame, FrameResult, Sink
from ferbench.realtime._keypoints import KeyPoints
from ferbench.realtime._loop import Loop, run, stream
from ferbench.realtime._overlay import Overlay
from ferbench.realtime._page import SummarySink
from ferbench.realtime._pipeline import Pipeline
from ferbench.realtime._recognizer import Recognizer
from ferbench.realtime._sinks import CsvSink, FrequencySink, ImageSink, JsonLinesSink, VideoSink
from ferbench.realtime._smoothing import Smoother
from ferbench.realtime._sources import Source, open_source
from ferbench.realtime._summary import RunSummary
from ferbench.realtime._table import table
from ferbench.realtime._tracker import Tracker
from ferbench.realtime._window import Window

__all__ = [
    "CsvSink",
    "Detection",
    "Detector",
    "FaceEvent",
    "Frame",
    "FrameResult",
    "FrequencySink",
    "ImageSink",
    "JsonLinesSink",
    "KeyPoints",
    "Loop",
    "Overlay",
    "Pipeline",
    "Recognizer",
    "RunSummary",
    "Sink",
    "Smoother",
    "Source",
    "SummarySink",
    "Tracker",
    "VideoSink",
    "Window",
    "detectors",
    "make_detector",
    "open_source",
    "run",
    "stream",
    "table",
]
