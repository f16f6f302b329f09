from .report import summary_line, write_drawings, write_tables
from .space import read_space, resolve_space
from .tune import Progress, Search

__all__ = [
    "Progress",
    "Search",
    "read_space",
    "resolve_space",
    "summary_line",
    "write_drawings",
    "write_tables",
]
