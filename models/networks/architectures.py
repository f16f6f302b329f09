"""Build the networks of the :class:`~ferbench.models.CNN` estimator.

Each builder maps a one-channel tensor in [0, 1] to features. :func:`build_network` adds the input scaling and the
softmax layer, which are the same for all networks. Keras is imported inside the functions, so importing this module is
fast.
"""

from collections.abc import Callable
from typing import Any

from ferbench.models.bundles import recipe_name
from ferbench.models.networks.blocks import MOMENTUM, Tensor, conv, convolve, norm, relu, residual_stages, separable
from ferbench.models.networks.views import TestTime, averaged, resized
from ferbench.utils import suggest

Builder = Callable[[Tensor, str], Tensor]

TRANSFER = "transfer:"


def build_network(
    architecture: str,
    image_shape: tuple[int, int] | None,
    n_classes: int,
    dtype: str = "float32",
    *,
    test_time: TestTime | None = None,
    input_size: int | None = None,
) -> Any:
    """Build an untrained Keras network for gray images.

    Parameters
    ----------
    architecture : str
        A key of :data:`ARCHITECTURES`, or ``transfer:`` and the name of a model of ``keras.applications``.
    image_shape : tuple of int or None
        Height and width in pixels; None for images of any size, without `test_time` and `input_size`.
    n_classes : int
        Number of outputs of the softmax layer.
    dtype : str
        Keras dtype policy, ``"float32"`` or ``"mixed_bfloat16"``; weights are float32 in both.
    test_time : {"flip", "ten-crop"} or None
        Average the probabilities over the image and its mirror image, or over five crops of both.
    input_size : int or None
        Side in pixels to which the network first resizes its images.

    Returns
    -------
    keras.Model
        Takes float32 gray values 0 to 255 of shape (n_samples, height, width); returns float32 probabilities of shape
        (n_samples, n_classes).

    Raises
    ------
    ValueError
        If the architecture does not exist.
    """
    from keras import Input, Model, layers, ops

    architecture = recipe_name(architecture)
    check_architecture(architecture)
    inputs = Input(image_shape or (None, None), name="images")
    x = inputs if input_size is None or image_shape is None else resized(inputs, image_shape, input_size)
    x = ops.expand_dims(layers.Rescaling(1 / 255, dtype=dtype)(x), -1)
    if architecture.startswith(TRANSFER):
        x = _backbone(architecture.removeprefix(TRANSFER), x, dtype)
    else:
        x = ARCHITECTURES[architecture](x, dtype)
    # The softmax stays in float32, since probabilities in bfloat16 do not sum to one.
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    network = Model(inputs, outputs, name=architecture.replace(":", "-"))
    return network if test_time is None or image_shape is None else averaged(network, image_shape, test_time)


def check_architecture(architecture: str) -> None:
    """Raise ValueError if the architecture does not exist; the message suggests the closest name."""
    if recipe_name(architecture) in ARCHITECTURES:
        return
    if architecture.startswith(TRANSFER):
        backbone, known, what = architecture.removeprefix(TRANSFER), backbones(), "keras.applications backbone"
        if backbone in known:
            return
    else:
        backbone, known, what = architecture, [*sorted(ARCHITECTURES), f"{TRANSFER}BACKBONE"], "architecture"
    raise ValueError(f"there is no {what} {backbone!r}; {suggest(backbone, known)}")


def backbones() -> list[str]:
    """Return the names of the models of ``keras.applications``."""
    import keras

    return sorted(name for name, value in vars(keras.applications).items() if name[0].isupper() and callable(value))


def _four_convolutions(x: Tensor, dtype: str) -> Tensor:
    """Four convolutions and two fully connected layers, as in many FER2013 tutorials."""
    from keras import layers

    for filters, kernel in ((64, 3), (128, 5), (512, 3), (512, 3)):
        x = layers.Dropout(0.25, dtype=dtype)(layers.MaxPooling2D(dtype=dtype)(conv(x, filters, dtype, kernel)))
    x = layers.Flatten(dtype=dtype)(x)
    for units in (256, 512):
        x = relu(norm(layers.Dense(units, use_bias=False, dtype=dtype)(x), dtype), dtype)
        x = layers.Dropout(0.25, dtype=dtype)(x)
    return x


def _four_thin(x: Tensor, dtype: str) -> Tensor:
    """The same network at an eighth to a quarter of the width; an epoch on a thousand faces takes about a second."""
    from keras import layers

    for filters in (16, 32, 64, 64):
        x = layers.MaxPooling2D(dtype=dtype)(conv(x, filters, dtype))
    x = layers.Dropout(0.3, dtype=dtype)(layers.Flatten(dtype=dtype)(x))
    x = relu(norm(layers.Dense(128, use_bias=False, dtype=dtype)(x), dtype), dtype)
    return layers.Dropout(0.3, dtype=dtype)(x)


def _global_pooling(x: Tensor, dtype: str) -> Tensor:
    """Pairs of convolutions and global average pooling, without a fully connected layer."""
    from keras import layers

    for filters in (32, 64, 128):
        x = conv(conv(x, filters, dtype), filters, dtype)
        x = layers.Dropout(0.2, dtype=dtype)(layers.MaxPooling2D(dtype=dtype)(x))
    return layers.GlobalAveragePooling2D(dtype=dtype)(conv(x, 256, dtype))


def _residual_blocks(x: Tensor, dtype: str) -> Tensor:
    """Bottleneck stages of one convolution block and two identity blocks, with global average pooling."""
    from keras import layers

    x = layers.GlobalAveragePooling2D(dtype=dtype)(residual_stages(x, dtype))
    return layers.Dropout(0.2, dtype=dtype)(x)


def _mini_xception(x: Tensor, dtype: str) -> Tensor:
    """Mini-Xception of Arriaga, Valdenegro-Toro and Plöger (2017), about 60,000 weights."""
    from keras import layers

    x = relu(norm(layers.Conv2D(8, 3, use_bias=False, dtype=dtype)(x), dtype), dtype)
    x = relu(norm(layers.Conv2D(8, 3, use_bias=False, dtype=dtype)(x), dtype), dtype)
    for filters in (16, 32, 64, 128):
        shortcut = norm(convolve(x, filters, dtype, 1, 2), dtype)
        y = relu(norm(separable(x, filters, dtype), dtype), dtype)
        y = layers.MaxPooling2D(3, 2, "same", dtype=dtype)(norm(separable(y, filters, dtype), dtype))
        x = layers.Add(dtype=dtype)([y, shortcut])
    # The original has a 3 x 3 convolution to the classes before the pooling; here, the softmax layer follows it.
    return layers.GlobalAveragePooling2D(dtype=dtype)(x)


def _vgg_fer(x: Tensor, dtype: str) -> Tensor:
    """VGG-like network of Khaireddin and Chen (2021), with eight convolutions and two wide fully connected layers."""
    from keras import layers

    for filters in (64, 128, 256, 512):
        x = layers.MaxPooling2D(dtype=dtype)(conv(conv(x, filters, dtype), filters, dtype))
    x = layers.Flatten(dtype=dtype)(x)
    for _ in range(2):
        x = layers.Dropout(0.2, dtype=dtype)(layers.Dense(4096, activation="relu", dtype=dtype)(x))
    return x


def _ferbench_net(x: Tensor, dtype: str) -> Tensor:
    """Residual network with an early stride: 38 million multiply-adds, 1.2 million weights."""
    return _residual(conv(conv(x, 16, dtype), 32, dtype, 3, 2), (32, 64, 128, 256), dtype)


def _ferbench_net_l(x: Tensor, dtype: str) -> Tensor:
    """Wider residual network with two blocks at the middle sizes: 106 million multiply-adds, 2.6 million weights."""
    return _residual(conv(conv(x, 16, dtype), 32, dtype, 3, 2), (32, 96, 96, 192, 192, 256), dtype)


def _ferbench_net_xs(x: Tensor, dtype: str) -> Tensor:
    """Narrower residual network: 16 million multiply-adds, less than 300,000 weights."""
    return _residual(conv(conv(x, 16, dtype), 24, dtype, 3, 2), (24, 40, 72, 104), dtype)


def _tiny(x: Tensor, dtype: str) -> Tensor:
    """Two narrow convolutions; the network trains in seconds and is meant for tests."""
    from keras import layers

    x = conv(conv(x, 8, dtype, 3, 2), 16, dtype, 3, 2)
    return layers.GlobalAveragePooling2D(dtype=dtype)(layers.Dropout(0.1, dtype=dtype)(x))


def _residual(x: Tensor, widths: tuple[int, ...], dtype: str) -> Tensor:
    """One basic residual block (He et al., 2016) for each width, with stride 2 if the width changes, and pooling."""
    from keras import layers

    for filters in widths:
        stride = 1 if filters == x.shape[-1] else 2
        y = norm(convolve(conv(x, filters, dtype, 3, stride), filters, dtype), dtype)
        if stride > 1:
            # Average pooling before the projection uses all pixels; a strided projection would drop three of four.
            x = layers.AveragePooling2D(stride, padding="same", dtype=dtype)(x)
            x = norm(convolve(x, filters, dtype, 1), dtype)
        x = relu(layers.Add(dtype=dtype)([x, y]), dtype)
    return layers.Dropout(0.1, dtype=dtype)(layers.GlobalAveragePooling2D(dtype=dtype)(x))


def _backbone(name: str, x: Tensor, dtype: str) -> Tensor:
    """Build a model of keras.applications without its head, on gray images as three equal channels."""
    import keras
    from keras import layers

    build = getattr(keras.applications, name)
    policy = keras.config.dtype_policy()
    gray = layers.Rescaling(255.0, dtype=dtype)(x)
    preprocess = keras.applications.__dict__[build.__module__.rpartition(".")[2]].preprocess_input
    color = preprocess(layers.Concatenate(dtype=dtype)([gray] * 3))
    # The builders of keras.applications read the precision only from the global policy.
    keras.config.set_dtype_policy(dtype)
    try:
        backbone = build(include_top=False, weights=None, input_shape=(*x.shape[1:3], 3), name="backbone")
    finally:
        keras.config.set_dtype_policy(policy)
    # Some builders use batch normalization statistics over thousands of steps (MobileNetV3: a momentum of 0.999), which
    # may be more steps than the training has.
    for layer in backbone.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return layers.Dropout(0.2, dtype=dtype)(layers.GlobalAveragePooling2D(dtype=dtype)(backbone(color)))


ARCHITECTURES: dict[str, Builder] = {
    "cnn-4conv": _four_convolutions,
    "cnn-4conv-thin": _four_thin,
    "cnn-gap": _global_pooling,
    "ferbench-net-l": _ferbench_net_l,
    "ferbench-net-m": _ferbench_net,
    "ferbench-net-xs": _ferbench_net_xs,
    "mini-xception": _mini_xception,
    "resnet-blocks": _residual_blocks,
    "tiny": _tiny,
    "vgg-fer": _vgg_fer,
}
