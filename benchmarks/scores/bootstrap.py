"""Resamples of the test images as weights, and the metrics that need a ranking, for all resamples at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

# Cells of one block of weights: small enough to stay in cache and to bound memory at any number of images.
_BLOCK_CELLS = 1_000_000


def bootstrap_weights(n_images: int, n_bootstrap: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """Multinomial weights of the images, resample by resample, in blocks.

    How often each image is drawn when ``n_images`` are drawn with replacement. The blocks depend on the
    arguments alone: recognizers scored with one seed meet the same resamples, and their figures are paired.

    Yields
    ------
    ndarray of shape (n_images, n_resamples), float32
        Whole numbers; each column sums to ``n_images``. The blocks together have ``n_bootstrap`` columns.
    """
    random = np.random.default_rng(seed)
    width = max(1, _BLOCK_CELLS // n_images)
    for first in range(0, n_bootstrap, width):
        size = min(width, n_bootstrap - first)
        drawn = random.integers(0, n_images, size=(n_images, size))
        cells = (drawn * size + np.arange(size)).ravel()
        yield np.bincount(cells, minlength=n_images * size).reshape(n_images, size).astype(np.float32)


def percentile_interval(resampled: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Lower and upper bound of the percentile interval over axis 0.

    Resamples without a value (no image of a class was drawn) are left out; bounds of nothing are NaN.
    """
    tails = [100 * (1 - level) / 2, 100 * (1 + level) / 2]
    # NumPy warns about a column without any value, so that one is answered by hand.
    empty = np.isnan(resampled).all(axis=0)
    low, high = np.nanpercentile(np.where(empty, 0.0, resampled), tails, axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def masked_mean(values: Floats, mask: NDArray[np.bool_]) -> Floats:
    """Mean over the last axis where ``mask`` holds; NaN where it holds nowhere."""
    count = mask.sum(axis=-1)
    total = np.where(mask, values, 0.0).sum(axis=-1)
    return ratio(total, count, empty=np.nan)


def ratio(above: Floats, below: NDArray, *, empty: float) -> Floats:
    """``above / below`` in float64, and ``empty`` where ``below`` is zero."""
    above, below = np.broadcast_arrays(np.asarray(above, np.float64), np.asarray(below, np.float64))
    return np.divide(above, below, out=np.full(above.shape, empty), where=below != 0)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The images ranked by the probability of one class: all that ROC AUC and average precision need.

    For each positive image: where its group of equal scores begins and ends among all images (``begin``,
    ``end``) and among the positives (``first``, ``last``), in rising order of the score.
    """

    order: NDArray[np.intp]
    positives: NDArray[np.intp]
    begin: NDArray[np.intp]
    end: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]

    @classmethod
    def of(cls, scores: Floats, is_positive: NDArray[np.bool_]) -> "Ranking":
        """Rank the images by ``scores`` (n_images,)."""
        order = np.argsort(scores, kind="stable")
        ranked, positives = scores[order], order[is_positive[order]]
        own = scores[positives]
        return cls(
            order=order,
            positives=positives,
            begin=np.searchsorted(ranked, own, side="left"),
            end=np.searchsorted(ranked, own, side="right"),
            first=np.searchsorted(own, own, side="left"),
            last=np.searchsorted(own, own, side="right"),
        )

    def measure(self, weights: NDArray[np.float32]) -> tuple[Floats, Floats]:
        """ROC AUC and average precision under each column of ``weights`` (n_images, n_resamples).

        AUC is the weighted share of (positive, negative) pairs in the right order, ties counting half.
        Average precision is scikit-learn's: the precision at each threshold, weighted by the recall gained
        there. NaN where a class has no positive or no negative image.
        """
        everyone, positive = _cumulative(weights[self.order]), _cumulative(weights[self.positives])
        own = weights[self.positives]
        n_all, n_positive = everyone[-1], positive[-1]
        positive_before = positive[self.first]
        everyone_before = everyone[self.begin]
        negative_before = everyone_before - positive_before
        negative_within = everyone[self.end] - positive[self.last]
        pairs = (own * (negative_before + negative_within)).sum(axis=0, dtype=np.float64) / 2
        # The denominator counts the image itself, so it is at least 1 wherever `own` is not 0.
        precision = (n_positive - positive_before) / np.maximum(n_all - everyone_before, 1)
        gained = (own * precision).sum(axis=0, dtype=np.float64)
        n_pairs = n_positive.astype(np.float64) * (n_all - n_positive)
        return ratio(pairs, n_pairs, empty=np.nan), ratio(gained, n_positive, empty=np.nan)


def _cumulative(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Running sums over the rows after a row of zeros; exact in float32 up to 16.7 million images."""
    sums = np.zeros((len(weights) + 1, weights.shape[1]), np.float32)
    np.cumsum(weights, axis=0, out=sums[1:])
    return sums
