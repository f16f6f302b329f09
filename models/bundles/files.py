"""Names of a bundle's files. Light: live mode imports it."""

from ferbench.utils import sha256_of as file_sha256

NETWORK, CLASSICAL, SHAPE = "model.onnx", "model.skops", "model.dat"
# Beside the model: its answers about its own training images.
OUT_OF_SAMPLE = "out_of_sample.npz"

__all__ = ["CLASSICAL", "NETWORK", "OUT_OF_SAMPLE", "SHAPE", "file_sha256"]
