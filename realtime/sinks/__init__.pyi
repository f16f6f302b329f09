from .clock import FrameClock
from .event_files import EVENT_SUFFIXES, CsvSink, check_events, event_sink
from .output import check_suffix
from .page import PAGE_SUFFIXES, SummarySink, summary_table
from .sinks import IMAGE_OUTPUT_SUFFIXES, FrequencySink, ImageSink, write_image
from .summary import Latencies, RunSummary
from .video import VIDEO_CODECS, VideoOutput
from .video_sink import VideoSink

__all__ = [
    "EVENT_SUFFIXES",
    "IMAGE_OUTPUT_SUFFIXES",
    "PAGE_SUFFIXES",
    "VIDEO_CODECS",
    "CsvSink",
    "FrameClock",
    "FrequencySink",
    "ImageSink",
    "Latencies",
    "RunSummary",
    "SummarySink",
    "VideoOutput",
    "VideoSink",
    "check_events",
    "check_suffix",
    "event_sink",
    "summary_table",
    "write_image",
]
