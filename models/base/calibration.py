"""From scores on rows that a fit has not seen to probabilities."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

# Below it a probability is as good as zero, and its logarithm would drown all others.
LEAST = 1e-6


def fit_calibration(scores: NDArray[np.floating], y: NDArray[Any]) -> tuple[NDArray[np.float64], LogisticRegression]:
    """Fit a multinomial logistic regression of scores.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_scores)
        Of rows that the fit behind the scores has not seen.
    y : ndarray of shape (n_samples,)
        Their labels.

    Returns
    -------
    ndarray of shape (n_scores,), float64, and LogisticRegression
        What to divide the scores by, and what turns them into probabilities.
    """
    scale = scores.std(axis=0, dtype=np.float64) + 1e-6
    return scale, LogisticRegression(max_iter=1000).fit(scores / scale, y)


def log_scores(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logarithms of probabilities, centerd: the scores to calibrate a classifier by its probabilities."""
    logarithms = np.log(np.maximum(np.asarray(probabilities, np.float64), LEAST))
    return logarithms - logarithms.mean(axis=1, keepdims=True)


def hold_out(y: NDArray[Any], fraction: float, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to fit on and rows to calibrate on, stratified where every class has two rows.

    Where a class is too small to hold any of it out, both are all rows.
    """
    every = np.arange(len(y))
    classes, counts = np.unique(y, return_counts=True)
    share = max(fraction, len(classes) / len(y))
    if share >= 1:
        return every, every
    stratify = y if counts.min() >= 2 else None
    rest, held_out = train_test_split(every, test_size=share, stratify=stratify, random_state=seed)
    if min(len(np.unique(y[rest])), len(np.unique(y[held_out]))) < len(classes):
        return every, every
    return rest, held_out
