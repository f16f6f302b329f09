"""Compute SIFT descriptors on a dense grid by two matrix products for each image, in NumPy or in an ONNX graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.features.local import Symmetry
from ferbench.utils import Graph, Images

BINS, DIRECTIONS = 4, 8
DIMENSIONS = BINS * BINS * DIRECTIONS
# Lowe (2004) clips the values of a descriptor at 0.2 to reduce the effect of lighting from one side.
CLIP = np.float32(0.2)
# Shorter descriptors (in gray levels times pixels) are not scaled to unit length, which would amplify noise.
FLAT = np.float32(10.0)
# In a graph, added to the vertical gradient so that the direction of a flat or horizontal gradient is defined.
TINY = 1e-6

Descriptors = NDArray[np.float32]


@dataclass(frozen=True)
class Windows:
    """The descriptor windows of one size, as weights of the pixel rows and columns in their bins.

    Attributes
    ----------
    shape : tuple of (int, int)
        Number of rows and columns of windows.
    rows : ndarray of shape (4 * shape[0], height)
        Weight of each pixel row in the four bins, top to bottom, of each row of windows.
    columns : ndarray of shape (width, 4 * shape[1])
        Weight of each pixel column in the four bins, left to right, of each column of windows.
    """

    shape: tuple[int, int]
    rows: NDArray[np.float32]
    columns: NDArray[np.float32]


def descriptor_symmetry() -> Symmetry:
    """Return how a descriptor changes when its window is mirrored: bins and directions change places."""
    numbers = np.arange(DIMENSIONS).reshape(DIRECTIONS, BINS, BINS)
    directions = (DIRECTIONS // 2 - np.arange(DIRECTIONS)) % DIRECTIONS
    return Symmetry(numbers[directions][:, :, ::-1].ravel(), np.ones(DIMENSIONS, np.float32))


def place_windows(
    image_shape: tuple[int, int], bin_sizes: Sequence[int], stride: int, finest: int, *, symmetric: bool
) -> list[Windows]:
    """Place the windows of each size.

    Parameters
    ----------
    image_shape : tuple of (int, int)
        Height and width of the images, in pixels.
    bin_sizes : sequence of int
        Width and height of a bin of each size, in pixels.
    stride : int
        Distance between neighboring windows, in pixels.
    finest : int
        Cells across the finest grid of the pyramid; each needs a window.
    symmetric : bool
        Whether the windows must lie exactly in the middle of the image.

    Raises
    ------
    ValueError
        If the images are too small, or the windows do not lie in the middle.
    """
    made = []
    height, width = image_shape
    for bin_size in bin_sizes:
        window = f"windows of {BINS} bins of {bin_size} pixels at a stride of {stride}"
        smallest = BINS * bin_size + (finest - 1) * stride
        if min(image_shape) < smallest:
            raise ValueError(
                f"SIFTExtractor: a grid of {finest} cells over {window} needs images of at least {smallest} x "
                f"{smallest} pixels; got {height} x {width}; choose smaller bin_sizes or a smaller pyramid"
            )
        if symmetric and (width - BINS * bin_size) % stride % 2:
            raise ValueError(
                f"SIFTExtractor: with symmetric, {window} must lie in the middle of {width} pixels, and they leave an "
                "odd rest; choose another stride or other bin_sizes"
            )
        made.append(make_windows(image_shape, bin_size, stride))
    return made


def make_windows(image_shape: tuple[int, int], bin_size: int, stride: int) -> Windows:
    """Place windows of 4 x 4 bins, `stride` pixels apart, centered in the image; none if it is too small."""
    n_rows, n_columns = (max(0, (side - BINS * bin_size) // stride + 1) for side in image_shape)
    rows = _weights(image_shape[0], n_rows, bin_size, stride)
    columns = _weights(image_shape[1], n_columns, bin_size, stride)
    return Windows((n_rows, n_columns), rows, np.ascontiguousarray(columns.T))


def _weights(side: int, n_windows: int, bin_size: int, stride: int) -> NDArray[np.float32]:
    """Return the weights of pixels in bins: linear interpolation times a Gaussian of half the window's width."""
    window = BINS * bin_size
    first = (side - (n_windows - 1) * stride - window) // 2
    middles = first + stride * np.arange(n_windows) + (window - 1) / 2
    offsets = (np.arange(BINS) - (BINS - 1) / 2) * bin_size
    pixels = np.arange(side)
    bins = np.maximum(0, 1 - np.abs(pixels - middles[:, np.newaxis] - offsets[:, np.newaxis, np.newaxis]) / bin_size)
    gaussian = np.exp(-((pixels - middles[:, np.newaxis]) ** 2) / (2 * (window / 2) ** 2))
    return (bins * gaussian).reshape(BINS * n_windows, side).astype(np.float32)


def direction_maps(image: Images) -> NDArray[np.float32]:
    """Return the gradient magnitude, split between the two nearest of eight directions: (8, height, width)."""
    height, width = image.shape
    gray = np.pad(image.astype(np.float32), 1, mode="edge")
    across, down = gray[1:-1, 2:] - gray[1:-1, :-2], gray[2:, 1:-1] - gray[:-2, 1:-1]
    magnitude = np.sqrt(across * across + down * down).ravel()
    angle = np.arctan2(down, across).ravel() * np.float32(DIRECTIONS / (2 * np.pi))
    floor = np.floor(angle)
    upper_share, lower = angle - floor, floor.astype(np.intp)
    maps = np.zeros((DIRECTIONS, height * width), np.float32)
    pixels = np.arange(height * width)
    maps[lower % DIRECTIONS, pixels] = magnitude * (1 - upper_share)
    maps[(lower + 1) % DIRECTIONS, pixels] = magnitude * upper_share
    return maps.reshape(DIRECTIONS, height, width)


def describe(maps: NDArray[np.float32], windows: Windows, *, root: bool) -> Descriptors:
    """Compute the descriptors of one image.

    Parameters
    ----------
    maps : ndarray of shape (8, height, width), float32
        Result of `direction_maps`.
    windows : Windows
        Windows of the descriptors.
    root : bool
        Whether to divide each descriptor by its sum and take the square root (RootSIFT).

    Returns
    -------
    ndarray of shape (n_windows, 128), float32
        Descriptors ordered by row of windows, then column. Each has unit length, or less if the image is flat. Its
        values are ordered by direction, row of bins, column of bins.
    """
    (n_rows, n_columns), height = windows.shape, maps.shape[1]
    across = (maps.reshape(DIRECTIONS * height, -1) @ windows.columns).reshape(DIRECTIONS, height, -1)
    pooled = np.matmul(windows.rows, across).reshape(DIRECTIONS, BINS, n_rows, BINS, n_columns)
    descriptors = pooled.transpose(2, 4, 0, 1, 3).reshape(n_rows * n_columns, DIMENSIONS)
    descriptors /= np.maximum(_lengths(descriptors), FLAT)
    np.minimum(descriptors, CLIP, out=descriptors)
    descriptors /= np.maximum(_lengths(descriptors), CLIP)
    if root:
        # A descriptor of unit length has a sum of at least one, so the maximum keeps shorter ones short.
        descriptors /= np.maximum(descriptors.sum(axis=1, keepdims=True), 1)
        np.sqrt(descriptors, out=descriptors)
    return descriptors


def _lengths(rows: Descriptors) -> NDArray[np.float32]:
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, np.newaxis]


def write_descriptors(graph: Graph, images: str, windows: list[Windows], *, root: bool) -> str:
    """Add the nodes of `describe` for windows of several sizes; return their name: (n_samples, n_windows, 128)."""
    maps = _write_direction_maps(graph, images)
    sizes = [_write_window(graph, maps, each, root=root) for each in windows]
    return sizes[0] if len(sizes) == 1 else graph.add("Concat", *sizes, axis=1)


def _write_direction_maps(graph: Graph, images: str) -> str:
    """Add the nodes of `direction_maps`: (n_samples, 8, height, width)."""
    height, width = graph.image_shape
    padded = graph.add("Pad", images, graph.constant([0, 1, 1, 0, 1, 1], np.int64), mode="edge")
    rows, columns = graph.crop(padded, 1, 1, height + 1), graph.crop(padded, 2, 1, width + 1)
    across = graph.add("Sub", graph.crop(rows, 2, 2, width + 2), graph.crop(rows, 2, 0, width))
    down = graph.add("Sub", graph.crop(columns, 1, 2, height + 2), graph.crop(columns, 1, 0, height))
    squares = graph.add("Add", graph.add("Mul", across, across), graph.add("Mul", down, down))
    magnitude = graph.add("Sqrt", squares)
    # The angle of (x, y) is twice that of (length + x, y). The sum is zero only to the left, where y decides.
    beside = graph.add("Max", graph.add("Add", magnitude, across), TINY**2)
    half = graph.add("Atan", graph.add("Div", graph.add("Add", down, TINY), beside))
    angle = graph.add("Mul", half, DIRECTIONS / np.pi)
    directions = np.arange(DIRECTIONS, dtype=np.float32).reshape(1, DIRECTIONS, 1, 1)
    axis = graph.constant([1], np.int64)
    distance = graph.add("Sub", graph.add("Unsqueeze", angle, axis), directions)
    shares = [_share(graph, distance), _share(graph, graph.add("Add", distance, float(DIRECTIONS)))]
    return graph.add("Mul", graph.add("Add", *shares), graph.add("Unsqueeze", magnitude, axis))


def _share(graph: Graph, distance: str) -> str:
    """Share of a direction in the gradient, which falls from one to zero over the distance of two directions."""
    return graph.add("Relu", graph.add("Sub", 1.0, graph.add("Abs", distance)))


def _write_window(graph: Graph, maps: str, windows: Windows, *, root: bool) -> str:
    (n_rows, n_columns), (height, width) = windows.shape, graph.image_shape
    # The bins of a window lie side by side here, so that the transposition moves blocks of numbers.
    rows = windows.rows.reshape(BINS, n_rows, height).transpose(1, 0, 2).reshape(-1, height)
    columns = windows.columns.reshape(width, BINS, n_columns).transpose(0, 2, 1).reshape(width, -1)
    pooled = graph.add("MatMul", rows, graph.add("MatMul", maps, columns))
    pooled = graph.reshape(pooled, 0, DIRECTIONS, n_rows, BINS, n_columns, BINS)
    pooled = graph.add("Transpose", pooled, perm=[0, 2, 4, 1, 3, 5])
    descriptors = graph.unit(graph.reshape(pooled, 0, n_rows * n_columns, DIMENSIONS), float(FLAT))
    descriptors = graph.unit(graph.add("Min", descriptors, float(CLIP)), float(CLIP))
    if not root:
        return descriptors
    total = graph.add("Max", graph.sum(descriptors, 2), 1.0)
    return graph.add("Sqrt", graph.add("Div", descriptors, total))
