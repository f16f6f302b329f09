from .output import check_outputs, check_suffix
from .page import PAGE_SUFFIXES, SummarySink, summary_table
from .sinks import EVENT_SUFFIXES, IMAGE_OUTPUT_SUFFIXES, FrequencySink, ImageSink, VideoSink, event_sink, write_image
from .summary import Latencies, RunSummary
from .video import VIDEO_CODECS

__all__ = [
    "EVENT_SUFFIXES",
    "IMAGE_OUTPUT_SUFFIXES",
    "PAGE_SUFFIXES",
    "VIDEO_CODECS",
    "FrequencySink",
    "ImageSink",
    "Latencies",
    "RunSummary",
    "SummarySink",
    "VideoSink",
    "check_outputs",
    "check_suffix",
    "event_sink",
    "summary_table",
    "write_image",
]
