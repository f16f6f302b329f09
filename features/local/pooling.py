"""Pool maps of local features over the cells of a grid."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray


def edges(n_places: int, n_cells: int) -> NDArray[np.intp]:
    """Return the boundaries of `n_cells` cells of nearly equal size: the first place of each, then `n_places`."""
    return np.arange(n_cells + 1) * n_places // n_cells


def mean_pooling(shape: tuple[int, int], grid: int) -> NDArray[np.float32]:
    """Return the matrix that maps (height * width) places to the means of (grid * grid) cells."""
    rows, columns = (_shares(n_places, grid) for n_places in shape)
    return np.einsum("iy,jx->ijyx", rows, columns).reshape(grid * grid, shape[0] * shape[1])


def max_pooling(maps: NDArray[np.float32], grid: int) -> NDArray[np.float32]:
    """Return the largest value of each cell: (height, width, n) to (grid * grid, n)."""
    rows = np.maximum.reduceat(maps, edges(maps.shape[0], grid)[:-1], axis=0)
    cells = np.maximum.reduceat(rows, edges(maps.shape[1], grid)[:-1], axis=1)
    return cells.reshape(grid * grid, -1)


def _shares(n_places: int, n_cells: int) -> NDArray[np.float32]:
    bounds = edges(n_places, n_cells)
    shares = np.zeros((n_cells, n_places), np.float32)
    for i, (start, stop) in enumerate(pairwise(bounds)):
        shares[i, start:stop] = 1 / (stop - start)
    return shares
