"""Linear classifiers fitted by stochastic gradient descent, block by block, for more rows than memory can hold."""

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from ferbench.models.base import (
    RowClassifier,
    check_classes,
    checked_groups,
    checked_weights,
    fit_calibration,
    hold_out,
    log_odds,
    some,
)
from ferbench.models.classifiers.kernels import Matrix
from ferbench.utils import BOOLEAN, SEED, Above, Between, Constraint, OneOf, Whole, WorkerCount, check_parameters

Places = NDArray[np.intp]
#: Returns the rows at some places, in this order.
Read = Callable[[Places], Matrix]

# More rows do not make the few numbers of the calibration better.
CALIBRATION_ROWS = 20_000


class SGD(RowClassifier):
    """Linear classifier fitted by averaged stochastic gradient descent, with calibrated probabilities.

    Use it for more rows than memory can hold: it needs the memory of one block. `fit` takes all rows at once,
    `fit_blocks` reads them block by block, and `partial_fit` takes one block. The rows are shuffled before each epoch.
    One classifier is fitted for each class against the rest. A part of the rows is held out to calibrate the
    probabilities. The features should be standardized.

    Parameters
    ----------
    loss : {"log_loss", "hinge"}, default="log_loss"
        Logistic regression or linear support vector machine.
    alpha : float, default=0.0001
        Regularization strength, as in scikit-learn's `SGDClassifier`.
    epochs : int, default=5
        Number of passes over the rows.
    block_size : int, default=4096
        Rows that are read and used at once.
    average : bool, default=True
        Whether to average the weights over all steps (Polyak averaging).
    calibration_fraction : float, default=0.2
        Fraction of the rows on which the probabilities are calibrated; at most 20,000 rows.
    n_jobs : int or None, default=None
        Threads over the classes, as in joblib: None is one, -1 is all cores.
    random_state : int, default=0
        Seed of the calibration part and of the order of the rows.

    Attributes
    ----------
    coefficients_ : ndarray of shape (n_features, n_machines), float32
        Weights of each class against the rest; one column if there are two classes.
    intercept_ : ndarray of shape (n_machines,), float32
    calibrated_ : bool
        Whether the probabilities are calibrated. After `partial_fit` they are not: call `calibrate`.

    See Also
    --------
    SVM : Support vector machines that need all rows in memory.
    ferbench.models.fit_in_stream : Fit a whole recipe on images block by block.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    Notes
    -----
    A pickled or loaded classifier predicts, but `partial_fit` cannot continue it: the state of the descent is left out.

    References
    ----------
    Bottou, "Large-scale machine learning with stochastic gradient descent", COMPSTAT 2010.
    Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.models import SGD
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(c, 1, (50, 2)) for c in (-4, 4)]).astype("float32")
    >>> y = np.repeat(["low", "high"], 50)
    >>> SGD().fit(X, y).predict([[4, 4]])
    array(['high'], dtype='<U4')
    """

    #: Version of the calibration where people are known, see `groups` of `fit`; part of the identity of such cells.
    person_version: ClassVar[int] = 1
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "loss": OneOf(("log_loss", "hinge")),
        "alpha": Above(0),
        "epochs": Whole(1),
        "block_size": Whole(1),
        "average": BOOLEAN,
        "calibration_fraction": Between(0, 1),
        "n_jobs": WorkerCount(),
        "random_state": SEED,
    }

    def __init__(
        self,
        loss: Literal["log_loss", "hinge"] = "log_loss",
        *,
        alpha: float = 0.0001,
        epochs: int = 5,
        block_size: int = 4096,
        average: bool = True,
        calibration_fraction: float = 0.2,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.loss = loss
        self.alpha = alpha
        self.epochs = epochs
        self.block_size = block_size
        self.average = average
        self.calibration_fraction = calibration_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit on all rows, in shuffled blocks.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Scaled features, converted to float32.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows; the calibration uses the same weights.
        groups : array-like of shape (n_samples,), optional
            Person of each row; nobody is in both parts of the calibration then.
        """
        rows, labels = self._checked(X, y)
        return self.fit_blocks(rows.__getitem__, labels, checked_weights(sample_weight, rows), groups)

    def fit_blocks(
        self,
        read: Read,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit on rows that are read block by block; the result is that of `fit` on the same rows.

        Parameters
        ----------
        read : callable
            Returns the rows at some places, given as a sorted ndarray of int, as float32 of shape
            (n_places, n_features). It is called once for each block of each epoch.
        y : array-like of shape (n_samples,)
            Labels of all rows.
        sample_weight : array-like of shape (n_samples,), optional
            Weights of the rows.
        groups : array-like of shape (n_samples,), optional
            Person of each row; nobody is in both parts of the calibration then.
        """
        check_parameters(self)
        labels = np.asarray(y)
        classes = check_classes(labels)
        weights = None if sample_weight is None else np.asarray(sample_weight, np.float64)
        fraction = min(self.calibration_fraction, CALIBRATION_ROWS / len(labels))
        people = checked_groups(groups, len(labels))
        rest, held_out = hold_out(labels, fraction, self.random_state or 0, people)
        # The first block starts anew.
        self.__dict__.pop("coefficients_", None)
        for epoch in range(self.epochs):
            order = np.random.default_rng((self.random_state or 0, epoch)).permutation(rest)
            for places in self._blocks(order):
                self.partial_fit(read(places), labels[places], classes, some(weights, places))
        # All blocks of decision values together are small: a few columns for at most `CALIBRATION_ROWS` rows.
        blocks = list(self._blocks(held_out))
        decisions = np.concatenate([self._decide(read(places)) for places in blocks])
        places = np.concatenate(blocks)
        return self._calibrate(decisions, labels[places], some(weights, places))

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Update the classifier with one block of rows; call `calibrate` after the last one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        classes : array-like of shape (n_classes,), optional
            All labels that any block has; required in the first call.
        sample_weight : array-like of shape (n_samples,), optional

        Raises
        ------
        ValueError
            If `classes` is missing in the first call, or the classifier was pickled or loaded.
        """
        first = "coefficients_" not in vars(self)
        if first:
            self._start(classes)
        elif "_machine" not in vars(self):
            raise ValueError("SGD: this copy was pickled or loaded and cannot be fitted further; fit a new one")
        rows, labels = validate_data(self, X, y, dtype=np.float32, order="C", reset=first)
        weights = checked_weights(sample_weight, rows)
        self._machine.partial_fit(rows, labels, self.classes_, None if weights is None else weights.astype(np.float32))
        self.coefficients_ = np.ascontiguousarray(self._machine.coef_.T, np.float32)
        self.intercept_ = np.asarray(self._machine.intercept_, np.float32).copy()
        self.calibrated_ = False
        self.probabilities_ = "normalized sigmoids of the decision values, not calibrated"
        return self

    def calibrate(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Calibrate the probabilities on rows that the classifier was not fitted on; each class must occur."""
        check_is_fitted(self, "coefficients_")
        rows = self._rows(X)
        return self._calibrate(self._decide(rows), np.asarray(y), checked_weights(sample_weight, rows))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "coefficients_")
        decisions = self._decide(self._rows(X))
        if self.calibrated_:
            return self.calibration_.predict_proba(decisions / self.decision_scale_)
        # Two classes have one decision value, which is that of the second class.
        shares = 1 / (1 + np.exp(-np.clip(decisions.astype(np.float64), -500, 500)))
        shares = np.column_stack([1 - shares, shares]) if shares.shape[1] == 1 else shares
        return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the log-odds of the probabilities; they are consistent with `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
        """
        return log_odds(self.predict_proba(X))

    def _start(self, classes: ArrayLike | None) -> None:
        check_parameters(self)
        if classes is None:
            raise ValueError("SGD: the first call of partial_fit needs classes, all labels that any block has")
        self.classes_ = check_classes(np.asarray(classes))
        self.implementation_ = f"scikit-learn {version('scikit-learn')} SGDClassifier"
        self._machine = SGDClassifier(
            loss=self.loss,
            alpha=self.alpha,
            average=bool(self.average),
            n_jobs=self.n_jobs,
            random_state=self.random_state,
        )

    def _blocks(self, order: Places) -> Iterator[Places]:
        for start in range(0, len(order), self.block_size):
            # Sorted places are read faster, and the descent shuffles the rows of a block.
            yield np.sort(order[start : start + self.block_size])

    def _decide(self, rows: Matrix) -> Matrix:
        return rows @ self.coefficients_ + self.intercept_

    def _calibrate(self, decisions: Matrix, y: NDArray[Any], weights: NDArray[np.float64] | None) -> Self:
        if not np.isfinite(decisions).all():
            raise ValueError("SGD: the decision values are not finite; scale the features, or raise alpha")
        self.decision_scale_, self.calibration_ = fit_calibration(decisions, y, self.classes_, weights)
        self.calibrated_ = True
        self.probabilities_ = (
            f"multinomial logistic regression of the decision values; learned on {len(y)} held-out training images"
        )
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_machine"}


REGISTERED = {
    "sgd-logreg": lambda: [("scale", StandardScaler()), ("classifier", SGD("log_loss"))],
    "sgd-svm": lambda: [("scale", StandardScaler()), ("classifier", SGD("hinge"))],
}
