"""Confident learning: estimate from out-of-fold probabilities which labels are wrong, and how many."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.scores import check_predictions


@dataclass(frozen=True, eq=False)
class LabelIssues:
    """Labels that are probably wrong, as :func:`find_label_issues` returns them.

    Attributes
    ----------
    suspicious : ndarray of shape (n_images,), bool
    margin : ndarray of shape (n_images,), float64
        Probability of the predicted label less that of the given one: the higher, the more suspicious.
    predicted : ndarray of shape (n_images,), str
    joint : ndarray of shape (n_classes, n_classes), int
        Estimated number of images by given label (row) and true label (column).
    noise_rate : float
        Estimated share of wrong labels: what lies off the diagonal of `joint`.
    """

    suspicious: NDArray[np.bool_]
    margin: NDArray[np.float64]
    predicted: NDArray[np.str_]
    joint: NDArray[np.int64]
    noise_rate: float


def find_label_issues(y: ArrayLike, proba: ArrayLike, classes: Sequence[str]) -> LabelIssues:
    """Find labels that are probably wrong by confident learning, pruned by the estimated rate of noise.

    An image counts as truly of a class if its probability reaches the mean probability of that class among the images
    that carry its label, and no other class does so with a higher one. These counts, scaled to the number of images of
    each label, are the joint of given and true labels. For each pair of labels, as many images as the joint says are
    suspicious: those with the largest gap between both probabilities. An image whose label is the predicted one is
    never suspicious.

    Parameters
    ----------
    y : array-like of shape (n_images,), str
        Given labels.
    proba : array-like of shape (n_images, n_classes)
        Probabilities from fits without the image itself.
    classes : sequence of str
        Labels in the order of the columns.

    Returns
    -------
    LabelIssues

    Raises
    ------
    ValueError
        If the probabilities do not fit the labels.

    References
    ----------
    Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels", JAIR 70, 2021.

    Examples
    --------
    >>> from ferbench.benchmarks.label_noise import find_label_issues
    >>> sure = [[0.9, 0.1]] * 9 + [[0.1, 0.9]] * 11
    >>> issues = find_label_issues(["happy"] * 10 + ["sad"] * 10, sure, ["happy", "sad"])
    >>> issues.suspicious.nonzero()[0].tolist(), round(issues.noise_rate, 3)
    ([9], 0.05)
    """
    number, probabilities = check_predictions(y, proba, classes)
    given = probabilities[np.arange(len(number)), number]
    joint = _joint(number, probabilities)
    suspicious = np.zeros(len(number), bool)
    for own, row in enumerate(joint):
        rows = np.flatnonzero(number == own)
        for other, count in enumerate(row):
            if other != own and count:
                gap = probabilities[rows, other] - given[rows]
                suspicious[rows[np.argsort(-gap, kind="stable")[:count]]] = True
    predicted = probabilities.argmax(axis=1)
    suspicious &= predicted != number
    names = np.array([str(name) for name in classes])
    wrong = float(1 - np.trace(joint) / joint.sum())
    return LabelIssues(suspicious, probabilities.max(axis=1) - given, names[predicted], joint, wrong)


def _joint(number: NDArray[np.intp], probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    n_classes = probabilities.shape[1]
    counts = np.bincount(number, minlength=n_classes)
    # A class without images has no threshold that anything reaches.
    thresholds = np.array(
        [probabilities[number == k, k].mean() if counts[k] else np.inf for k in range(n_classes)], np.float64
    )
    reached = np.where(probabilities >= thresholds - 1e-6, probabilities, -1.0)
    confident = reached.max(axis=1) >= 0
    joint = np.zeros((n_classes, n_classes))
    np.add.at(joint, (number[confident], reached.argmax(axis=1)[confident]), 1)
    # No image of a label has a confident prediction: take the label as it is.
    empty = joint.sum(axis=1) == 0
    joint[empty, empty] = 1
    return np.stack([_whole(row / row.sum() * count) for row, count in zip(joint, counts, strict=True)])


def _whole(row: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round a row to whole numbers that keep its sum: the largest remainders are rounded up."""
    low = np.floor(row).astype(np.int64)
    missing = round(float(row.sum())) - int(low.sum())
    low[np.argsort(low - row, kind="stable")[:missing]] += 1
    return low
