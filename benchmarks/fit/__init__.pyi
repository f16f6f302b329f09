from .fitting import FitData, Fitted, OnEpoch, fit_recognizer, seed_recognizer
from .memory import TooLarge
from .named_bundles import bundle_names, describe_bundles, find_named, in_order, with_folders, with_names

__all__ = [
    "FitData",
    "Fitted",
    "OnEpoch",
    "TooLarge",
    "bundle_names",
    "describe_bundles",
    "find_named",
    "fit_recognizer",
    "in_order",
    "seed_recognizer",
    "with_folders",
    "with_names",
]
