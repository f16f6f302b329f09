from .base import Source
from .mailbox import Mailbox
from .photos import PhotoSource, read_image
from .source import open_source
from .video_file import VideoFile

__all__ = [
    "Mailbox",
    "PhotoSource",
    "Source",
    "VideoFile",
    "open_source",
    "read_image",
]
