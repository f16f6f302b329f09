from .files import DPI, write_csv, write_csv_files, write_plots, write_text
from .markdown import markdown_page, markdown_table, markdown_text
from .pictures import label_sheet, picture_url, write_png
from .records import machine_text, read_runs
from .text import interval_text, is_missing, listed, number_text, printable, text_table

__all__ = [
    "DPI",
    "interval_text",
    "is_missing",
    "label_sheet",
    "listed",
    "machine_text",
    "markdown_page",
    "markdown_table",
    "markdown_text",
    "number_text",
    "picture_url",
    "printable",
    "read_runs",
    "text_table",
    "write_csv",
    "write_csv_files",
    "write_plots",
    "write_png",
    "write_text",
]
