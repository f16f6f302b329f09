from .blas import multiply, one_blas_thread
from .extras import require
from .image_files import MAX_FILE_BYTES, Decoded, decode, resize
from .images import Images, check_images, equalize_histograms, resize_face
from .parameters import (
    BOOLEAN,
    AtLeast,
    Between,
    Constraint,
    OneOf,
    OrNone,
    Reals,
    Type,
    Whole,
    Wholes,
    WorkerCount,
    check_parameters,
    real_numbers,
    whole_numbers,
)
from .point_offset import mark_offset
from .points import MIRRORED, POINT_NAMES, derive_points
from .signals import Interruption, stop_on_signals

__all__ = [
    "BOOLEAN",
    "MAX_FILE_BYTES",
    "MIRRORED",
    "POINT_NAMES",
    "AtLeast",
    "Between",
    "Constraint",
    "Decoded",
    "Images",
    "Interruption",
    "OneOf",
    "OrNone",
    "Reals",
    "Type",
    "Whole",
    "Wholes",
    "WorkerCount",
    "check_images",
    "check_parameters",
    "decode",
    "derive_points",
    "equalize_histograms",
    "mark_offset",
    "multiply",
    "one_blas_thread",
    "real_numbers",
    "require",
    "resize",
    "resize_face",
    "stop_on_signals",
    "whole_numbers",
]
