"""Where recognizers go wrong: the pairs of classes they confuse, and the images that none of them gets right."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.report.results import Measured, Results


@dataclass(frozen=True, eq=False)
class ConfusedPair:
    """One label often taken for another by one recognizer.

    Attributes
    ----------
    label, predicted : str
        What the image is labeled, and what it is taken for.
    n_images : int
        How many images.
    share : float
        They, as a share of the label's images.
    mean_share : float
        The same share, averaged over every recognizer but the constant ones.
    rows : ndarray of shape (n_images,), int
        The images, as rows of the scored split; the mistake the recognizer is surest of comes first.
    """

    label: str
    predicted: str
    n_images: int
    share: float
    mean_share: float
    rows: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class WrongEverywhere:
    """The images that every recognizer but the constant ones gets wrong.

    Attributes
    ----------
    rows : ndarray of shape (n_images,), int
        Rows of the scored split; those whose wrong answer most recognizers share come first.
    predicted : ndarray of shape (n_images,), str
        The commonest answer for each.
    votes : ndarray of shape (n_images,), int
        How many recognizers give it.
    n_recognizers : int
        How many there are.
    """

    rows: NDArray[np.intp]
    predicted: NDArray[np.str_]
    votes: NDArray[np.int64]
    n_recognizers: int


def confused_pairs(results: Results, cell: Measured, n_pairs: int = 10) -> list[ConfusedPair]:
    """The commonest mistakes of one recognizer on the scored split."""
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
    """Class number that a recognizer gives for each image of a split."""
    return np.asarray(cell.proba[split].argmax(axis=1), dtype=np.intp)


def _answering(results: Results) -> list[Measured]:
    """The contestants with answers on the scored split."""
    return [cell for cell in results.contestants if results.split in cell.proba]


def _true_numbers(results: Results) -> NDArray[np.intp]:
    number = {name: place for place, name in enumerate(results.classes)}
    return np.array([number[label] for label in results.labels[results.split]], dtype=np.intp)


def _confusion(truth: NDArray[np.intp], given: NDArray[np.intp], n_classes: int) -> NDArray[np.int64]:
    cells = np.bincount(truth * n_classes + given, minlength=n_classes**2)
    return cells.reshape(n_classes, n_classes).astype(np.int64)
