from .confident import LabelIssues, find_label_issues
from .findings import NoiseFindings, find_noise
from .flips import flip_labels, found_flips
from .folds import check_recipes, open_rows, out_of_fold
from .report import write_noise_report

__all__ = [
    "LabelIssues",
    "NoiseFindings",
    "check_recipes",
    "find_label_issues",
    "find_noise",
    "flip_labels",
    "found_flips",
    "open_rows",
    "out_of_fold",
    "write_noise_report",
]
