"""Find the nearest training rows of queries by matrix products."""

import numpy as np
from numpy.typing import NDArray

from ferbench.models.classifiers.kernels import Matrix

# Queries in one matrix product: the distances of 512 queries to 28,709 rows take 59 MB in float32.
QUERIES = 512


def nearest(
    queries: Matrix, rows: Matrix, norms: Matrix, count: int, *, own: NDArray[np.intp] | None = None
) -> tuple[NDArray[np.intp], Matrix]:
    """Find the nearest rows of each query.

    Parameters
    ----------
    queries : ndarray of shape (n_queries, n_features), float32
    rows, norms : ndarray of shape (n_rows, n_features) and (n_rows,), float32
        Rows and their squared lengths.
    count : int
        Number of neighbors to find, limited by the number of rows.
    own : ndarray of shape (n_queries,), optional
        Index of each query among the rows; this row is excluded from its neighbors.

    Returns
    -------
    ndarray of shape (n_queries, count) and the same shape, float32
        Indices in `rows` and squared distances, nearest first.
    """
    count = min(count, len(rows) - (own is not None))
    places = np.empty((len(queries), count), np.intp)
    found = np.empty((len(queries), count), np.float32)
    for start in range(0, len(queries), QUERIES):
        part = slice(start, start + QUERIES)
        distances = queries[part] @ rows.T
        distances *= -2
        distances += norms
        distances += np.square(queries[part]).sum(axis=1, keepdims=True)
        each = np.arange(len(distances))[:, None]
        if own is not None:
            distances[each[:, 0], own[part]] = np.inf
        chosen = np.argpartition(distances, count - 1, axis=1)[:, :count]
        chosen = chosen[each, np.argsort(distances[each, chosen], axis=1, kind="stable")]
        places[part], found[part] = chosen, np.maximum(distances[each, chosen], 0)
    return places, found
