from .base import Source
from .mailbox import Mailbox
from .photos import PhotoSource, read_image
from .source import open_source
from .timing import packet_times
from .video_file import VideoFile

__all__ = [
    "Mailbox",
    "PhotoSource",
    "Source",
    "VideoFile",
    "open_source",
    "packet_times",
    "read_image",
]
