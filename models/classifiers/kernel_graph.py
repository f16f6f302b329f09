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
    n_views, parts = len(views), np.split(stored, len(views), axis=1)
    if n_views == 2 and _differ_by_signs(*parts):
        # The views of a new row differ by the same signs, so the pairs with the second part repeat the others.
        parts = parts[:1]
    rows = graph.add("Concat", *views, axis=0) if n_views > 1 else views[0]
    kernels = []
    for part in parts:
        lengths = np.einsum("ij,ij->i", part, part)
        products = graph.project(rows, np.ascontiguousarray(part.T), float(np.abs(part).max()))
        # New rows have a squared length of one.
        kernels.append(graph.add("Exp", graph.add("Sub", graph.add("Mul", products, 2 * rate), rate * (1 + lengths))))
    total = kernels[0]
    for kernel in kernels[1:]:
        total = graph.add("Add", total, kernel)
    scores = graph.add("MatMul", total, weights / np.float32(len(parts) * n_views))
    if n_views == 1:
        return scores
    scores = graph.sum(graph.reshape(scores, n_views, -1, weights.shape[1]), 0)
    return graph.reshape(scores, -1, weights.shape[1])


def _differ_by_signs(rows: Matrix, others: Matrix) -> bool:
    """Return whether two arrays are equal but for the sign of whole columns."""
    signs = np.where(np.einsum("ij,ij->j", rows, others) < 0, np.float32(-1), np.float32(1))
    return np.array_equal(rows * signs, others)


def write_softmax(graph: Graph, scores: str, scale: Numbers, slopes: Numbers, offsets: Numbers) -> str:
    """Add the nodes of a multinomial logistic regression of scaled scores, and return the name of its probabilities."""
    # For two classes, the regression has one row of logits: those of the second class.
    if len(slopes) == 1:
        slopes, offsets = np.concatenate([0 * slopes, slopes]), np.concatenate([0 * offsets, offsets])
    logits = graph.add("MatMul", scores, (slopes / scale).T)
    return graph.add("Softmax", graph.add("Add", logits, offsets), axis=-1)
