from .additions import add_calibration, add_class_shares, add_scores
from .aliases import (
    bundle_name,
    former_recipe_name,
    measured_bundle,
    recipe_name,
    renamed_parameters,
    renamed_values,
    with_members,
    with_recipe_names,
)
from .archive import load_archive, save_archive
from .bundle import check_bundle, load_bundle, save_bundle
from .calibration import (
    check_calibration,
    fit_temperature,
    reject_coverage,
    reject_threshold,
    uncertain_text,
    with_temperature,
)
from .checks import check_parts
from .description import check_description, digest, read_description, recognizer_sha256
from .files import NETWORK, file_sha256
from .int8 import CALIBRATION, precision_of, quantize_bundle
from .loaded import LoadedBundle
from .onnx_network import FEATURES, POINTS, OnnxNetwork, OnnxRecognizer
from .providers import PROVIDERS, provider_names
from .shape_predictor import ShapePredictor, enlarged, reduced
from .shipped import DEFAULT, DEFAULT_FLOAT32, DEFAULT_POINTS, find_shipped, shipped_name

__all__ = [
    "CALIBRATION",
    "DEFAULT",
    "DEFAULT_FLOAT32",
    "DEFAULT_POINTS",
    "FEATURES",
    "NETWORK",
    "POINTS",
    "PROVIDERS",
    "LoadedBundle",
    "OnnxNetwork",
    "OnnxRecognizer",
    "ShapePredictor",
    "add_calibration",
    "add_class_shares",
    "add_scores",
    "bundle_name",
    "check_bundle",
    "check_calibration",
    "check_description",
    "check_parts",
    "digest",
    "enlarged",
    "file_sha256",
    "find_shipped",
    "fit_temperature",
    "former_recipe_name",
    "load_archive",
    "load_bundle",
    "measured_bundle",
    "precision_of",
    "provider_names",
    "quantize_bundle",
    "read_description",
    "recipe_name",
    "recognizer_sha256",
    "reduced",
    "reject_coverage",
    "reject_threshold",
    "renamed_parameters",
    "renamed_values",
    "save_archive",
    "save_bundle",
    "shipped_name",
    "uncertain_text",
    "with_members",
    "with_recipe_names",
    "with_temperature",
]
