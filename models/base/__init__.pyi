from .calibration import fit_calibration, hold_out, log_scores
from .most_probable import MostProbable
from .naming import library_of
from .parts import parts_of

__all__ = [
    "MostProbable",
    "fit_calibration",
    "hold_out",
    "library_of",
    "log_scores",
    "parts_of",
]
