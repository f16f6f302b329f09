from .csv_file import MAX_FIELD, read_pixels
from .loading import BUILT_IN, load, open_source, read_source

__all__ = [
    "BUILT_IN",
    "MAX_FIELD",
    "load",
    "open_source",
    "read_pixels",
    "read_source",
]
