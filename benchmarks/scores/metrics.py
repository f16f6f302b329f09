"""Score recognizers from their probabilities, with bootstrap intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.scores.bootstrap import (
    Floats,
    Ranking,
    bootstrap_weights,
    masked_mean,
    percentile_interval,
    ratio,
)
from ferbench.benchmarks.scores.predictions import check_predictions

if TYPE_CHECKING:
    import pandas as pd

N_BINS = 15
# Probabilities are stored as float32, which cannot represent smaller differences from one.
_SMALLEST = float(np.finfo(np.float32).eps)
_PER_CLASS = ("precision", "recall", "f1", "auc", "average_precision")


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one recognizer on one set of images, as :func:`score` returns them.

    The scores of a class without images are NaN, and macro and weighted averages are over the classes with images. A
    class that is never predicted has precision 0.

    Attributes
    ----------
    accuracy, macro_f1, balanced_accuracy, macro_precision, macro_recall : float
    weighted_precision, weighted_recall, weighted_f1 : float
        Weighted by the number of images of each class.
    macro_auc, macro_average_precision : float
        One class against the rest, averaged over the classes.
    top2_accuracy : float
        Share of images whose label is among the two most probable; equal probabilities are ranked by class order.
    log_loss : float
        Mean of -ln p(label), in nats; probabilities are clipped at float32's epsilon.
    brier : float
        Squared distance between the probabilities and the one-hot label, summed over the classes and averaged
        over the images: 0 is perfect, 2 the worst (Brier, 1950).
    ece : float
        Expected calibration error of the most probable class, in 15 bins of equal width, closed on the right
        (Guo et al., 2017). It has no interval: resampling inflates a sum of absolute gaps, so its percentiles
        need not even contain the estimate.
    n_images, predicted_classes : int
        Number of images, and number of classes predicted for at least one image.
    classes : tuple of str
        The class order of all arrays.
    confusion : ndarray of shape (n_classes, n_classes), int
        Rows are labels, columns predictions.
    class_values : mapping of str to ndarray of shape (n_classes,)
        ``precision``, ``recall``, ``f1``, ``auc``, ``average_precision``.
    intervals : mapping of str to (low, high)
        95 % percentile intervals of the scores above and of the per-class scores (arrays); empty if ``n_bootstrap``
        was 0.
    """

    accuracy: float
    macro_f1: float
    balanced_accuracy: float
    macro_precision: float
    macro_recall: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    macro_auc: float
    macro_average_precision: float
    top2_accuracy: float
    log_loss: float
    brier: float
    ece: float
    n_images: int
    predicted_classes: int
    classes: tuple[str, ...]
    confusion: NDArray[np.int64]
    class_values: Mapping[str, Floats]
    intervals: Mapping[str, tuple[Floats, Floats]]

    @property
    def flag(self) -> str:
        """A warning if some classes are never predicted, else an empty string."""
        if self.predicted_classes == len(self.classes):
            return ""
        return f"predicts {self.predicted_classes} of {len(self.classes)} classes"

    def interval(self, name: str) -> tuple[float, float]:
        """Return the lower and upper bound of one score, such as ``accuracy``; NaN if it has none."""
        low, high = self.intervals.get(name, (np.nan, np.nan))
        return float(low), float(high)

    def as_dict(self) -> dict[str, float | int | str | None]:
        """Return all scores as one flat row: ``accuracy, accuracy_low, accuracy_high, macro_f1, ...``.

        A missing score is None, so that it is blank in a CSV and null in JSON.
        """
        row: dict[str, float | int | str | None] = {}
        for name in _SINGLE:
            row[name] = _blank(getattr(self, name))
            if name in self.intervals:
                low, high = self.interval(name)
                row[f"{name}_low"], row[f"{name}_high"] = _blank(low), _blank(high)
        return row | {
            "n_images": self.n_images,
            "predicted_classes": self.predicted_classes,
            "flag": self.flag,
        }

    def per_class(self) -> "pd.DataFrame":
        """Return one row per class: ``class, support, predicted``, and each score with ``_low`` and ``_high``."""
        import pandas as pd

        columns: dict[str, object] = {
            "class": list(self.classes),
            "support": self.confusion.sum(axis=1),
            "predicted": self.confusion.sum(axis=0),
        }
        for name in _PER_CLASS:
            columns[name] = self.class_values[name]
            if name in self.intervals:
                columns[f"{name}_low"], columns[f"{name}_high"] = self.intervals[name]
        return pd.DataFrame(columns)


_SINGLE = tuple(field.name for field in fields(Scores) if field.type is float)


def score(
    y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str], *, n_bootstrap: int = 1000, seed: int = 0
) -> Scores:
    """Compute all scores of one recognizer from its probabilities.

    Parameters
    ----------
    y_true : array-like of shape (n_images,), str
        The labels.
    proba : array-like of shape (n_images, n_classes)
        Predicted probabilities, in the order of `classes`. The predicted label is the most probable one; at equal
        probabilities the first in class order.
    classes : sequence of str
        The class order of all tables and arrays.
    n_bootstrap : int, default=1000
        Number of resamples for the intervals; 0 for no intervals.
    seed : int, default=0
        Recognizers scored with the same seed on the same images use the same resamples.

    Returns
    -------
    Scores

    Raises
    ------
    ValueError
        If shapes do not match, a label is not in `classes`, or a row is not a probability distribution.

    Examples
    --------
    >>> scores = score(["happy", "sad"], [[0.9, 0.1], [0.6, 0.4]], ["happy", "sad"], n_bootstrap=0)
    >>> scores.accuracy, scores.flag
    (0.5, 'predicts 1 of 2 classes')
    """
    if n_bootstrap < 0:
        raise ValueError(f"n_bootstrap must be 0 (no intervals) or more; got {n_bootstrap}")
    true, probabilities = check_predictions(y_true, proba, classes)
    answers = _Answers.of(true, probabilities)
    figures = answers.measure(np.ones((len(true), 1), np.float32))
    values = {name: value[0] for name, value in figures.items()}
    predicted = probabilities.argmax(axis=1)
    return Scores(
        **{name: float(values[name]) for name in _SINGLE if name in values},
        ece=expected_calibration_error(probabilities.max(axis=1), predicted == true),
        n_images=len(true),
        predicted_classes=len(np.unique(predicted)),
        classes=tuple(str(name) for name in classes),
        confusion=answers.confusion(np.ones((len(true), 1), np.float32))[0].astype(np.int64),
        class_values={name: values[name] for name in _PER_CLASS},
        intervals=_intervals(answers, n_bootstrap, seed),
    )


def _intervals(answers: "_Answers", n_bootstrap: int, seed: int) -> dict[str, tuple[Floats, Floats]]:
    """Return the 95 % percentile interval of every score."""
    blocks = [answers.measure(weights) for weights in bootstrap_weights(answers.n_images, n_bootstrap, seed)]
    if not blocks:
        return {}
    return {name: percentile_interval(np.concatenate([block[name] for block in blocks])) for name in blocks[0]}


@dataclass(frozen=True, eq=False)
class _Answers:
    """Per-image values for the metrics, computed once and weighted for each resample."""

    n_classes: int
    pairs: NDArray[np.float32]  # (n_images, n_classes²): one-hot of (label, prediction)
    losses: NDArray[np.float32]  # (n_images, 3): -ln p(label), squared distance, label among the first two
    rankings: tuple[Ranking, ...]

    @property
    def n_images(self) -> int:
        return len(self.pairs)

    @classmethod
    def of(cls, true: NDArray[np.intp], proba: Floats) -> "_Answers":
        n_images, n_classes = proba.shape
        rows = np.arange(n_images)
        pairs = np.zeros((n_images, n_classes**2), np.float32)
        pairs[rows, true * n_classes + proba.argmax(axis=1)] = 1
        own = proba[rows, true]
        first_two = np.argsort(-proba, axis=1, kind="stable")[:, :2]
        losses = [
            -np.log(np.clip(own, _SMALLEST, 1 - _SMALLEST)),
            (proba**2).sum(axis=1) - 2 * own + 1,
            (first_two == true[:, None]).any(axis=1),
        ]
        rankings = tuple(Ranking.of(proba[:, k], true == k) for k in range(n_classes))
        return cls(n_classes, pairs, np.stack(losses, axis=1).astype(np.float32), rankings)

    def confusion(self, weights: NDArray[np.float32]) -> Floats:
        """Return confusion matrices of shape (n_resamples, n_classes, n_classes)."""
        return (weights.T @ self.pairs).reshape(-1, self.n_classes, self.n_classes).astype(np.float64)

    def measure(self, weights: NDArray[np.float32]) -> dict[str, Floats]:
        """Return every score for each column of `weights`: (n_resamples,) or (n_resamples, n_classes)."""
        confusion = self.confusion(weights)
        support = confusion.sum(axis=2)
        present = support > 0
        log_loss, brier, top2 = (weights.T.astype(np.float64) @ self.losses).T / self.n_images
        ranked = [ranking.measure(weights) for ranking in self.rankings]
        auc, average_precision = (np.stack(column, axis=1) for column in zip(*ranked, strict=True))
        figures = _class_figures(confusion) | {"auc": auc, "average_precision": average_precision}
        macro = {f"macro_{name}": masked_mean(value, present & ~np.isnan(value)) for name, value in figures.items()}
        share = support / self.n_images
        weighted = {
            f"weighted_{name}": np.where(present, share * figures[name], 0.0).sum(axis=1)
            for name in ("precision", "recall", "f1")
        }
        right = np.trace(confusion, axis1=1, axis2=2)
        overall = {"accuracy": right / self.n_images, "balanced_accuracy": macro["macro_recall"]}
        losses = {"top2_accuracy": top2, "log_loss": log_loss, "brier": brier}
        return overall | macro | weighted | losses | figures


def _class_figures(confusion: Floats) -> dict[str, Floats]:
    """Return precision, recall and F1 of each class; NaN for a class without images."""
    support, predicted = confusion.sum(axis=2), confusion.sum(axis=1)
    right = np.diagonal(confusion, axis1=1, axis2=2)
    absent = support == 0
    figures = {
        "precision": ratio(right, predicted, empty=0.0),
        "recall": ratio(right, support, empty=0.0),
        "f1": ratio(2 * right, support + predicted, empty=0.0),
    }
    return {name: np.where(absent, np.nan, value) for name, value in figures.items()}


def calibration_bins(confidence: Floats, correct: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return images, summed confidence and number correct in 15 bins of equal width, closed on the right."""
    bins = np.clip(np.ceil(confidence * N_BINS).astype(np.intp) - 1, 0, N_BINS - 1)
    images, confident, right = (
        np.bincount(bins, weights, minlength=N_BINS).astype(np.float64) for weights in (None, confidence, correct)
    )
    return images, confident, right


def expected_calibration_error(confidence: Floats, correct: NDArray[np.bool_]) -> float:
    """Return the mean gap between confidence and accuracy over the bins, weighted by their images."""
    _, confident, right = calibration_bins(confidence, correct)
    return float(np.abs(confident - right).sum() / len(confidence))


def _blank(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
