"""Small builders of the networks that the :class:`~ferbench.models.CNN` estimator trains.

Each builder maps a one-channel tensor in [0, 1] to features; input scaling and the softmax head are the same for all
and stand in :func:`build_network`. Keras is imported inside, so that importing this module costs nothing.
"""

from collections.abc import Callable
from typing import Any

Tensor = Any
Builder = Callable[[Tensor, str], Tensor]


def build_network(architecture: str, image_shape: tuple[int, int], n_classes: int, dtype: str = "float32") -> Any:
    """Build an untrained Keras network for grey images.

    Parameters
    ----------
    architecture : str
        A key of :data:`ARCHITECTURES`.
    image_shape : tuple of int
        Height and width in pixels.
    n_classes : int
        Width of the softmax layer.
    dtype : str
        Keras dtype policy, ``"float32"`` or ``"mixed_bfloat16"``; weights are float32 in both.

    Returns
    -------
    keras.Model
        Takes float32 grey values 0 to 255 of shape (n_samples, height, width); returns float32 probabilities of shape
        (n_samples, n_classes).
    """
    from keras import Input, Model, layers

    if architecture not in ARCHITECTURES:
        raise ValueError(f"architecture must be one of {', '.join(sorted(ARCHITECTURES))}; got {architecture!r}")
    inputs = Input(image_shape, name="images")
    x = layers.Rescaling(1 / 255, dtype=dtype)(inputs)
    x = layers.Reshape((*image_shape, 1), dtype=dtype)(x)
    x = ARCHITECTURES[architecture](x, dtype)
    # The softmax stays in float32: bfloat16 probabilities do not sum to one.
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return Model(inputs, outputs, name=architecture)


def _four_convolutions(x: Tensor, dtype: str) -> Tensor:
    """Four convolutions and two fully connected layers, the network many FER2013 tutorials share."""
    from keras import layers

    for filters, kernel in ((64, 3), (128, 5), (512, 3), (512, 3)):
        x = layers.Conv2D(filters, kernel, padding="same", use_bias=False, dtype=dtype)(x)
        x = _normalised_relu(x, dtype)
        x = layers.MaxPooling2D(dtype=dtype)(x)
        x = layers.Dropout(0.25, dtype=dtype)(x)
    x = layers.Flatten(dtype=dtype)(x)
    for units in (256, 512):
        x = layers.Dense(units, use_bias=False, dtype=dtype)(x)
        x = _normalised_relu(x, dtype)
        x = layers.Dropout(0.25, dtype=dtype)(x)
    return x


def _thin(x: Tensor, dtype: str) -> Tensor:
    """The four convolutions at an eighth to a quarter of the width: a second an epoch on a thousand faces."""
    from keras import layers

    for filters in (16, 32, 64, 64):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, dtype=dtype)(x)
        x = _normalised_relu(x, dtype)
        x = layers.MaxPooling2D(dtype=dtype)(x)
    x = layers.Dropout(0.3, dtype=dtype)(layers.Flatten(dtype=dtype)(x))
    x = _normalised_relu(layers.Dense(128, use_bias=False, dtype=dtype)(x), dtype)
    return layers.Dropout(0.3, dtype=dtype)(x)


def _tiny(x: Tensor, dtype: str) -> Tensor:
    """Two thin convolutions: trains in seconds, for tests and for trying out settings."""
    from keras import layers

    for filters in (8, 16):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False, dtype=dtype)(x)
        x = _normalised_relu(x, dtype)
    x = layers.Dropout(0.1, dtype=dtype)(x)
    return layers.GlobalAveragePooling2D(dtype=dtype)(x)


def _normalised_relu(x: Tensor, dtype: str) -> Tensor:
    from keras import layers

    return layers.ReLU(dtype=dtype)(layers.BatchNormalization(momentum=0.9, dtype=dtype)(x))


ARCHITECTURES: dict[str, Builder] = {"4conv": _four_convolutions, "4conv-thin": _thin, "tiny": _tiny}
