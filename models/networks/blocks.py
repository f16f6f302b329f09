"""Building blocks of the networks: convolutions, normalization and residual stages.

Keras is imported inside the functions, so importing this module is fast.
"""

from typing import Any

Tensor = Any

# Momentum of batch normalization: statistics over a few dozen batches, which suits short trainings.
MOMENTUM = 0.9


def residual_stages(x: Tensor, dtype: str) -> Tensor:
    """Two bottleneck stages, each with a convolution block and two identity blocks; pooling is inside the blocks."""
    from keras import layers

    x = layers.MaxPooling2D(3, 2, "same", dtype=dtype)(conv(x, 64, dtype, 7, 2))
    for first, last in ((64, 256), (128, 512)):
        y = relu(norm(layers.MaxPooling2D(dtype=dtype)(convolve(x, first, dtype, 1)), dtype), dtype)
        y = norm(convolve(conv(y, first, dtype), last, dtype, 1), dtype)
        shortcut = norm(layers.MaxPooling2D(dtype=dtype)(convolve(x, last, dtype, 1)), dtype)
        x = relu(layers.Add(dtype=dtype)([y, shortcut]), dtype)
        for _ in range(2):
            y = conv(conv(x, first, dtype, 1), first, dtype)
            x = relu(layers.Add(dtype=dtype)([norm(convolve(y, last, dtype, 1), dtype), x]), dtype)
    return x


def conv(x: Tensor, filters: int, dtype: str, kernel: int = 3, stride: int = 1) -> Tensor:
    """Convolution, batch normalization and ReLU."""
    return relu(norm(convolve(x, filters, dtype, kernel, stride), dtype), dtype)


def convolve(x: Tensor, filters: int, dtype: str, kernel: int = 3, stride: int = 1) -> Tensor:
    """Convolution without bias."""
    from keras import layers

    return layers.Conv2D(filters, kernel, stride, "same", use_bias=False, dtype=dtype)(x)


def separable(x: Tensor, filters: int, dtype: str) -> Tensor:
    """Depthwise separable convolution and batch normalization."""
    from keras import layers

    return layers.SeparableConv2D(filters, 3, padding="same", use_bias=False, dtype=dtype)(x)


def norm(x: Tensor, dtype: str) -> Tensor:
    """Batch normalization."""
    from keras import layers

    return layers.BatchNormalization(momentum=MOMENTUM, dtype=dtype)(x)


def relu(x: Tensor, dtype: str) -> Tensor:
    """Rectified linear unit."""
    from keras import layers

    return layers.ReLU(dtype=dtype)(x)
