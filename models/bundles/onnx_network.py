"""Export networks from Keras to ONNX, and run them with onnxruntime, without TensorFlow."""

import contextlib
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.features import check_images
from ferbench.models.base import CPU, open_session

BLOCK = 256
# Name of the second output, the input of the last layer; only `DeepExtractor` uses it.
FEATURES = "features"
# Name of the output of a key-point network.
POINTS = "points"


class OnnxNetwork:
    """Network in an ONNX file that takes float32 gray values 0 to 255 of shape (n_samples, height, width).

    Parameters
    ----------
    file : Path or bytes
        ONNX model, or the content of its file; `run` returns its first output.
    n_threads : int or None
        Threads for one call; None uses the default of onnxruntime.
    provider : {"cpu", "cuda", "openvino", "coreml"}, default="cpu"
        Execution provider of onnxruntime.

    Notes
    -----
    Several threads may share an instance: `run` of onnxruntime is thread-safe, and there is no other state.
    """

    def __init__(self, file: Path | bytes, *, n_threads: int | None = None, provider: str = CPU) -> None:
        self.session = open_session(file, n_threads, provider)
        self.input_name = self.session.get_inputs()[0].name
        self.output_name = self.session.get_outputs()[0].name

    def run(self, X: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the first output for checked images, computed in batches."""
        starts = range(0, len(X), BLOCK)
        parts = [
            self.session.run([self.output_name], {self.input_name: X[i : i + BLOCK].astype(np.float32)})[0]
            for i in starts
        ]
        return np.concatenate(parts)


class OnnxRecognizer(OnnxNetwork):
    """Fitted scikit-learn classifier of face images, based on a network in an ONNX file.

    Parameters
    ----------
    file : Path or bytes
        ONNX model, or the content of its file. It takes float32 gray values 0 to 255 of shape (n_samples, height,
        width) and returns probabilities of shape (n_samples, n_classes).
    labels : sequence of str
        Labels in the order of the output columns.
    n_threads : int or None
        Threads for one call; None uses the default of onnxruntime.
    provider : {"cpu", "cuda", "openvino", "coreml"}, default="cpu"
        Execution provider of onnxruntime.
    """

    def __init__(
        self, file: Path | bytes, labels: Sequence[str], *, n_threads: int | None = None, provider: str = CPU
    ) -> None:
        super().__init__(file, n_threads=n_threads, provider=provider)
        self.classes_ = np.asarray(labels)

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return probabilities of shape (n_samples, n_classes) for images of shape (n_samples, height, width)."""
        probabilities = self.run(check_images(X)).astype(np.float64)
        return probabilities / probabilities.sum(axis=1, keepdims=True)

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Return the most probable label of each image."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def export_onnx(network: Any, file: Path, image_shape: tuple[int, int], *, output: str | None = None) -> None:
    """Export a Keras network to ONNX.

    With `output`, the output gets this name. Without it, the penultimate features become a second output.
    """
    # Keras can only export a network that was called before.
    network(np.zeros((1, *image_shape), np.float32))
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        network.export(file, format="onnx", verbose=False)
    if output is None:
        expose_features(file)
    else:
        _name_output(file, output)


def _name_output(file: Path, name: str) -> None:
    import onnx

    model = onnx.load(file)
    graph = model.graph
    graph.node.append(onnx.helper.make_node("Identity", [graph.output[0].name], [name], name=name))
    graph.output[0].name = name
    onnx.save(model, file)


def expose_features(file: Path) -> bool:
    """Add a second output ``features`` to a network in an ONNX file: the input of the dense layer before the softmax.

    Returns
    -------
    bool
        False if the network does not end with these layers, such as a mean over views; the file is then unchanged.
    """
    import onnx

    model = onnx.load(file)
    graph = model.graph
    maker = {name: node for node in graph.node for name in node.output}
    node = maker.get(graph.output[0].name)
    for kinds in (("Softmax",), ("Add",)):
        if node is not None and node.op_type in kinds:
            node = maker.get(node.input[0])
    if node is None or node.op_type not in ("MatMul", "Gemm") or len(graph.output) > 1:
        return FEATURES in {output.name for output in graph.output}
    graph.node.append(onnx.helper.make_node("Identity", [node.input[0]], [FEATURES], name=FEATURES))
    weights = {tensor.name: tensor.dims for tensor in graph.initializer}
    width = weights[node.input[1]][0] if node.input[1] in weights else None
    graph.output.append(onnx.helper.make_tensor_value_info(FEATURES, onnx.TensorProto.FLOAT, ["n_samples", width]))
    onnx.save(model, file)
    return True


# Deprecated alias with British spelling.
OnnxRecogniser = OnnxRecognizer
