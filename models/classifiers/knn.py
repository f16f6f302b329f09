"""Nearest-neighbor classifier with probabilities calibrated on leave-one-out votes."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ferbench.models.base import RowClassifier, fit_calibration, hold_out, log_scores
from ferbench.models.classifiers.kernels import Matrix, normalize
from ferbench.models.classifiers.neighbors import nearest
from ferbench.utils import SEED, Constraint, OneOf, OrNone, Whole

# Weight of the class frequencies of all training rows in a vote, as a number of neighbors.
PRIOR_ROWS = 1.0


class KNN(RowClassifier):
    """Distance-weighted vote of the nearest training rows.

    The weight of a neighbor decreases linearly, from 1 for the nearest neighbor to 0 for the first row that is not a
    neighbor. `sample_weight` is not supported, since a row that counts twice would take the place of another neighbor.

    Parameters
    ----------
    n_neighbors : int, default=30
        Number of neighbors that vote.
    scaling : {"center", "norm"} or None, default="center"
        ``norm`` scales rows to unit length; ``center`` subtracts the mean of the columns first.
    loo_rows : int, default=4096
        Number of training rows, drawn at random and stratified, whose leave-one-out votes calibrate the probabilities.
    random_state : int, default=0
        Seed of the choice of these rows.

    Attributes
    ----------
    rows_ : ndarray of shape (n_samples, n_features), float32
        Scaled training rows.

    See Also
    --------
    LocalSVM : Fits linear SVMs on the neighbors.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    References
    ----------
    Dudani, "The distance-weighted k-nearest-neighbor rule", IEEE Transactions on Systems, Man and Cybernetics 6, 1976.

    Examples
    --------
    >>> from ferbench.models import KNN
    >>> KNN(3, scaling=None).fit([[0.0], [1.0], [2.0], [7.0], [8.0], [9.0]], ["sad"] * 3 + ["happy"] * 3).predict([[8]])
    array(['happy'], dtype='<U5')
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "n_neighbors": Whole(1),
        "scaling": OrNone(OneOf(("center", "norm"))),
        "loo_rows": Whole(1),
        "random_state": SEED,
    }

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
        """Store the training rows and fit the calibration."""
        rows, labels = self._checked(X, y)
        self.targets_ = np.searchsorted(self.classes_, labels)
        self.shares_ = np.bincount(self.targets_) / len(labels)
        if self.scaling == "center":
            self.mean_ = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.rows_ = self._scaled(rows)
        self.norms_ = np.square(self.rows_).sum(axis=1)
        _, left_out = hold_out(labels, self.loo_rows / len(labels), self.random_state)
        scores = self._vote(self.rows_[left_out], own=left_out)
        self.score_scale_, self.calibration_ = fit_calibration(scores, labels[left_out], self.classes_)
        self.implementation_ = "ferbench, exact search by float32 matrix products"
        self.probabilities_ = (
            "multinomial logistic regression of the logarithms of the votes; learned on the leave-one-out votes for "
            f"{len(left_out)} training images"
        )
        return self

    def fit_bytes(self, n_samples: int, n_features: int) -> int:
        """Return the bytes that the scaled training rows take."""
        return 4 * n_samples * n_features

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "calibration_")
        return self.calibration_.predict_proba(self._vote(self._scaled(self._rows(X))) / self.score_scale_)

    def _scaled(self, rows: Matrix) -> Matrix:
        return rows if self.scaling is None else normalize(rows, "rbf", getattr(self, "mean_", None))

    def _vote(self, rows: Matrix, own: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Return the log of the weighted class frequencies of the neighbors, smoothed towards those of all rows."""
        places, distances = nearest(rows, self.rows_, self.norms_, self.n_neighbors + 1, own=own)
        lengths = np.sqrt(distances.astype(np.float64))
        spread = lengths[:, -1:] - lengths[:, :1]
        weights = np.where(spread > 0, (lengths[:, -1:] - lengths) / np.where(spread > 0, spread, 1), 1.0)
        votes = np.zeros((len(rows), len(self.classes_)))
        np.add.at(votes, (np.arange(len(rows))[:, None], self.targets_[places]), weights)
        votes += PRIOR_ROWS * self.shares_
        return log_scores(votes / votes.sum(axis=1, keepdims=True))


REGISTERED = {"knn": KNN}
