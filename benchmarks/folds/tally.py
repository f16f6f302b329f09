"""Count right and wrong answers person by person, and resample the people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.folds.reading import TEST, FoldCell, FoldContent
from ferbench.benchmarks.scores import bootstrap_weights, percentile_interval, two_sided_p

N_BOOTSTRAP, SEED = 1000, 0
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimate:
    """A figure with its 95 % interval; NaN where nothing was measured."""

    value: float
    low: float
    high: float


NOTHING = Estimate(np.nan, np.nan, np.nan)


@dataclass(frozen=True, eq=False)
class Tally:
    """Confusion matrices of one recipe, one for each cluster: a person, or an image where nobody is known.

    Attributes
    ----------
    confusion : ndarray of shape (n_clusters, n_classes, n_classes)
        Answers by cluster, label and prediction, added up over folds and seeds.
    people : bool
        Whether a cluster is a person.
    """

    confusion: Floats
    people: bool

    @property
    def n_clusters(self) -> int:
        """People, or images, with an answer."""
        return int((self.confusion.sum(axis=(1, 2)) > 0).sum())

    def accuracy(self) -> Estimate:
        """Share of right answers, with an interval that resamples the clusters."""
        return _estimate(_share(self._counts().sum(axis=0)), self.resampled_accuracy)

    def macro_f1(self) -> Estimate:
        """Mean F1 over the labels of the test rows, with an interval that resamples the clusters."""
        whole = self.confusion.sum(axis=0)
        n = len(whole)
        drawn = _resampled(self.confusion.reshape(len(self.confusion), -1)).reshape(-1, n, n)
        return _estimate(_macro_f1(whole), _macro_f1(drawn))

    def less(self, other: "Tally") -> Estimate:
        """Accuracy less that of another recipe or protocol on the same people, with its paired interval."""
        if len(self.confusion) != len(other.confusion):
            raise ValueError("two tallies must count the same people")
        whole = _share(self._counts().sum(axis=0)) - _share(other._counts().sum(axis=0))
        return _estimate(whole, self.resampled_accuracy - other.resampled_accuracy)

    def p_of_difference(self, other: "Tally") -> float:
        """Two-sided p of the resampled difference in accuracy; never below ``2 / (N_BOOTSTRAP + 1)``."""
        return float(two_sided_p(self.resampled_accuracy - other.resampled_accuracy))

    @cached_property
    def resampled_accuracy(self) -> Floats:
        """Accuracy of each resample; the same resamples for all tallies with as many clusters."""
        return _share(_resampled(self._counts()))

    def _counts(self) -> Floats:
        """Right answers and all answers of each cluster."""
        right = np.trace(self.confusion, axis1=1, axis2=2)
        return np.stack([right, self.confusion.sum(axis=(1, 2))], axis=1)


def tally(content: FoldContent, cells: Iterable[FoldCell], part: str = TEST) -> Tally:
    """Count the answers of some cells of one recipe on a part of their folds."""
    numbers, size, people = clusters(content, part)
    n = len(content.classes)
    confusion = np.zeros((size, n, n))
    place = {name: number for number, name in enumerate(content.classes)}
    for cell in cells:
        if cell.ok:
            truth = np.array([place[label] for label in content.folds[cell.fold].parts[part].labels], np.intp)
            given = cell.proba[part].argmax(axis=1)
            np.add.at(confusion, (numbers[cell.fold], truth, given), 1)
    return Tally(confusion, people)


def clusters(content: FoldContent, part: str) -> tuple[list[NDArray[np.intp]], int, bool]:
    """The cluster of each row, fold by fold, their number, and whether clusters are people."""
    parts = [fold.parts[part] for fold in content.folds]
    people = bool(all((rows.people >= 0).all() for rows in parts))
    named = [rows.people if people else rows.rows for rows in parts]
    known = np.unique(np.concatenate(named))
    return [np.searchsorted(known, names) for names in named], len(known), people


def spread(values: Sequence[float]) -> float:
    """Standard deviation; NaN of a single value."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _resampled(counts: Floats) -> Floats:
    """Sums of the columns of `counts` (n_clusters, n_columns) over resampled clusters, one row for each resample."""
    weights = bootstrap_weights(len(counts), N_BOOTSTRAP, SEED)
    return np.concatenate([block.T.astype(np.float64) @ counts for block in weights])


def _share(counts: Floats) -> Floats:
    """Right answers as a share of all: the first of the last axis by the second."""
    right, total = counts[..., 0], counts[..., 1]
    return np.asarray(np.divide(right, total, out=np.full(np.shape(total), np.nan), where=total > 0))


def _macro_f1(confusion: Floats) -> Floats:
    """Macro F1 of matrices (..., n, n) over the labels that have images."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    both = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1 = np.divide(2 * right, both, out=np.zeros_like(right), where=both > 0)
    present = confusion.sum(axis=-1) > 0
    count = present.sum(axis=-1)
    total = np.where(present, f1, 0).sum(axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _estimate(value: Floats, drawn: Floats) -> Estimate:
    low, high = percentile_interval(drawn[:, None])
    return Estimate(float(np.ravel(value)[0]), float(low[0]), float(high[0]))
