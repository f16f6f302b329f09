"""Write kernel machines as nodes of an ONNX graph."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.utils import Graph

Matrix = NDArray[np.float32]
Numbers = NDArray[np.floating]


def write_unit_views(graph: Graph, rows: str, mean: Matrix | None, n_views: int, width: int) -> list[str]:
    """Add the nodes that split rows into views of `width` columns, centered and scaled to unit length."""
    centered = rows if mean is None else graph.add("Sub", rows, mean)
    return [graph.unit(graph.crop(centered, 1, view * width, (view + 1) * width)) for view in range(n_views)]


def write_rbf(graph: Graph, views: Sequence[str], stored: Matrix, rate: float, weights: Matrix) -> str:
    """Add the nodes of an RBF kernel with stored rows, times weights.

    Parameters
    ----------
    graph : Graph
    views : sequence of str
        New rows of unit length, one value of shape (n_samples, n_columns) for each view.
    stored : ndarray of shape (n_stored, n_views * n_columns), float32
        Stored rows, as :class:`KernelRidge` holds them. The kernel is the mean over all pairs of views.
    rate : float
        Factor of the squared distance in the exponential.
    weights : ndarray of shape (n_stored, n_results), float32

    Returns
    -------
    str
        Name of the products, of shape (n_samples, n_results).
    """
    kernels = []
    for part in np.split(stored, len(views), axis=1):
        largest = float(np.abs(part).max())
        lengths = np.einsum("ij,ij->i", part, part)
        for view in views:
            products = graph.add("Mul", graph.project(view, np.ascontiguousarray(part.T), largest), 2 * rate)
            # New rows have a squared length of one.
            kernels.append(graph.add("Exp", graph.add("Sub", products, rate * (1 + lengths))))
    total = kernels[0]
    for kernel in kernels[1:]:
        total = graph.add("Add", total, kernel)
    return graph.add("MatMul", total, weights / np.float32(len(kernels)))


def write_softmax(graph: Graph, scores: str, scale: Numbers, slopes: Numbers, offsets: Numbers) -> str:
    """Add the nodes of a multinomial logistic regression of scaled scores, and return the name of its probabilities."""
    # For two classes, the regression has one row of logits: those of the second class.
    if len(slopes) == 1:
        slopes, offsets = np.concatenate([0 * slopes, slopes]), np.concatenate([0 * offsets, offsets])
    logits = graph.add("MatMul", scores, (slopes / scale).T)
    return graph.add("Softmax", graph.add("Add", logits, offsets), axis=-1)
