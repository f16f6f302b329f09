from .curve import Crossing
from .reading import holds_folds
from .report import FoldReport
from .results import FoldResults
from .summary import find_protocols, write_summary

__all__ = [
    "Crossing",
    "FoldReport",
    "FoldResults",
    "find_protocols",
    "holds_folds",
    "write_summary",
]
