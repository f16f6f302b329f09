from .blas import multiply, one_blas_thread
from .cache import cache_dir
from .deprecation import renamed_keywords
from .extras import install_command, known_extras, missing_packages, require, version_of
from .files import PartFile, atomic_file, move, prepared_file, sha256_of, write_atomically
from .folders import PartFolder, atomic_folder, remove_folder
from .images import Images, check_images, equalize_histograms, resize_face
from .json_files import json_field, parse_json, read_json
from .outputs import check_outputs, printable, safe_cell, safe_frame, safe_row
from .parameters import (
    BOOLEAN,
    SEED,
    Above,
    AtLeast,
    Between,
    Constraint,
    Each,
    Either,
    OneOf,
    OrNone,
    Reals,
    Share,
    Type,
    UpTo,
    Whole,
    Wholes,
    WorkerCount,
    check_parameters,
    real_numbers,
    whole_numbers,
)
from .pictures.decoding import Decoded, decode, resize
from .pictures.formats import MAX_FILE_BYTES
from .plugins import Plugin, find_plugins, find_registered
from .point_offset import mark_offset
from .points import MIRRORED, POINT_NAMES, derive_points
from .redaction import redact
from .regular import check_regular, kind_of
from .signals import Interruption, handle_signals, interrupt_on_terminate, stop_on_signals
from .suggestions import closest, suggest
from .terminal import Color, fit_line, has_color, paint
from .unfinished import remove_leftovers

__all__ = [
    "BOOLEAN",
    "MAX_FILE_BYTES",
    "MIRRORED",
    "POINT_NAMES",
    "SEED",
    "Above",
    "AtLeast",
    "Between",
    "Color",
    "Constraint",
    "Decoded",
    "Each",
    "Either",
    "Images",
    "Interruption",
    "OneOf",
    "OrNone",
    "PartFile",
    "PartFolder",
    "Plugin",
    "Reals",
    "Share",
    "Type",
    "UpTo",
    "Whole",
    "Wholes",
    "WorkerCount",
    "atomic_file",
    "atomic_folder",
    "cache_dir",
    "check_images",
    "check_outputs",
    "check_parameters",
    "check_regular",
    "closest",
    "decode",
    "derive_points",
    "equalize_histograms",
    "find_plugins",
    "find_registered",
    "fit_line",
    "handle_signals",
    "has_color",
    "install_command",
    "interrupt_on_terminate",
    "json_field",
    "kind_of",
    "known_extras",
    "mark_offset",
    "missing_packages",
    "move",
    "multiply",
    "one_blas_thread",
    "paint",
    "parse_json",
    "prepared_file",
    "printable",
    "read_json",
    "real_numbers",
    "redact",
    "remove_folder",
    "remove_leftovers",
    "renamed_keywords",
    "require",
    "resize",
    "resize_face",
    "safe_cell",
    "safe_frame",
    "safe_row",
    "sha256_of",
    "stop_on_signals",
    "suggest",
    "version_of",
    "whole_numbers",
    "write_atomically",
]
