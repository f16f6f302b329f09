"""Tell by its layers which of the named architectures a network in an ONNX file has."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ferbench.models.networks.architectures import build_network
from ferbench.models.networks.network import require_keras
from ferbench.utils import require

#: Kernels of the convolutions, sorted, and the number of features before the last layer.
Layers = tuple[list[tuple[int, ...]], int]


def find_architecture(file: Path, image_shape: tuple[int, int], names: Iterable[str]) -> str | None:
    """Return the first of several architectures whose layers are those of a network in an ONNX file.

    Names in the file and in its bundle do not matter, so the mean of several trainings is found as well.

    Parameters
    ----------
    file : Path
        ``model.onnx`` of a bundle.
    image_shape : tuple of int
        Height and width in pixels of the images that it takes.
    names : iterable of str
        Architectures to compare with, see :func:`build_network`.

    Returns
    -------
    str or None
        None for another network, for one with 8-bit weights, and for several joined in one file.

    Raises
    ------
    ImportError
        If Keras or onnx is not installed.
    """
    require_keras("starting from a bundle")
    require("onnx", "starting from a bundle", extra="deep")
    found = _layers_of_file(file)
    return next((name for name in names if found == _layers_of(build_network(name, image_shape, 2))), None)


def _layers_of(network: Any) -> Layers:
    kernels = [layer.kernel.shape for layer in network.layers if type(layer).__name__ == "Conv2D"]
    turned: list[tuple[int, ...]] = [(out, into, height, width) for height, width, into, out in kernels]
    return sorted(turned), int(network.layers[-1].kernel.shape[0])


def _layers_of_file(file: Path) -> Layers | None:
    """Return the layers of a file; None if the weights of one of them are not stored as they are."""
    import onnx

    graph = onnx.load(file).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    kernels = [shapes.get(node.input[1]) for node in graph.node if node.op_type == "Conv"]
    dense = [shapes.get(node.input[1]) for node in graph.node if node.op_type == "MatMul"]
    if not dense or dense[-1] is None or None in kernels:
        return None
    return sorted(kernel for kernel in kernels if kernel), dense[-1][0]
