"""Accuracy in each group of the images, and the largest difference between two groups, with intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.scores.bootstrap import Floats, bootstrap_weights, percentile_interval, ratio
from ferbench.benchmarks.scores.statistics import wilson_interval

#: Groups with fewer images, or of a single person, get no part in the largest difference.
LEAST_IMAGES, LEAST_PEOPLE = 10, 2
_LEVEL = 0.95


@dataclass(frozen=True)
class Gap:
    """The largest difference in accuracy between two groups.

    Attributes
    ----------
    highest, lowest : str
        The two groups.
    value : float
        Accuracy in the first less that in the second.
    low, high : float
        Bounds that hold for all pairs of groups at once with 95 %, since the pair was chosen for its difference; NaN
        where the resamples do not vary.
    n_groups : int
        Groups that were compared.
    """

    highest: str
    lowest: str
    value: float
    low: float
    high: float
    n_groups: int


@dataclass(frozen=True, eq=False)
class GroupScores:
    """Accuracy of one recognizer in each group.

    Attributes
    ----------
    groups : tuple of str
        Names by alphabet.
    n_images : ndarray of shape (n_groups,), int
    n_people : ndarray of shape (n_groups,), int, or None
        None where nobody is known.
    accuracy, low, high : ndarray of shape (n_groups,)
        Accuracy with its 95 % interval; bounds are NaN in a group of a single person.
    gap : Gap or None
        The largest difference; None with fewer than two groups that can be compared.
    """

    groups: tuple[str, ...]
    n_images: NDArray[np.intp]
    n_people: NDArray[np.intp] | None
    accuracy: Floats
    low: Floats
    high: Floats
    gap: Gap | None = None


def accuracy_by_group(
    right: NDArray[np.bool_],
    groups: NDArray[np.str_],
    *,
    people: NDArray[np.integer] | None = None,
    images: NDArray[np.integer] | None = None,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> GroupScores:
    """Compute the accuracy in each group with its interval, and the largest difference.

    The interval is the wider one, at either end, of the percentile interval over resampled people (images where nobody
    is known) and of Wilson's, which is valid for few images and near 0 and 1. The interval of the largest difference is
    simultaneous over all pairs of groups: the 95 % quantile of the largest studentized deviation over the resamples
    (Westfall and Young, Resampling-Based Multiple Testing, 1993).

    Parameters
    ----------
    right : ndarray of shape (n_answers,), bool
        Whether each answer is right.
    groups : ndarray of shape (n_answers,), str
        Group of each; answers of the empty group are left out.
    people : ndarray of shape (n_answers,), int, optional
        Number of the person, where all are known.
    images : ndarray of shape (n_answers,), int, optional
        Number of the image, where one image has several answers.
    n_bootstrap : int, default=1000
    seed : int, default=0
        Seed of the resamples.

    Raises
    ------
    ValueError
        If no answer has a group.

    Examples
    --------
    >>> found = accuracy_by_group(np.array([True] * 9 + [False]), np.array(["a", "b"] * 5))
    >>> found.groups, found.accuracy.tolist()
    (('a', 'b'), [1.0, 0.8])
    """
    kept = groups != ""
    if not kept.any():
        raise ValueError("groups must name the group of one answer at least; got only empty names")
    names, number = np.unique(groups[kept], return_inverse=True)
    pictures = np.arange(len(groups))[kept] if images is None else images[kept]
    clusters = pictures if people is None else people[kept]
    counts, hits = _counts(clusters, number, right[kept], len(names))
    n_images = _distinct(pictures, number, len(names))
    n_people = None if people is None else (counts > 0).sum(axis=0)
    accuracy = ratio(hits.sum(axis=0), counts.sum(axis=0), empty=np.nan)
    drawn = _resampled(counts, hits, n_bootstrap, seed)
    low, high = _bounds(accuracy, n_images, drawn)
    single = np.zeros(len(names), bool) if n_people is None else n_people < LEAST_PEOPLE
    compared = np.flatnonzero((n_images >= LEAST_IMAGES) & ~single)
    return GroupScores(
        groups=tuple(names.tolist()),
        n_images=n_images,
        n_people=n_people,
        accuracy=accuracy,
        low=np.where(single, np.nan, low),
        high=np.where(single, np.nan, high),
        gap=_largest_gap(names[compared], accuracy[compared], drawn[:, compared]),
    )


def _counts(
    clusters: NDArray[np.integer], number: NDArray[np.intp], right: NDArray[np.bool_], n_groups: int
) -> tuple[Floats, Floats]:
    """Answers and right answers by cluster and group."""
    place = np.unique(clusters, return_inverse=True)[1]
    shape = (int(place.max()) + 1, n_groups)
    cell = place * n_groups + number
    counts = np.bincount(cell, minlength=shape[0] * n_groups).reshape(shape)
    hits = np.bincount(cell, weights=right, minlength=shape[0] * n_groups).reshape(shape)
    return counts.astype(np.float64), hits.astype(np.float64)


def _distinct(pictures: NDArray[np.integer], number: NDArray[np.intp], n_groups: int) -> NDArray[np.intp]:
    """Different images in each group."""
    pairs = np.unique(np.stack([number, pictures], axis=1), axis=0)
    return np.bincount(pairs[:, 0], minlength=n_groups)


def _resampled(counts: Floats, hits: Floats, n_bootstrap: int, seed: int) -> Floats:
    """Accuracy of each group in each resample of the clusters; NaN where none of its answers was drawn."""
    blocks = []
    for weights in bootstrap_weights(len(counts), n_bootstrap, seed):
        drawn = weights.T.astype(np.float64)
        blocks.append(ratio(drawn @ hits, drawn @ counts, empty=np.nan))
    return np.concatenate(blocks)


def _bounds(accuracy: Floats, n_images: NDArray[np.intp], drawn: Floats) -> tuple[Floats, Floats]:
    resampled, wilson = percentile_interval(drawn, _LEVEL), wilson_interval(accuracy, n_images)
    return np.fmin(resampled[0], wilson[0]), np.fmax(resampled[1], wilson[1])


def _largest_gap(names: NDArray[np.str_], accuracy: Floats, drawn: Floats) -> Gap | None:
    if len(names) < 2:
        return None
    first, second = np.triu_indices(len(names), k=1)
    differences = drawn[:, first] - drawn[:, second]
    observed = accuracy[first] - accuracy[second]
    whole = np.isfinite(differences).all(axis=1)
    spread = differences[whole].std(axis=0)
    varied = spread > 0
    chosen = int(np.abs(observed).argmax())
    reach = np.nan
    if varied[chosen]:
        deviation = np.abs(differences[whole] - observed)[:, varied] / spread[varied]
        reach = float(np.quantile(deviation.max(axis=1), _LEVEL) * spread[chosen])
    best, worst = (first, second) if observed[chosen] >= 0 else (second, first)
    value = float(abs(observed[chosen]))
    return Gap(
        highest=str(names[best[chosen]]),
        lowest=str(names[worst[chosen]]),
        value=value,
        low=max(value - reach, -1.0) if np.isfinite(reach) else np.nan,
        high=min(value + reach, 1.0) if np.isfinite(reach) else np.nan,
        n_groups=len(names),
    )
