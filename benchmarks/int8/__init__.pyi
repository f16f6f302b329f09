from .checked import Checked, check_int8, export_int8
from .measuring import measure_int8
from .report import checked_text, write_int8_report

__all__ = [
    "Checked",
    "check_int8",
    "checked_text",
    "export_int8",
    "measure_int8",
    "write_int8_report",
]
