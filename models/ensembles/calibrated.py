"""Probabilities of a classifier that does not know how often it is wrong, learned on rows held out."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ferbench.models.base import MostProbable, fit_calibration, hold_out, library_of, log_scores


class Calibrated(MostProbable, BaseEstimator):
    """A classifier of features with its probabilities learned anew on held-out rows.

    It is fitted on a stratified part of the rows and asked about the rest; a multinomial logistic regression of the
    logarithms of its probabilities learns what they are worth. Then it is fitted on all rows.

    Parameters
    ----------
    classifier : classifier
        With `predict_proba`.
    calibration_fraction : float, default=0.2
        Part of the rows on which the probabilities are calibrated.
    random_state : int, default=0
        Seed of that part.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the columns of `predict_proba`.
    classifier_ : classifier
        Fitted on all rows.
    implementation_, probabilities_ : str
        Library that fitted the classifier; how the probabilities come about.

    References
    ----------
    Guo et al., "On calibration of modern neural networks", ICML 2017 (temperature, vector and matrix scaling).

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from ferbench.models import Calibrated
    >>> X = [[0.0], [0.4], [1.1], [1.4], [3.0], [3.1], [4.2], [5.0]] * 5
    >>> y = ["sad"] * 4 + ["happy"] * 4
    >>> Calibrated(GaussianNB()).fit(X, y * 5).predict([[4.5]])
    array(['happy'], dtype='<U5')
    """

    def __init__(self, classifier: Any, *, calibration_fraction: float = 0.2, random_state: int = 0) -> None:
        self.classifier = classifier
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on features of shape (n_samples, n_features) and labels."""
        if not 0 < self.calibration_fraction < 1:
            raise ValueError(
                f"Calibrated: calibration_fraction must be between 0 and 1; got {self.calibration_fraction!r}"
            )
        rows, labels = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes; got 1 class: {self.classes_[0]!r}")
        rest, held_out = hold_out(labels, self.calibration_fraction, self.random_state)
        self.classifier_ = clone(self.classifier).fit(rows[rest], labels[rest])
        scores = log_scores(self.classifier_.predict_proba(rows[held_out]))
        self.score_scale_, self.calibration_ = fit_calibration(scores, labels[held_out])
        if rest is not held_out:
            self.classifier_ = clone(self.classifier).fit(rows, labels)
        self.implementation_ = library_of(self.classifier_)
        self.probabilities_ = (
            "multinomial logistic regression of the classifier's log-probabilities; learned on "
            f"{len(held_out)} held-out training images"
        )
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "classifier_")
        rows = validate_data(self, X, dtype=np.float32, reset=False)
        scores = log_scores(self.classifier_.predict_proba(rows))
        return self.calibration_.predict_proba(scores / self.score_scale_)
