"""Names of the files in a bundle. Live mode imports this module, so it avoids heavy imports."""

from ferbench.utils import sha256_of as file_sha256

NETWORK, CLASSICAL, SHAPE = "model.onnx", "model.skops", "model.dat"
# Out-of-sample probabilities of the training images, stored next to the model.
OUT_OF_SAMPLE = "out_of_sample.npz"

__all__ = ["CLASSICAL", "NETWORK", "OUT_OF_SAMPLE", "SHAPE", "file_sha256"]
