from .csv_file import MAX_FIELD, CsvSource, read_pixels
from .entries import CK_NAME, Entry
from .files import ImageFiles
from .layouts import Layout, known_layouts
from .loading import load
from .opening import BUILT_IN, open_files, open_plain, open_source, read_source
from .tables import find_table

__all__ = [
    "BUILT_IN",
    "CK_NAME",
    "MAX_FIELD",
    "CsvSource",
    "Entry",
    "ImageFiles",
    "Layout",
    "find_table",
    "known_layouts",
    "load",
    "open_files",
    "open_plain",
    "open_source",
    "read_pixels",
    "read_source",
]
