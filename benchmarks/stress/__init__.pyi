from .corruptions import CORRUPTIONS, SEVERITIES, Corruption, corrupt, find_points
from .displays import StressDisplay
from .evaluation import StressData, check_labels, describe_bundle, run_stress
from .measures import accuracy_table, breaking_points, corruption_errors, verdict
from .report import write_stress_report
from .sheet import contact_sheet

__all__ = [
    "CORRUPTIONS",
    "SEVERITIES",
    "Corruption",
    "StressData",
    "StressDisplay",
    "accuracy_table",
    "breaking_points",
    "check_labels",
    "contact_sheet",
    "corrupt",
    "corruption_errors",
    "describe_bundle",
    "find_points",
    "run_stress",
    "verdict",
    "write_stress_report",
]
