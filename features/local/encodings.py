"""Encode local features over the cells of a spatial pyramid."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

from ferbench.features.local.pooling import edges
from ferbench.utils import Graph

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Pyramid:
    """Assignment of local features to the cells of a spatial pyramid.

    Attributes
    ----------
    names : list of str
        Name of each cell.
    members : list of ndarray
        Indices of the local features in each cell.
    shares : ndarray of shape (n_cells, n_places)
        Matrix that maps one value for each local feature to the mean of each cell.
    """

    names: list[str]
    members: list[NDArray[np.intp]]
    shares: Array


def make_pyramid(shapes: list[tuple[int, int]], grids: list[int], *, symmetric: bool = False) -> Pyramid:
    """Make the cells of each grid over the concatenated maps of local features, one map for each window size.

    Where the width of a map cannot be divided, some cells are one place wider than others. With `symmetric`, neighbors
    overlap there instead, so that a grid is its own mirror image.
    """
    names, members = [], []
    starts = np.cumsum([0, *(rows * columns for rows, columns in shapes)])
    for grid in grids:
        for row, column in np.ndindex(grid, grid):
            names.append(f"grid{grid}_cell{row}_{column}")
            members.append(
                np.concatenate(
                    [
                        start + _inside(shape, grid, row, column, symmetric)
                        for start, shape in zip(starts, shapes, strict=False)
                    ]
                )
            )
    shares = np.zeros((len(members), starts[-1]), np.float32)
    for cell, places in enumerate(members):
        shares[cell, places] = 1 / len(places)
    return Pyramid(names, members, shares)


def _inside(shape: tuple[int, int], grid: int, row: int, column: int, symmetric: bool) -> NDArray[np.intp]:
    rows, columns = edges(shape[0], grid), edges(shape[1], grid)
    numbers = np.arange(shape[0] * shape[1]).reshape(shape)
    stop = shape[1] - columns[grid - 1 - column] if symmetric else columns[column + 1]
    return numbers[rows[row] : rows[row + 1], columns[column] : stop].ravel()


def squared_distances(features: Array, words: Array) -> Array:
    """Return the squared distance between each local feature and each word."""
    distances = features @ (-2 * words.T)
    distances += np.einsum("ij,ij->i", features, features)[:, np.newaxis]
    distances += np.einsum("ij,ij->i", words, words)
    return np.maximum(distances, 0, out=distances)


def soft_assignment(distances: Array, width: float) -> Array:
    """Return the weight of each word for each local feature: exp(-distance² / width), normalized to a sum of one.

    A width of 0 assigns each local feature to its nearest word only.
    """
    if width == 0:
        hard = np.zeros_like(distances)
        hard[np.arange(len(distances)), distances.argmin(axis=1)] = 1
        return hard
    shares = distances.min(axis=1, keepdims=True) - distances
    shares /= np.float32(width)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def presence(distances: Array, pyramid: Pyramid) -> Array:
    """Return 1 for each word that is nearest to a local feature of the cell, else 0: (n_cells, n_words)."""
    nearest = distances.argmin(axis=1)
    present = np.zeros((len(pyramid.members), distances.shape[1]), np.float32)
    for cell, places in enumerate(pyramid.members):
        present[cell, nearest[places]] = 1
    return present


def vlad(features: Array, shares: Array, words: Array, pyramid: Pyramid) -> Array:
    """Return the mean difference between local features and their words: (n_cells, n_words * n_dimensions)."""
    codes = np.empty((len(pyramid.members), *words.shape), np.float32)
    for cell, places in enumerate(pyramid.members):
        part = shares[places]
        sums = part.T @ features[places] - part.sum(axis=0)[:, np.newaxis] * words
        codes[cell] = sums / np.float32(len(places))
    return codes.reshape(len(codes), -1)


def word_code(encoding: str, features: Array, words: Array, width: float, pyramid: Pyramid) -> Array:
    """Return the codes of all cells for an encoding by single words: ``bag``, ``presence`` or ``vlad``."""
    distances = squared_distances(features, words)
    if encoding == "presence":
        return presence(distances, pyramid)
    shares = soft_assignment(distances, width)
    if encoding == "vlad":
        return vlad(features, shares, words, pyramid)
    return np.asarray(pyramid.shares @ shares, np.float32)


@dataclass(frozen=True)
class Mixture:
    """Gaussian mixture with diagonal covariances: weights (n,), means and variances (n, n_dimensions)."""

    weights: Array
    means: Array
    variances: Array

    def terms(self) -> tuple[Array, Array, Array]:
        """Return the factors of a feature and of its squares, (n_dimensions, n) each, and constants: the logits."""
        precisions = 1 / self.variances
        constants = np.log(self.weights) + 0.5 * np.log(precisions).sum(axis=1)
        constants -= 0.5 * (self.means**2 * precisions).sum(axis=1)
        slopes, curvatures = (self.means * precisions).T, -0.5 * precisions.T
        return np.asarray(slopes, np.float32), np.asarray(curvatures, np.float32), np.asarray(constants, np.float32)

    def posteriors(self, features: Array) -> Array:
        """Return the posterior probability of each Gaussian for each local feature."""
        slopes, curvatures, constants = self.terms()
        logits = features @ slopes + features**2 @ curvatures + constants
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        return logits

    def fisher(self, features: Array, pyramid: Pyramid) -> Array:
        """Return the normalized gradients by means and deviations: (n_cells, 2 * n * n_dimensions)."""
        posteriors, squares = self.posteriors(features), features**2
        deviations, weights = np.sqrt(self.variances), self.weights[:, np.newaxis]
        codes = np.empty((len(pyramid.members), 2, *self.means.shape), np.float32)
        for cell, places in enumerate(pyramid.members):
            part = posteriors[places] / np.float32(len(places))
            count = part.sum(axis=0)[:, np.newaxis]
            first, second = part.T @ features[places], part.T @ squares[places]
            spread = second - 2 * self.means * first + count * (self.means**2 - self.variances)
            codes[cell, 0] = (first - count * self.means) / (deviations * np.sqrt(weights))
            codes[cell, 1] = spread / (self.variances * np.sqrt(2 * weights))
        return codes.reshape(len(codes), -1)


def learn_mixture(
    samples: Array,
    words: Array,
    seed: int,
    weights: NDArray[np.float64] | None = None,
    variances: Array | None = None,
) -> Mixture:
    """Fit a Gaussian mixture that starts from `words`, by at most 20 steps of expectation maximization.

    Weights (n,) and variances (n, n_dimensions) to start from are optional; by default, k-means makes them.
    """
    # Without a lower bound, one Gaussian would collapse on the descriptors of flat regions, which are all alike.
    floor = 0.01 * float(samples.var(axis=0).mean()) + 1e-6
    mixture = GaussianMixture(
        len(words),
        covariance_type="diag",
        weights_init=weights,
        means_init=words,
        precisions_init=None if variances is None else 1 / (variances + floor),
        reg_covar=floor,
        max_iter=20,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        mixture.fit(samples)
    fitted = (mixture.weights_, mixture.means_, mixture.covariances_)
    return Mixture(*(np.asarray(values, np.float32) for values in fitted))


def write_fisher(graph: Graph, features: str, mixture: Mixture, pyramid: Pyramid) -> str:
    """Add the nodes of `Mixture.fisher` to a graph; return their name: (n_samples, n_cells, 2 * n * n_dimensions)."""
    slopes, curvatures, constants = mixture.terms()
    (n_words, width), n_cells = mixture.means.shape, len(pyramid.members)
    # The cells of all grids are sums over atoms: places that are in the same cells.
    atoms, numbers = np.unique(pyramid.shares, axis=1, return_inverse=True)
    order, sizes = np.argsort(numbers, kind="stable"), np.bincount(numbers)
    ordered = graph.add("Gather", features, graph.constant(order, np.int64), axis=1)
    both = graph.add("Concat", ordered, graph.add("Mul", ordered, ordered), axis=2)
    logits = graph.add("Add", graph.add("MatMul", both, np.concatenate([slopes, curvatures])), constants)
    posteriors = graph.add("Transpose", graph.add("Softmax", logits, axis=-1), perm=[0, 2, 1])
    counts = graph.add("Transpose", graph.add("MatMul", posteriors, pyramid.shares[:, order].T), perm=[0, 2, 1])
    counts = graph.reshape(counts, 0, n_cells, n_words, 1)
    parts = zip(graph.split(posteriors, 2, sizes), graph.split(both, 1, sizes), strict=True)
    sums = graph.add("Concat", *(graph.add("MatMul", *part) for part in parts), axis=1)
    sums = graph.add("MatMul", atoms, graph.reshape(sums, 0, len(sizes), 2 * n_words * width))
    sums = graph.reshape(sums, 0, n_cells, n_words, 2 * width)
    first, second = graph.crop(sums, 3, 0, width), graph.crop(sums, 3, width, 2 * width)
    deviations, weights = np.sqrt(mixture.variances), mixture.weights[:, np.newaxis]
    mean = graph.add("Sub", first, graph.add("Mul", counts, mixture.means))
    mean = graph.add("Mul", mean, 1 / (deviations * np.sqrt(weights)))
    spread = graph.add("Sub", second, graph.add("Mul", first, 2 * mixture.means))
    spread = graph.add("Add", spread, graph.add("Mul", counts, mixture.means**2 - mixture.variances))
    spread = graph.add("Mul", spread, 1 / (mixture.variances * np.sqrt(2 * weights)))
    joined = graph.add("Concat", mean, spread, axis=2)
    return graph.reshape(joined, 0, n_cells, 2 * n_words * width)
