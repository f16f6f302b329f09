from .clips import ClipFiles, check_frames, frame_entries
from .csv_file import MAX_FIELD, CsvSource, read_pixels
from .entries import CK_NAME, Entry, keep_entries, match_names
from .files import ImageFiles, read_regular
from .layouts import Layout, known_layouts
from .loading import ANY_SOURCE, load
from .opening import BUILT_IN, open_files, open_placed, open_plain, open_source, read_source
from .tables import TableFile, find_table

__all__ = [
    "ANY_SOURCE",
    "BUILT_IN",
    "CK_NAME",
    "MAX_FIELD",
    "ClipFiles",
    "CsvSource",
    "Entry",
    "ImageFiles",
    "Layout",
    "TableFile",
    "check_frames",
    "find_table",
    "frame_entries",
    "keep_entries",
    "known_layouts",
    "load",
    "match_names",
    "open_files",
    "open_placed",
    "open_plain",
    "open_source",
    "read_pixels",
    "read_regular",
    "read_source",
]
