"""Calibrate the probabilities of a classifier on held-out rows."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ferbench.models.base import (
    RowClassifier,
    checked_groups,
    checked_weights,
    fit_calibration,
    group_options,
    hold_out,
    library_of,
    log_scores,
    some,
)
from ferbench.utils import SEED, Between, Constraint


class Calibrated(RowClassifier):
    """Meta-estimator that calibrates the probabilities of a classifier of feature rows.

    Use it for classifiers whose probabilities are over- or underconfident. A copy of the classifier is fitted on a
    stratified part of the rows. Its log-probabilities on the remaining rows are calibrated by multinomial logistic
    regression. Then the classifier is fitted on all rows.

    Parameters
    ----------
    classifier : classifier
        Unfitted classifier with `predict_proba`.
    calibration_fraction : float, default=0.2
        Fraction of the rows on which the probabilities are calibrated.
    random_state : int, default=0
        Seed of the choice of these rows.

    Attributes
    ----------
    classifier_ : classifier
        Classifier fitted on all rows.

    See Also
    --------
    sklearn.calibration.CalibratedClassifierCV : Calibration by cross-validation.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

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

    #: Version of the calibration where people are known, see `groups` of `fit`; part of the identity of such cells.
    person_version: ClassVar[int] = 1
    constraints: ClassVar[Mapping[str, Constraint]] = {"calibration_fraction": Between(0, 1), "random_state": SEED}

    def __init__(self, classifier: Any, *, calibration_fraction: float = 0.2, random_state: int = 0) -> None:
        self.classifier = classifier
        self.calibration_fraction = calibration_fraction
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit the classifier and calibrate its probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, converted to float32.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows, in the classifier and in the calibration.
        groups : array-like of shape (n_samples,), optional
            Person of each row; nobody is in both parts of the calibration then.

        Raises
        ------
        ValueError
            If `sample_weight` is given and the classifier does not support it.
        """
        rows, labels = self._checked(X, y)
        weights = checked_weights(sample_weight, rows)
        if weights is not None and not has_fit_parameter(self.classifier, "sample_weight"):
            raise ValueError(
                f"Calibrated: {type(self.classifier).__name__} takes no sample_weight; leave it out, or choose a "
                "classifier that takes it"
            )
        people = checked_groups(groups, len(labels))
        rest, held_out = hold_out(labels, self.calibration_fraction, self.random_state, people)
        self.classifier_ = self._fitted(rows[rest], labels[rest], some(weights, rest), some(people, rest))
        scores = log_scores(self.classifier_.predict_proba(rows[held_out]))
        self.score_scale_, self.calibration_ = fit_calibration(
            scores, labels[held_out], self.classes_, some(weights, held_out)
        )
        if rest is not held_out:
            self.classifier_ = self._fitted(rows, labels, weights, people)
        self.implementation_ = library_of(self.classifier_)
        self.probabilities_ = (
            "multinomial logistic regression of the classifier's log-probabilities; learned on "
            f"{len(held_out)} held-out training images"
        )
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "classifier_")
        scores = log_scores(self.classifier_.predict_proba(self._rows(X)))
        return self.calibration_.predict_proba(scores / self.score_scale_)

    def _fitted(
        self,
        rows: NDArray[np.float32],
        labels: NDArray[Any],
        weights: NDArray[np.float64] | None,
        people: NDArray[Any] | None,
    ) -> Any:
        given = {} if weights is None else {"sample_weight": weights}
        return clone(self.classifier).fit(rows, labels, **given, **group_options(self.classifier, people))
