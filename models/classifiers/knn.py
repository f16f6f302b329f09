"""Nearest neighbors with probabilities that are calibrated on the training rows themselves."""

from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ferbench.models.base import MostProbable, fit_calibration, hold_out, log_scores
from ferbench.models.classifiers.kernels import Matrix, normalize
from ferbench.models.classifiers.neighbors import nearest

# Weight of the class shares of all training rows in a vote, in neighbors.
PRIOR_ROWS = 1.0


class KNN(MostProbable, BaseEstimator):
    """Vote of the nearest training rows, the nearer the heavier.

    A neighbor's weight falls evenly from 1 for the nearest to 0 for the one after the last.

    Parameters
    ----------
    n_neighbors : int, default=30
        How many rows vote.
    scaling : {"center", "norm"} or None, default="center"
        Rows are scaled to unit length; ``center`` takes off the mean of the columns before.
    loo_rows : int, default=4096
        Training rows, a stratified random part, whose votes without themselves calibrate the probabilities.
    random_state : int, default=0
        Seed of that part.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in the order of the columns of `predict_proba`.
    rows_ : ndarray of shape (n_samples, n_features), float32
        Scaled training rows.
    implementation_, probabilities_ : str
        Library that found the neighbors; how the probabilities come about.

    References
    ----------
    Dudani, "The distance-weighted k-nearest-neighbor rule", IEEE Transactions on Systems, Man and Cybernetics 6, 1976.

    Examples
    --------
    >>> from ferbench.models import KNN
    >>> KNN(3, scaling=None).fit([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]], ["sad"] * 3 + ["happy"] * 3).predict([[8]])
    array(['happy'], dtype='<U5')
    """

    def __init__(
        self,
        n_neighbors: int = 30,
        *,
        scaling: Literal["center", "norm"] | None = "center",
        loo_rows: int = 4096,
        random_state: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.scaling = scaling
        self.loo_rows = loo_rows
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Store the rows of features and learn the calibration."""
        self._check_parameters()
        rows, labels = validate_data(self, X, y, dtype=np.float32, order="C")
        check_classification_targets(labels)
        self.classes_, self.targets_ = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y must hold at least two classes; got 1 class: {self.classes_[0]!r}")
        self.shares_ = np.bincount(self.targets_) / len(labels)
        if self.scaling == "center":
            self.mean_ = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.rows_ = self._scaled(rows)
        self.norms_ = np.square(self.rows_).sum(axis=1)
        _, left_out = hold_out(labels, self.loo_rows / len(labels), self.random_state)
        scores = self._vote(self.rows_[left_out], own=left_out)
        self.score_scale_, self.calibration_ = fit_calibration(scores, labels[left_out])
        self.implementation_ = "ferbench, exact search by float32 matrix products"
        self.probabilities_ = (
            "multinomial logistic regression of the logarithms of the votes; learned on the leave-one-out votes for "
            f"{len(left_out)} training images"
        )
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "calibration_")
        rows = validate_data(self, X, dtype=np.float32, order="C", reset=False)
        return self.calibration_.predict_proba(self._vote(self._scaled(rows)) / self.score_scale_)

    def _scaled(self, rows: Matrix) -> Matrix:
        return rows if self.scaling is None else normalize(rows, "rbf", getattr(self, "mean_", None))

    def _vote(self, rows: Matrix, own: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Logarithms of the weighted shares of the classes among the neighbors, drawn towards those of all rows."""
        places, distances = nearest(rows, self.rows_, self.norms_, self.n_neighbors + 1, own=own)
        lengths = np.sqrt(distances.astype(np.float64))
        spread = lengths[:, -1:] - lengths[:, :1]
        weights = np.where(spread > 0, (lengths[:, -1:] - lengths) / np.where(spread > 0, spread, 1), 1.0)
        votes = np.zeros((len(rows), len(self.classes_)))
        np.add.at(votes, (np.arange(len(rows))[:, None], self.targets_[places]), weights)
        votes += PRIOR_ROWS * self.shares_
        return log_scores(votes / votes.sum(axis=1, keepdims=True))

    def _check_parameters(self) -> None:
        for name in ("n_neighbors", "loo_rows"):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= 1):
                raise ValueError(f"KNN: {name} must be a whole number of at least 1; got {value!r}")
        if self.scaling not in ("center", "norm", None):
            raise ValueError(f"KNN: scaling must be center, norm or None; got {self.scaling!r}")
