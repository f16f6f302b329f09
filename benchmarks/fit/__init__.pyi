from .fitting import FitData, Fitted, fit_recogniser, seed_recogniser
from .named_bundles import describe_bundles, find_named, in_order, with_folders, with_names

__all__ = [
    "FitData",
    "Fitted",
    "describe_bundles",
    "find_named",
    "fit_recogniser",
    "in_order",
    "seed_recogniser",
    "with_folders",
    "with_names",
]
