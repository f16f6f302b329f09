from .lines import PlainLines, fit_text, shorten, wrap
from .table import LiveTable, shown

__all__ = [
    "LiveTable",
    "PlainLines",
    "fit_text",
    "shorten",
    "shown",
    "wrap",
]
