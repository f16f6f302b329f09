"""Read the weights of a network in an ONNX file back into a Keras network, for further training.

The export folds each batch normalization into the convolution before it. Here the normalization becomes an identity
with an offset, so that the Keras network gives the same probabilities. Its statistics are then those of no data, so the
normalization has to stay frozen while the network is trained further.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import open_session
from ferbench.models.networks.network import run_in_blocks
from ferbench.utils import require

Array = NDArray[np.float32]
#: Largest difference between the probabilities of the ONNX file and of the Keras network.
TOLERANCE = 1e-4
_N_PROBES = 8


def load_onnx_weights(network: Any, file: Path, *, head: bool = True) -> None:
    """Set the weights of a Keras network to those in an ONNX file, and check that both give the same probabilities.

    Parameters
    ----------
    network : keras.Model
        Network of the architecture that the file was exported from.
    file : Path
        ``model.onnx`` of a bundle.
    head : bool, default=True
        Whether to set the last layer as well. Without it only the features are compared.

    Raises
    ------
    ValueError
        If the file is of another architecture, or holds a network that cannot be read back: one with layers other than
        convolutions and the last dense layer, one that averages over views, or one with 8-bit weights.
    ImportError
        If the package onnx is not installed.
    """
    require("onnx", "starting from a bundle", extra="deep")
    import onnx

    graph = onnx.load(file).graph
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    try:
        _set_convolutions(network, graph.node, values)
        if head:
            _set_head(network.layers[-1], graph.node, values)
        gap = _difference(network, file, head=head)
    except (KeyError, IndexError, ValueError) as error:
        raise _refusal(network, file, str(error)) from error
    if not gap <= TOLERANCE:
        raise _refusal(network, file, f"the {'probabilities' if head else 'features'} differ by {gap:.2g}")


def normalizations(network: Any) -> list[Any]:
    """Return the batch normalization layers of a network."""
    return [layer for layer in network.layers if type(layer).__name__ == "BatchNormalization"]


def _set_convolutions(network: Any, nodes: Any, values: dict[str, Array]) -> None:
    convolutions = [layer for layer in network.layers if type(layer).__name__ == "Conv2D"]
    norms = normalizations(network)
    found = sorted((node for node in nodes if node.op_type == "Conv"), key=lambda node: _number(node.input[1]))
    dense = [layer for layer in network.layers if type(layer).__name__ == "Dense"]
    if not len(found) == len(convolutions) == len(norms) or len(dense) != 1:
        raise ValueError(f"it has {len(found)} convolutions, and the architecture {len(convolutions)}")
    for node, convolution, norm in zip(found, _in_order(convolutions), _in_order(norms), strict=True):
        kernel, bias = values[node.input[1]], values[node.input[2]]
        convolution.set_weights([kernel.transpose(2, 3, 1, 0)])
        ones = np.ones_like(bias)
        # Scale 1 / sqrt(variance + epsilon) is one, so that only the offset is left.
        norm.set_weights([ones, bias, np.zeros_like(bias), ones * np.float32(1 - norm.epsilon)])


def _set_head(layer: Any, nodes: Any, values: dict[str, Array]) -> None:
    kernel, bias = (values[name] for name in _head_weights(nodes, values))
    layer.set_weights([kernel, bias])


def _head_weights(nodes: Any, values: dict[str, Array]) -> tuple[str, str]:
    """Return the names of kernel and offset of the dense layer before the softmax."""
    products = [node for node in nodes if node.op_type == "MatMul"]
    sums = [node for node in nodes if node.op_type == "Add" and products and products[-1].output[0] in node.input]
    offsets = [name for node in sums[:1] for name in node.input if name in values]
    if not offsets:
        raise ValueError("it does not end in a dense layer with an offset")
    return products[-1].input[1], offsets[0]


def _number(name: str) -> tuple[int, ...]:
    """Return the numbers after ``conv2d`` in a name; they rise in the order in which the layers were made."""
    match = re.search(r"conv2d((?:_\d+)*)", name)
    if match is None:
        raise ValueError(f"it names a convolution {name!r}")
    return tuple(int(number) for number in match[1].split("_")[1:])


def _in_order(layers: list[Any]) -> list[Any]:
    """Return layers of one kind in the order in which they were made; a network lists them by depth."""
    return sorted(layers, key=lambda layer: int((re.search(r"_(\d+)$", layer.name) or [0, 0])[1]))


def _difference(network: Any, file: Path, *, head: bool) -> float:
    """Return the largest difference on random images between the ONNX file and the Keras network."""
    import keras

    session = open_session(file)
    images = _probes(session.get_inputs()[0].shape[1:], network.input_shape[1:3])
    output = session.get_outputs()[0].name if head else "features"
    if output not in {known.name for known in session.get_outputs()}:
        raise ValueError(f"it has no output {output!r}, since an older ferbench exported it")
    (expected,) = session.run([output], {session.get_inputs()[0].name: images.astype(np.float32)})
    seen = network if head else keras.Model(network.inputs[0], network.layers[-1].input)
    return float(np.abs(run_in_blocks(seen, images) - expected).max())


def _probes(wanted: list[Any], own: tuple[int | None, ...]) -> NDArray[np.uint8]:
    """Return random images of the size that the file takes, else of the network's, else of 48 pixels."""
    if len(wanted) != len(own):
        raise ValueError(f"its input has {len(wanted) + 1} dimensions, not those of a batch of gray images")
    sides = [side if isinstance(side, int) else mine or 48 for side, mine in zip(wanted, own, strict=True)]
    if sides != list(own) and None not in own:
        shown, got = (" x ".join(map(str, reversed(each))) for each in (sides, own))
        raise ValueError(f"it takes images of {shown} pixels, and the training has {got}")
    return np.random.default_rng(0).integers(0, 256, (_N_PROBES, *sides), np.uint8)


def _refusal(network: Any, file: Path, reason: str) -> ValueError:
    return ValueError(
        f"{file} cannot be trained further as {network.name}: {reason}; name the bundle of a ferbench-net with the "
        f"same recipe"
    )
