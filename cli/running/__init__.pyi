from .lines import PlainLines, path_line, report_lines, shorten, window_width
from .table import LiveTable, shown

__all__ = [
    "LiveTable",
    "PlainLines",
    "path_line",
    "report_lines",
    "shorten",
    "shown",
    "window_width",
]
