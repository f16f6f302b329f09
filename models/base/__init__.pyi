from .calibration import fit_calibration, hold_out, log_odds, log_scores
from .labels import check_classes, check_counts, check_covered
from .most_probable import MostProbable
from .naming import library_of
from .parts import parts_of
from .providers import CPU, PROVIDERS, check_offered, check_provider, open_session, provider_names
from .rows import RowClassifier, checked_weights, some
from .settings import check_settable, refuse_forbidden, settable

__all__ = [
    "CPU",
    "PROVIDERS",
    "MostProbable",
    "RowClassifier",
    "check_classes",
    "check_counts",
    "check_covered",
    "check_offered",
    "check_provider",
    "check_settable",
    "checked_weights",
    "fit_calibration",
    "hold_out",
    "library_of",
    "log_odds",
    "log_scores",
    "open_session",
    "parts_of",
    "provider_names",
    "refuse_forbidden",
    "settable",
    "some",
]
