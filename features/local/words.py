"""Learn the words of local features, and a Gaussian mixture around them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.features.local.encodings import Mixture, learn_mixture, squared_distances
from ferbench.features.local.kmeans import learn_words
from ferbench.features.local.symmetry import Symmetry, eigenvectors

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Vocabulary:
    """Words of local features.

    Attributes
    ----------
    words : ndarray of shape (n_words, n_dimensions), float32
        Centers of clusters; with a mixture, its means.
    spread : float
        Mean squared distance of the samples to the nearest center of a cluster.
    mixture : Mixture or None
        Gaussian mixture that starts from the clusters.
    """

    words: Array
    spread: float
    mixture: Mixture | None


def learn_vocabulary(
    owner: str, samples: Array, n_words: int, seed: int, symmetry: Symmetry | None, *, mixture: bool
) -> Vocabulary:
    """Learn words from samples.

    Parameters
    ----------
    owner : str
        Name of the calling extractor, for error messages.
    samples : ndarray of shape (n_samples, n_dimensions), float32
        Local features of training images.
    n_words : int
    seed : int
        Seed of the random numbers.
    symmetry : Symmetry or None
        If given, the second half of the words are the mirror images of the first half.
    mixture : bool
        Whether to fit a Gaussian mixture as well.

    Raises
    ------
    ValueError
        If there are fewer samples than words, or an odd number of words is to form pairs.
    """
    if symmetry is None:
        words = learn_words(owner, samples, n_words, seed)
    elif n_words % 2:
        raise ValueError(f"{owner}: symmetric needs an even number of words; got words={n_words}")
    else:
        words = _paired_words(owner, samples, n_words, seed, symmetry)
    parts = np.array_split(samples, 100)
    nearest = np.concatenate([squared_distances(part, words).min(axis=1) for part in parts])
    fitted = None
    if mixture and symmetry is None:
        fitted = learn_mixture(samples, words, seed)
    elif mixture and symmetry is not None:
        fitted = _paired_mixture(samples, words, seed, symmetry)
    return Vocabulary(words if fitted is None else fitted.means, float(nearest.mean()), fitted)


def _paired_words(owner: str, samples: Array, n_words: int, seed: int, symmetry: Symmetry) -> Array:
    """Learn words in pairs: the second half of the words are the mirror images of the first half.

    Each sample is mirrored, where necessary, to the side of the first half of the words, so that few words are their
    own mirror image.
    """
    mirrored = symmetry.mirrored(samples)
    difference = samples - mirrored
    _, axes = eigenvectors(difference)
    other = difference @ axes[:, 0] < 0
    sided = np.where(other[:, np.newaxis], mirrored, samples)
    words = learn_words(owner, sided, n_words // 2, seed)
    return np.concatenate([words, symmetry.mirrored(words)])


def _paired_mixture(samples: Array, words: Array, seed: int, symmetry: Symmetry) -> Mixture:
    """Fit a Gaussian mixture to samples and their mirror images, starting from words in pairs; it is in pairs, too."""
    both = np.concatenate([samples, symmetry.mirrored(samples)])
    nearest = np.concatenate([squared_distances(part, words).argmin(axis=1) for part in np.array_split(both, 100)])
    counts = np.maximum(np.bincount(nearest, minlength=len(words)), 1)
    spread = np.stack(
        [both[nearest == i].var(axis=0) if counts[i] > 1 else both.var(axis=0) for i in range(len(words))]
    )
    fitted = learn_mixture(both, words, seed, weights=counts / counts.sum(), variances=spread)
    half = len(words) // 2
    plain = Symmetry(symmetry.order, np.ones_like(symmetry.signs))
    weights = (fitted.weights[:half] + fitted.weights[half:]) / 2
    means: Array = (fitted.means[:half] + symmetry.mirrored(fitted.means[half:])) / np.float32(2)
    variances: Array = (fitted.variances[:half] + plain.mirrored(fitted.variances[half:])) / np.float32(2)
    return Mixture(
        np.tile(weights, 2),
        np.concatenate([means, symmetry.mirrored(means)]),
        np.concatenate([variances, plain.mirrored(variances)]),
    )
