"""Calibrate classifier scores to probabilities on held-out rows."""

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from ferbench.models.base.labels import check_covered

# Lower bound of probabilities, since the logarithm of a tiny probability would dominate the scores.
LEAST = 1e-6

Places = NDArray[np.intp]


def fit_calibration(
    scores: NDArray[np.floating],
    y: NDArray[Any],
    classes: NDArray[Any],
    sample_weight: NDArray[np.floating] | None = None,
) -> tuple[NDArray[np.float64], LogisticRegression]:
    """Fit a multinomial logistic regression of scores.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_scores)
        Scores of rows that the classifier was not fitted on.
    y : ndarray of shape (n_samples,)
        Their labels.
    classes : ndarray of shape (n_classes,)
        Sorted labels of all training rows, one for each column of the probabilities.
    sample_weight : ndarray of shape (n_samples,), optional
        Weights of the rows.

    Returns
    -------
    scale : ndarray of shape (n_scores,), float64
        Divisors of the scores.
    regression : LogisticRegression
        Maps the scaled scores to probabilities.

    Raises
    ------
    ValueError
        If `y` lacks one of the classes: the probabilities would have no column for it.
    """
    check_covered(y, classes)
    scale = scores.std(axis=0, dtype=np.float64) + 1e-6
    return scale, LogisticRegression(max_iter=1000).fit(scores / scale, y, sample_weight=sample_weight)


def log_scores(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return centered log-probabilities, the scores used to calibrate a classifier that has only probabilities."""
    logarithms = np.log(np.maximum(np.asarray(probabilities, np.float64), LEAST))
    return logarithms - logarithms.mean(axis=1, keepdims=True)


def log_odds(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log-odds in the shape of scikit-learn's `decision_function`: one column if there are two classes."""
    logarithms = np.log(np.maximum(probabilities, np.finfo(np.float64).tiny))
    if logarithms.shape[1] == 2:
        return np.asarray(logarithms[:, 1] - logarithms[:, 0], np.float64)
    return np.asarray(logarithms - logarithms.mean(axis=1, keepdims=True), np.float64)


def hold_out(y: NDArray[Any], fraction: float, seed: int, groups: NDArray[Any] | None = None) -> tuple[Places, Places]:
    """Split the rows into a stratified part to fit on and one to calibrate on; both contain every class.

    The only row of a class is in both parts, since both need it. If a part could not have more rows than classes, or
    the fraction is at least 1, both parts are the same array of all rows.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    fraction : float
        Share of the rows to calibrate on.
    seed : int
        Seed of the random choice.
    groups : ndarray of shape (n_samples,), optional
        Person of each row. No person is in both parts then, except that a label that only people of one part show
        gives one of its rows to the other part, since both parts need it.

    Returns
    -------
    two ndarrays of shape (n_fit,) and (n_held_out,), int
        Places in `y`.
    """
    every = np.arange(len(y))
    _, numbers, counts = np.unique(y, return_inverse=True, return_counts=True)
    shared = counts[numbers] >= 2
    rows, n_classes = every[shared], int((counts >= 2).sum())
    if fraction >= 1 or not n_classes:
        return every, every
    n_out = min(max(math.ceil(fraction * len(rows)), n_classes), len(rows) - n_classes)
    if groups is not None and len(np.unique(groups[rows])) > 1:
        rest, held_out = _by_person(y, rows, n_out, seed, groups)
    else:
        rest, held_out = train_test_split(rows, test_size=n_out, stratify=y[rows], random_state=seed)
    rest, held_out = _completed(rest, held_out, numbers)
    single = every[~shared]
    return np.concatenate([rest, single]), np.concatenate([held_out, single])


def _by_person(y: NDArray[Any], rows: Places, n_out: int, seed: int, groups: NDArray[Any]) -> tuple[Places, Places]:
    """Split rows by person into folds of about `n_out` rows, and hold out the first fold with the most labels."""
    n_folds = min(len(np.unique(groups[rows])), max(2, round(len(rows) / n_out)))
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # Rare labels may have fewer rows than there are folds.
        warnings.simplefilter("ignore", UserWarning)
        parts = [(rows[rest], rows[out]) for rest, out in splitter.split(rows, y[rows], groups[rows])]
    shown = [min(len(np.unique(y[part])) for part in both) for both in parts]
    return parts[int(np.argmax(shown))]


def _completed(rest: Places, held_out: Places, numbers: NDArray[np.intp]) -> tuple[Places, Places]:
    """Move one row of each class that is missing in one part; rounding may put both rows of a class into one part."""
    for number in np.setdiff1d(numbers[rest], numbers[held_out]):
        place = np.flatnonzero(numbers[rest] == number)[-1]
        held_out, rest = np.append(held_out, rest[place]), np.delete(rest, place)
    for number in np.setdiff1d(numbers[held_out], numbers[rest]):
        place = np.flatnonzero(numbers[held_out] == number)[-1]
        rest, held_out = np.append(rest, held_out[place]), np.delete(held_out, place)
    return rest, held_out
