from .bundle import NETWORK, LoadedBundle, file_sha256, load_bundle, read_description
from .onnx_network import FEATURES, POINTS
from .shape_predictor import ShapePredictor, enlarged, reduced
from .shipped import DEFAULT, DEFAULT_POINTS, find_shipped

__all__ = [
    "DEFAULT",
    "DEFAULT_POINTS",
    "FEATURES",
    "NETWORK",
    "POINTS",
    "LoadedBundle",
    "ShapePredictor",
    "enlarged",
    "file_sha256",
    "find_shipped",
    "load_bundle",
    "read_description",
    "reduced",
]
