from .duplicates import find_leaks, image_groups
from .splits import FRACTIONS, resolve_splits, stratified_split
from .subset import check_labels, keep_labels

__all__ = [
    "FRACTIONS",
    "check_labels",
    "find_leaks",
    "image_groups",
    "keep_labels",
    "resolve_splits",
    "stratified_split",
]
