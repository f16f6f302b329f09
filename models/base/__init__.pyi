from .calibration import fit_calibration, hold_out, log_odds, log_scores
from .groups import checked_groups, group_options, takes_groups
from .labels import check_classes, check_counts, check_covered
from .most_probable import MostProbable
from .naming import library_of
from .parts import parts_of
from .priors import (
    CLASS_SHARES,
    Priors,
    check_class_shares,
    class_shares,
    common_shares,
    full_priors,
    kept_shares,
    priors_text,
    training_shares,
    with_priors,
)
from .providers import CPU, PROVIDERS, check_offered, check_provider, import_onnxruntime, open_session, provider_names
from .rows import RowClassifier, checked_weights, some
from .settings import check_settable, refuse_forbidden, settable

__all__ = [
    "CLASS_SHARES",
    "CPU",
    "PROVIDERS",
    "MostProbable",
    "Priors",
    "RowClassifier",
    "check_class_shares",
    "check_classes",
    "check_counts",
    "check_covered",
    "check_offered",
    "check_provider",
    "check_settable",
    "checked_groups",
    "checked_weights",
    "class_shares",
    "common_shares",
    "fit_calibration",
    "full_priors",
    "group_options",
    "hold_out",
    "import_onnxruntime",
    "kept_shares",
    "library_of",
    "log_odds",
    "log_scores",
    "open_session",
    "parts_of",
    "priors_text",
    "provider_names",
    "refuse_forbidden",
    "settable",
    "some",
    "takes_groups",
    "training_shares",
    "with_priors",
]
