"""Resize the input of a network, or average its output over several views of the image.

Keras is imported inside the functions, so importing this module is fast.
"""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ferbench.models.networks.blocks import Tensor

TestTime = Literal["flip", "ten-crop"]


def averaged(network: Any, image_shape: tuple[int, int], test_time: TestTime) -> Any:
    """Wrap a network so that it averages over views of the image; the exported ONNX graph contains the views."""
    from keras import Input, Model, layers, ops

    inputs = Input(image_shape, name="images")
    views = [inputs]
    if test_time == "ten-crop":
        crops = [inputs[:, rows, columns, None] for rows, columns in five_crops(image_shape)]
        views = [ops.image.resize(crop, image_shape)[..., 0] for crop in crops]
    views += [ops.flip(view, axis=2) for view in views]
    outputs = layers.Average(dtype="float32")([network(view) for view in views])
    return Model(inputs, outputs, name=f"{network.name}-{test_time}")


def resized(images: Tensor, image_shape: tuple[int, int], size: int) -> Tensor:
    """Resize images by products with constant matrices, since the ONNX export changes the result of a resize layer."""
    from keras import ops

    down, across = (_interpolation(side, size) for side in image_shape)
    return ops.matmul(ops.matmul(down, images), across.T)


def _interpolation(before: int, after: int) -> NDArray[np.float32]:
    """Return weights (after, before) of linear interpolation; the kernel is widened if the image is reduced."""
    step = before / after
    centers = (np.arange(after) + 0.5) * step - 0.5
    weights = np.maximum(0, 1 - np.abs(np.arange(before) - centers[:, None]) / max(step, 1))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def five_crops(image_shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Return rows and columns of five crops (corners and center), each shorter by a twelfth of the side."""
    down, right = (side // 12 for side in image_shape)
    corners = [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]
    height, width = image_shape[0] - down, image_shape[1] - right
    return [(slice(top, top + height), slice(left, left + width)) for top, left in corners]
