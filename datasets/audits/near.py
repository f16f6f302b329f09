"""Find near-duplicates: the same image with other brightness, compression or marks, or mirrored."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

CORRELATION = 0.95
MAX_PAIRS = 200_000
_SIDE = 48
_BLOCK = 6
_ROWS = 512
_ROUNDING = 1e-5
# Below this standard deviation, an image has too little content for a correlation.
_MIN_STD = 5.0

METHOD = (
    f"Two different pictures are near-duplicates if the Pearson correlation of their gray levels at "
    f"{_SIDE} x {_SIDE} pixels is at least {CORRELATION}. One of them may be mirrored. Brightness and contrast do not "
    f"affect the correlation. The search is exhaustive: it first compares means over {_BLOCK} x {_BLOCK} blocks, "
    f"whose distance is a lower bound of the distance of the pictures. "
    f"Pictures with a standard deviation below {_MIN_STD:g} gray levels are left out."
)


class NearDuplicates(NamedTuple):
    """Pairs of similar rows (first < second), their correlation, and whether one of them is mirrored.

    `complete` is False if the search stopped at :data:`MAX_PAIRS`.
    """

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    correlation: NDArray[np.float32]
    mirrored: NDArray[np.bool_]
    complete: bool


def find_near_duplicates(images: NDArray[np.uint8], rows: NDArray[np.intp]) -> NearDuplicates:
    """Find the near-duplicates among rows, which must hold distinct images.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
        Gray faces.
    rows : ndarray of shape (n_rows,), int
        The rows to compare, ascending.
    """
    vectors, kept = _normalized(images, rows)
    lower_bound = _block_distance(vectors), _block_distance(vectors[:, :, ::-1])
    pairs: list[tuple[int, int, float, bool]] = []
    complete = True
    starts = range(0, len(vectors), _ROWS)
    for start in tqdm(starts, desc="near-duplicates", unit=" blocks", disable=None, leave=False):
        for mirrored in (False, True):
            left, right = lower_bound[mirrored][0][start : start + _ROWS], lower_bound[False][1][start:]
            # On the flat array this is many times faster than `nonzero` on the matrix.
            i, j = np.divmod(np.flatnonzero(left @ right.T >= CORRELATION - 1 - _ROUNDING), len(right))
            i, j = i[i < j] + start, j[i < j] + start
            complete &= len(i) + len(pairs) <= MAX_PAIRS
            pairs += _verified(vectors, i[:MAX_PAIRS], j[:MAX_PAIRS], mirrored)
        if not complete:
            break
    return _as_columns(pairs, kept, complete)


def _block_distance(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return two factors whose matrix product is minus half the squared distance of block means, for all pairs.

    For images u, v of norm 1 this is an upper bound of -|u - v|²/2, which equals correlation - 1.
    """
    n_blocks = _SIDE // _BLOCK
    means = vectors.reshape(-1, n_blocks, _BLOCK, n_blocks, _BLOCK).mean((2, 4)).reshape(-1, n_blocks**2) * _BLOCK
    half = (means**2).sum(axis=1, keepdims=True) / 2
    one = np.ones_like(half)
    return np.hstack([means, -half, one]), np.hstack([means, one, -half])


def _verified(
    vectors: NDArray[np.float32], i: NDArray[np.intp], j: NDArray[np.intp], mirrored: bool
) -> list[tuple[int, int, float, bool]]:
    """Return the candidate pairs whose images reach the required correlation."""
    found: list[tuple[int, int, float, bool]] = []
    for start in range(0, len(i), _ROWS):
        first, second = i[start : start + _ROWS], j[start : start + _ROWS]
        pictures = vectors[first][:, :, ::-1] if mirrored else vectors[first]
        correlation = np.einsum("nij,nij->n", pictures, vectors[second])
        near = np.flatnonzero(correlation >= CORRELATION)
        found += [(int(first[k]), int(second[k]), min(float(correlation[k]), 1.0), mirrored) for k in near]
    return found


def _as_columns(pairs: list[tuple[int, int, float, bool]], kept: NDArray[np.intp], complete: bool) -> NearDuplicates:
    """Sort by decreasing correlation; a pair found both mirrored and not mirrored counts once."""
    best: dict[tuple[int, int], tuple[float, bool]] = {}
    for first, second, correlation, mirrored in sorted(pairs, key=lambda pair: (-pair[2], pair)):
        best.setdefault((first, second), (correlation, mirrored))
    rows = np.array(list(best), np.intp).reshape(-1, 2)
    return NearDuplicates(
        first=kept[rows[:, 0]],
        second=kept[rows[:, 1]],
        correlation=np.array([correlation for correlation, _ in best.values()], np.float32),
        mirrored=np.array([mirrored for _, mirrored in best.values()], bool),
        complete=complete,
    )


def _normalized(images: NDArray[np.uint8], rows: NDArray[np.intp]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """Return images with mean 0 and norm 1, whose dot products are correlations, and their row numbers."""
    vectors = np.empty((len(rows), _SIDE, _SIDE), np.float32)
    for number, row in enumerate(rows):
        image = images[row]
        vectors[number] = (
            image if image.shape == (_SIDE, _SIDE) else cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
        )
    vectors -= vectors.mean(axis=(1, 2), keepdims=True)
    norms = np.sqrt(np.einsum("nij,nij->n", vectors, vectors))
    rich = norms >= _MIN_STD * _SIDE
    return vectors[rich] / norms[rich, None, None], rows[rich]
