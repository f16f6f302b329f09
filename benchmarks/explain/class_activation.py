"""Grad-CAM of networks in ONNX files, without TensorFlow."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.models import LoadedBundle
from ferbench.models.base import open_session
from ferbench.models.bundles import NETWORK
from ferbench.utils import require

_MAPS = "ferbench_feature_maps"


class ClassActivation:
    """Grad-CAM maps of a network that ends with global average pooling and one dense layer.

    There the gradient of the score of a label with respect to the last feature maps is the dense layer's weight, the
    same at each place. So Grad-CAM is the weighted sum of these maps without its negative part, which is the class
    activation map of Zhou et al. The maps are a further output of the graph, added in memory.

    Parameters
    ----------
    bundle : LoadedBundle
        A network.

    Raises
    ------
    ImportError
        If the package ``onnx`` is missing.
    ValueError
        If the bundle is no network, a foreign one, or does not end with these layers; the message says so.

    References
    ----------
    Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based localization", ICCV 2017.
    Zhou et al., "Learning deep features for discriminative localization", CVPR 2016.
    """

    def __init__(self, bundle: LoadedBundle) -> None:
        if NETWORK not in bundle.info["files"]:
            raise ValueError(f"{bundle.name} is not a network, and Grad-CAM needs one")
        if "contract" in bundle.info:
            raise ValueError(
                f"{bundle.name} is a foreign network with an input contract of its own; Grad-CAM is for ferbench's own"
            )
        require("onnx", "Grad-CAM", extra="explain")
        content, self._weights, self._channels_first = _with_maps(bundle.path / NETWORK, bundle.name)
        self._session = open_session(content)
        self._input = self._session.get_inputs()[0].name

    def maps(self, images: NDArray[np.uint8], columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the map of one label of each image.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width), uint8
        columns : ndarray of shape (n_images,), int
            Column of the label of each image.

        Returns
        -------
        ndarray of shape (n_images, height, width), float64
            At least 0, in units of the score before the softmax.
        """
        height, width = images.shape[1:]
        found = []
        for image, column in zip(images, columns, strict=True):
            (features,) = self._session.run([_MAPS], {self._input: image[None].astype(np.float32)})
            places = np.moveaxis(features[0], 0, -1) if self._channels_first else features[0]
            activation = np.maximum(places @ self._weights[:, column], 0)
            found.append(cv2.resize(activation, (width, height), interpolation=cv2.INTER_LINEAR))
        return np.asarray(found, np.float64)


def _with_maps(file: Path, name: str) -> tuple[bytes, NDArray[np.float32], bool]:
    """Return the graph with the last feature maps as an output, the dense weights, and whether channels come first."""
    import onnx

    model = onnx.load(file)
    graph = model.graph
    maker = {output: node for node in graph.node for output in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    node: Any = maker.get(graph.output[0].name)
    for kind in ("Softmax", "Add"):
        if node is not None and node.op_type == kind:
            node = maker.get(node.input[0])
    dense = node
    if dense is None or dense.op_type not in ("MatMul", "Gemm") or dense.input[1] not in weights:
        raise ValueError(
            f"{name} does not end with a dense layer, so that Grad-CAM is not available without TensorFlow"
        )
    node = maker.get(dense.input[0])
    while node is not None and node.op_type in ("Squeeze", "Reshape", "Flatten", "Identity", "Dropout"):
        node = maker.get(node.input[0])
    if node is None or node.op_type not in ("GlobalAveragePool", "ReduceMean"):
        raise ValueError(
            f"{name} has no global average pooling before its last layer, so that Grad-CAM is not available without "
            "TensorFlow"
        )
    matrix = onnx.numpy_helper.to_array(weights[dense.input[1]])
    transposed = dense.op_type == "Gemm" and any(each.name == "transB" and each.i for each in dense.attribute)
    first = node.op_type == "GlobalAveragePool" or _axes(node, weights, onnx) == [2, 3]
    graph.node.append(onnx.helper.make_node("Identity", [node.input[0]], [_MAPS], name=_MAPS))
    graph.output.append(onnx.helper.make_tensor_value_info(_MAPS, onnx.TensorProto.FLOAT, [None] * 4))
    return model.SerializeToString(), matrix.T if transposed else matrix, first


def _axes(node: Any, weights: Any, onnx: Any) -> list[int]:
    """Axes of a ReduceMean: an attribute in older files, an input in newer ones."""
    listed = [list(each.ints) for each in node.attribute if each.name == "axes"]
    if not listed and len(node.input) > 1 and node.input[1] in weights:
        listed = [onnx.numpy_helper.to_array(weights[node.input[1]]).tolist()]
    return sorted(axis % 4 for axis in listed[0]) if listed else []
