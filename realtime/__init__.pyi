from .detection.base import Detection, Detector, Found, Framing
from .detection.registry import detectors, make_detector
from .drawing.overlay import Overlay
from .events.events import FaceEvent, Frame, FrameResult, Sink
from .face_table import table
from .loop import Loop, run, stream
from .pipeline import Pipeline
from .points_switch import PointsSwitch
from .processing import process_video
from .recognition.keypoints import KeyPoints
from .recognition.recognizer import Recognizer
from .sinks.event_files import CsvSink, JsonLinesSink
from .sinks.page import SummarySink
from .sinks.sinks import FrequencySink, ImageSink
from .sinks.summary import RunSummary
from .sinks.video_sink import VideoSink
from .sources.base import Source
from .sources.source import open_source
from .switcher import ModelSwitcher
from .tracking.smoothing import Smoother
from .tracking.tracker import Tracker
from .window import Window

__all__ = [
    "CsvSink",
    "Detection",
    "Detector",
    "FaceEvent",
    "Found",
    "Frame",
    "FrameResult",
    "Framing",
    "FrequencySink",
    "ImageSink",
    "JsonLinesSink",
    "KeyPoints",
    "Loop",
    "ModelSwitcher",
    "Overlay",
    "Pipeline",
    "PointsSwitch",
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
    "process_video",
    "run",
    "stream",
    "table",
]
