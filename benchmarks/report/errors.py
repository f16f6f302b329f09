"""Find the errors of recognizers: confused pairs of classes, and images that every recognizer gets wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.report.results import Measured, Results


@dataclass(frozen=True, eq=False)
class ConfusedPair:
    """A frequent confusion of one recognizer.

    Attributes
    ----------
    label, predicted : str
        The label of the images and the predicted class.
    n_images : int
        Number of images.
    share : float
        Share of the images with this label.
    mean_share : float
        The same share, averaged over all recognizers except constant ones.
    rows : ndarray of shape (n_images,), int
        The images as rows of the scored split, by falling probability of the wrong class.
    """

    label: str
    predicted: str
    n_images: int
    share: float
    mean_share: float
    rows: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class WrongEverywhere:
    """The images that all recognizers except constant ones get wrong.

    Attributes
    ----------
    rows : ndarray of shape (n_images,), int
        Rows of the scored split, by falling number of votes.
    predicted : ndarray of shape (n_images,), str
        The most frequent prediction for each image.
    votes : ndarray of shape (n_images,), int
        Number of recognizers with this prediction.
    n_recognizers : int
        Number of recognizers.
    """

    rows: NDArray[np.intp]
    predicted: NDArray[np.str_]
    votes: NDArray[np.int64]
    n_recognizers: int


def confused_pairs(results: Results, cell: Measured, n_pairs: int = 10) -> list[ConfusedPair]:
    """Return the most frequent confusions of one recognizer on the scored split."""
    truth, names = _true_numbers(results), results.classes
    given = answers(cell, results.split)
    matrices = {
        other.label: _confusion(truth, answers(other, results.split), len(names)) for other in _answering(results)
    }
    own = _confusion(truth, given, len(names))
    support = np.maximum(own.sum(axis=1, keepdims=True), 1)
    mean = np.mean([matrix / support for matrix in (matrices or {"": own}).values()], axis=0)
    mistakes = own - np.diag(np.diag(own))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:n_pairs]
    pairs = []
    for label, predicted in zip(*np.unravel_index(order, own.shape), strict=True):
        if mistakes[label, predicted]:
            rows = np.flatnonzero((truth == label) & (given == predicted))
            surest = np.argsort(-cell.proba[results.split][rows, predicted], kind="stable")
            n, share = int(own[label, predicted]), float(own[label, predicted] / support[label, 0])
            pairs.append(
                ConfusedPair(names[label], names[predicted], n, share, float(mean[label, predicted]), rows[surest])
            )
    return pairs


def wrong_everywhere(results: Results) -> WrongEverywhere:
    """Find the images of the scored split that no recognizer gets right."""
    truth, n_classes = _true_numbers(results), len(results.classes)
    given = np.array([answers(cell, results.split) for cell in _answering(results)], dtype=np.intp).reshape(
        -1, len(truth)
    )
    rows = np.flatnonzero((given != truth).all(axis=0)) if len(given) else np.empty(0, np.intp)
    votes = np.array([np.bincount(given[:, row], minlength=n_classes) for row in rows]).reshape(-1, n_classes)
    order = np.lexsort((rows, -votes.max(axis=1, initial=0)))
    rows, votes = rows[order], votes[order]
    names = np.array(results.classes)
    return WrongEverywhere(rows, names[votes.argmax(axis=1)], votes.max(axis=1, initial=0), len(given))


def answers(cell: Measured, split: str) -> NDArray[np.intp]:
    """Return the class index that a recognizer predicts for each image of a split."""
    return np.asarray(cell.proba[split].argmax(axis=1), dtype=np.intp)


def _answering(results: Results) -> list[Measured]:
    """Return the contestants with predictions on the scored split."""
    return [cell for cell in results.contestants if results.split in cell.proba]


def _true_numbers(results: Results) -> NDArray[np.intp]:
    number = {name: place for place, name in enumerate(results.classes)}
    return np.array([number[label] for label in results.labels[results.split]], dtype=np.intp)


def _confusion(truth: NDArray[np.intp], given: NDArray[np.intp], n_classes: int) -> NDArray[np.int64]:
    cells = np.bincount(truth * n_classes + given, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.int64)
