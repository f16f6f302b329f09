from .lines import PlainLines, fit_text, path_line, report_lines, shorten, window_width, wrap
from .table import LiveTable, shown

__all__ = [
    "LiveTable",
    "PlainLines",
    "fit_text",
    "path_line",
    "report_lines",
    "shorten",
    "shown",
    "window_width",
    "wrap",
]
