"""Build the key-point networks of the :class:`~ferbench.models.PointNet` estimator.

Each builder maps a one-channel tensor in [0, 1] to coordinates in [-1, 1], relative to the center of the image.
:func:`build_point_network` adds the input scaling and the conversion to pixels, which are the same for all networks.
"""

from typing import Any

import numpy as np

from ferbench.models.keypoints.base import N_POINTS
from ferbench.models.networks import Builder, Tensor, conv, convolve, norm, relu, residual_stages
from ferbench.utils import suggest

HEATMAPS = "heatmaps"
COORDINATES = "coordinates"


def build_point_network(architecture: str, image_shape: tuple[int, int], dtype: str = "float32") -> Any:
    """Build an untrained Keras network that locates the fifteen key points of a gray face.

    Parameters
    ----------
    architecture : str
        A key of :data:`POINT_ARCHITECTURES`.
    image_shape : tuple of int
        Height and width in pixels.
    dtype : str
        Keras dtype policy, ``"float32"`` or ``"mixed_bfloat16"``; weights are float32 in both.

    Returns
    -------
    keras.Model
        Takes float32 gray values 0 to 255 of shape (n_samples, height, width); returns float32 points of shape
        (n_samples, 15, 2), in pixels.
    """
    from keras import Input, Model, layers

    check_point_architecture(architecture, image_shape)
    inputs = Input(image_shape, name="images")
    x = layers.Reshape((*image_shape, 1), dtype=dtype)(layers.Rescaling(1 / 255, dtype=dtype)(inputs))
    x = POINT_ARCHITECTURES[architecture](x, dtype)
    # Coordinates stay in float32, since the resolution of bfloat16 is only half a pixel near 96.
    half = np.array(image_shape[::-1], np.float32) / 2
    outputs = layers.Rescaling(half.tolist(), (half - 0.5).tolist(), dtype="float32", name="points")(x)
    return Model(inputs, outputs, name=architecture)


def check_point_architecture(architecture: str, image_shape: tuple[int, int] | None = None) -> None:
    """Raise ValueError if the architecture does not exist or the image size is not supported."""
    if architecture not in POINT_ARCHITECTURES:
        hint = suggest(architecture, sorted(POINT_ARCHITECTURES))
        raise ValueError(f"there is no key-point architecture {architecture!r}; {hint}")
    if image_shape is not None and (min(image_shape) < 32 or any(side % 8 for side in image_shape)):
        raise ValueError(
            f"key-point networks take images whose sides are multiples of 8 pixels from 32 on; got {image_shape}; "
            f"resize images and points, for example to 96 x 96"
        )


def _points_net(x: Tensor, dtype: str) -> Tensor:
    """Residual encoder-decoder with one heatmap for each point; the point is the expected position in the heatmap.

    The encoder reduces the side to a 32nd; the decoder enlarges it to a quarter. The network has 34 million
    multiply-adds and half a million weights.
    """
    from keras import layers

    levels = _trunk(x, dtype)
    x = levels[-1]
    for level in levels[-2::-1]:
        filters = level.shape[-1]
        x = layers.UpSampling2D(dtype=dtype)(norm(convolve(x, filters, dtype, 1), dtype))
        x = layers.Cropping2D(((0, x.shape[1] - level.shape[1]), (0, x.shape[2] - level.shape[2])), dtype=dtype)(x)
        x = relu(layers.Add(dtype=dtype)([x, level]), dtype)
    return _middles(layers.Conv2D(N_POINTS, 1, dtype="float32", name=HEATMAPS)(conv(x, 32, dtype)))


def _points_direct(x: Tensor, dtype: str) -> Tensor:
    """Residual encoder with one dense layer for the coordinates."""
    from keras import layers

    return _coordinates(layers.Dropout(0.1, dtype=dtype)(layers.Flatten(dtype=dtype)(_trunk(x, dtype)[-1])))


def _points_resnet(x: Tensor, dtype: str) -> Tensor:
    """Bottleneck stages of one convolution block and two identity blocks, 2 x 2 average pooling, and dropout of 0.2."""
    from keras import layers

    x = layers.Flatten(dtype=dtype)(layers.AveragePooling2D(2, padding="same", dtype=dtype)(residual_stages(x, dtype)))
    return _coordinates(layers.Dropout(0.2, dtype=dtype)(x))


def _points_tiny(x: Tensor, dtype: str) -> Tensor:
    """Three narrow convolutions; the network trains in seconds and is meant for tests."""
    from keras import layers

    x = conv(conv(conv(x, 8, dtype, 3, 2), 16, dtype, 3, 2), 16, dtype)
    return _middles(layers.Conv2D(N_POINTS, 1, dtype="float32", name=HEATMAPS)(x))


def _trunk(x: Tensor, dtype: str) -> list[Tensor]:
    """Return features at a quarter, an eighth, a 16th and a 32nd of the side, from one residual block each."""
    x = conv(conv(x, 16, dtype, 3, 2), 24, dtype, 3, 2)
    levels: list[Tensor] = []
    for filters in (32, 64, 96, 128):
        x = _block(x, filters, 2 if levels else 1, dtype)
        levels.append(x)
    return levels


def _block(x: Tensor, filters: int, stride: int, dtype: str) -> Tensor:
    """Basic residual block (He et al., 2016)."""
    from keras import layers

    y = norm(convolve(conv(x, filters, dtype, 3, stride), filters, dtype), dtype)
    if stride > 1:
        x = layers.AveragePooling2D(stride, padding="same", dtype=dtype)(x)
    if x.shape[-1] != filters:
        x = norm(convolve(x, filters, dtype, 1), dtype)
    return relu(layers.Add(dtype=dtype)([x, y]), dtype)


def _middles(maps: Tensor) -> Tensor:
    """Return the expected position under the softmax of each heatmap (Nibali et al., 2018), in [-1, 1]."""
    from keras import layers

    height, width = maps.shape[1:3]
    weights = layers.Reshape((height * width, N_POINTS), dtype="float32")(maps)
    weights = layers.Softmax(axis=1, dtype="float32")(weights)
    rows, columns = np.divmod(np.arange(height * width), width)
    # Centers of the cells, from -1 at one border to 1 at the other.
    places = np.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], axis=1).astype(np.float32)
    place = layers.Dense(2, use_bias=False, trainable=False, dtype="float32", name="places")
    middles = place(layers.Permute((2, 1), dtype="float32")(weights))
    place.set_weights([places])
    return middles


def _coordinates(x: Tensor) -> Tensor:
    from keras import layers

    x = layers.Dense(2 * N_POINTS, kernel_initializer="zeros", dtype="float32", name=COORDINATES)(x)
    return layers.Reshape((N_POINTS, 2), dtype="float32")(x)


POINT_ARCHITECTURES: dict[str, Builder] = {
    "points-direct": _points_direct,
    "points-net": _points_net,
    "points-resnet": _points_resnet,
    "points-tiny": _points_tiny,
}
