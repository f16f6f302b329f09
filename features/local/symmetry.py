"""How features change when their image is mirrored, and principal components that respect it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
HALF = np.float32(np.sqrt(0.5))


@dataclass(frozen=True)
class Symmetry:
    """Features of a mirrored image, given by those of the image: they change places, and some change their sign.

    Attributes
    ----------
    order : ndarray of shape (n_features,), int
        For each feature of the mirrored image, the feature of the image that it equals but for its sign.
    signs : ndarray of shape (n_features,), float32
        That sign, 1 or -1.
    """

    order: NDArray[np.intp]
    signs: Array

    @classmethod
    def of_signs(cls, signs: Array) -> "Symmetry":
        """Return the symmetry of features that only change their sign."""
        return cls(np.arange(len(signs)), signs)

    def mirrored(self, rows: Array) -> Array:
        """Return the features of the mirrored images; features are the last axis of `rows`."""
        return rows[..., self.order] * self.signs

    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return the first and the second feature of each pair that mirroring exchanges."""
        first = np.flatnonzero(self.order > np.arange(len(self.order)))
        return first, self.order[first]

    def halves(self, rows: Array) -> tuple[Array, Array]:
        """Rotate features that change places in pairs to those that mirroring keeps, and those whose sign it changes.

        Each half has half of the columns; both together have the length of the rows.
        """
        first, second = self.pairs()
        one, other = rows[:, first], rows[:, second] * self.signs[first]
        return HALF * (one + other), HALF * (one - other)

    def whole(self, kept: Array, changed: Array) -> Array:
        """Return axes of all features, (n_features, n_kept + n_changed), from axes of the two halves."""
        first, second = self.pairs()
        signs = self.signs[first][:, np.newaxis]
        axes = np.empty((len(self.order), kept.shape[1] + changed.shape[1]), np.float32)
        axes[first] = HALF * np.hstack([kept, changed])
        axes[second] = HALF * signs * np.hstack([kept, -changed])
        return axes


def principal_axes(samples: Array, n_axes: int, symmetry: Symmetry | None = None) -> tuple[Array, Array, Array]:
    """Compute principal components exactly.

    Parameters
    ----------
    samples : ndarray of shape (n_samples, n_features), float32
    n_axes : int
        Number of components.
    symmetry : Symmetry or None
        If given, the components are those of the samples and their mirror images together.

    Returns
    -------
    center : ndarray of shape (n_features,), float32
    axes : ndarray of shape (n_features, n_axes), float32
    signs : ndarray of shape (n_axes,), float32
        With `symmetry`, the sign of each coordinate of a mirrored sample; else ones.
    """
    center = samples.mean(axis=0)
    if symmetry is None:
        _, axes = eigenvectors(samples - center)
        return center, np.ascontiguousarray(axes[:, :n_axes]), np.ones(n_axes, np.float32)
    center = (center + symmetry.mirrored(center)) / 2
    halves = [eigenvectors(half) for half in symmetry.halves(samples - center)]
    axes = symmetry.whole(halves[0][1], halves[1][1])
    signs = np.repeat(np.array([1, -1], np.float32), len(center) // 2)
    best = np.argsort(-np.concatenate([halves[0][0], halves[1][0]]), kind="stable")[:n_axes]
    return center, np.ascontiguousarray(axes[:, best]), signs[best]


def eigenvectors(rows: Array) -> tuple[NDArray[np.float64], Array]:
    """Return the eigenvalues of the second moments of rows, largest first, and the eigenvectors as columns."""
    # Not np.cov: it would copy all samples as float64.
    values, vectors = np.linalg.eigh((rows.T @ rows).astype(np.float64))
    return values[::-1], vectors[:, ::-1].astype(np.float32)


def code_symmetry(grids: Sequence[int], n_words: int, kinds: list[bool], features: Symmetry | None) -> Symmetry:
    """Return the symmetry of codes of words in pairs, over the cells of the grids of a pyramid.

    Parameters
    ----------
    grids : sequence of int
        Cells across and down of each grid.
    n_words : int
        Size of the vocabulary.
    kinds : list of bool
        One entry for each number, or group of numbers, that a cell holds of each word: whether its sign changes with
        that of the features.
    features : Symmetry or None
        Symmetry of the local features, if the code has one number for each of them, else None.
    """
    cells, start = [], 0
    for grid in grids:
        numbers = start + np.arange(grid * grid).reshape(grid, grid)
        cells.append(numbers[:, ::-1].ravel())
        start += grid * grid
    words = np.roll(np.arange(n_words), n_words // 2)
    dimensions = np.arange(1) if features is None else features.order
    shape = (start, len(kinds), n_words, len(dimensions))
    places = np.ix_(np.concatenate(cells), np.arange(len(kinds)), words, dimensions)
    order = np.arange(np.prod(shape)).reshape(shape)[places].ravel()
    signs = np.ones(shape, np.float32)
    if features is not None:
        signs[:, np.flatnonzero(kinds)] *= features.signs
    return Symmetry(order, signs.ravel())
