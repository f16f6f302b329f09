from .duplicates import find_leaks, image_groups
from .folds import SHARED, Protocol, make_folds, protocol
from .people import check_people, shared_people, split_people
from .splits import FRACTIONS, resolve_splits, stratified_split
from .subset import check_labels, keep_labels, map_labels

__all__ = [
    "FRACTIONS",
    "SHARED",
    "Protocol",
    "check_labels",
    "check_people",
    "find_leaks",
    "image_groups",
    "keep_labels",
    "make_folds",
    "map_labels",
    "protocol",
    "resolve_splits",
    "shared_people",
    "split_people",
    "stratified_split",
]
