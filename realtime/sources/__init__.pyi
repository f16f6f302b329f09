from .mailbox import Mailbox
from .photos import PhotoSource, read_image
from .source import Source, open_source

__all__ = [
    "Mailbox",
    "PhotoSource",
    "Source",
    "open_source",
    "read_image",
]
