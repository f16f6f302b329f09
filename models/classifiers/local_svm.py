"""Classifier that fits linear SVMs for each query, on the nearest training rows of the query."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ferbench.models.base import RowClassifier, fit_calibration, hold_out, log_odds
from ferbench.models.classifiers.kernels import Matrix, normalize
from ferbench.models.classifiers.neighbors import nearest
from ferbench.utils import SEED, Above, Constraint, OrNone, Whole, WorkerCount

# Queries in one task of a worker.
QUERIES = 64
# Newton steps for each SVM; the set of rows inside the margin rarely changes after three.
STEPS = 4


class LocalSVM(RowClassifier):
    """Local learning with linear SVMs that are fitted on the neighbors of each query.

    The decision surface has to be linear only locally. Rows are scaled to unit length and projected on their principal
    axes. For each query, one SVM for each class against the rest is fitted on the neighbors in the projected space,
    with the squared hinge loss and Newton's method. `sample_weight` is not supported, since a row that
    counts twice would take the place of another neighbor.

    Parameters
    ----------
    n_neighbors : int, default=500
        Number of training rows to fit on for each query.
    C : float, default=1.0
        Inverse regularization strength of the local SVMs.
    n_components : int or None, default=128
        Number of principal axes to project on; None uses all columns without projection.
    loo_rows : int, default=2048
        Number of training rows, drawn at random and stratified, whose leave-one-out decision values calibrate the
        probabilities.
    n_jobs : int or None, default=None
        Threads, as in joblib: None is one, -1 is all cores.
    random_state : int, default=0
        Seed of the choice of these rows.

    Attributes
    ----------
    rows_ : ndarray of shape (n_samples, n_components), float32
        Projected training rows.

    See Also
    --------
    KNN : Vote of the neighbors.
    SVM : One support vector machine for all queries.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    References
    ----------
    Ionescu, Popescu and Grozea, "Local learning to improve bag of visual words model for facial expression
    recognition", ICML 2013 workshop on challenges in representation learning. Chapelle, "Training a support vector
    machine in the primal", Neural Computation 19, 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.models import LocalSVM
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(c, 1, (50, 3)) for c in ([4, 0, 0], [0, 4, 0], [0, 0, 4])]).astype("float32")
    >>> y = np.repeat(["low", "middle", "high"], 50)
    >>> LocalSVM(40, n_components=None).fit(X, y).predict([[0, 0, 5]])
    array(['high'], dtype='<U6')
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        "n_neighbors": Whole(1),
        "C": Above(0),
        "n_components": OrNone(Whole(1)),
        "loo_rows": Whole(1),
        "n_jobs": WorkerCount(),
        "random_state": SEED,
    }

    def __init__(
        self,
        n_neighbors: int = 500,
        *,
        C: float = 1.0,
        n_components: int | None = 128,
        loo_rows: int = 2048,
        n_jobs: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.C = C
        self.n_components = n_components
        self.loo_rows = loo_rows
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Store the projected training rows and fit the calibration."""
        rows, labels = self._checked(X, y)
        self.targets_ = np.searchsorted(self.classes_, labels)
        self.mean_ = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.components_ = self._axes(normalize(rows, "rbf", self.mean_))
        self.rows_ = self._projected(rows)
        self.norms_ = np.square(self.rows_).sum(axis=1)
        _, left_out = hold_out(labels, self.loo_rows / len(labels), self.random_state)
        scores = self._decide(self.rows_[left_out], own=left_out)
        self.score_scale_, self.calibration_ = fit_calibration(scores, labels[left_out], self.classes_)
        self.implementation_ = "ferbench, primal squared hinge by Newton's method"
        self.probabilities_ = (
            "multinomial logistic regression of the local machines' decision values; learned on "
            f"{len(left_out)} training images, each asked among the others"
        )
        return self

    def fit_bytes(self, n_samples: int, n_features: int) -> int:
        """Return the bytes that the normalized training rows take."""
        return 4 * n_samples * n_features

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "calibration_")
        scores = self._decide(self._projected(self._rows(X)))
        return self.calibration_.predict_proba(scores / self.score_scale_)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the log-odds of the calibrated probabilities, in the same shape as :meth:`SVM.decision_function`."""
        return log_odds(self.predict_proba(X))

    def _axes(self, rows: Matrix) -> Matrix | None:
        if self.n_components is None or self.n_components >= min(rows.shape):
            return None
        pca = PCA(self.n_components, svd_solver="covariance_eigh").fit(rows)
        return np.ascontiguousarray(pca.components_.T, dtype=np.float32)

    def _projected(self, rows: Matrix) -> Matrix:
        scaled = normalize(rows, "rbf", self.mean_)
        return scaled if self.components_ is None else scaled @ self.components_

    def _decide(self, queries: Matrix, own: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Return the decision values of the local SVMs of each query, ndarray of shape (n_queries, n_classes)."""
        slices = [slice(start, start + QUERIES) for start in range(0, len(queries), QUERIES)]
        bar = tqdm(slices, desc="local SVMs", unit="batch", delay=2, leave=False, disable=None)
        pool = Parallel(n_jobs=self.n_jobs, prefer="threads", return_as="generator")
        tasks = (delayed(self._decide_some)(queries[part], None if own is None else own[part]) for part in bar)
        return np.concatenate(list(pool(tasks)))

    def _decide_some(self, queries: Matrix, own: NDArray[np.intp] | None) -> NDArray[np.float64]:
        places, _ = nearest(queries, self.rows_, self.norms_, self.n_neighbors, own=own)
        scores = np.full((len(queries), len(self.classes_)), -1.0)
        for number, (query, neighbors) in enumerate(zip(queries, places, strict=True)):
            present, targets = np.unique(self.targets_[neighbors], return_inverse=True)
            signs = np.where(targets[:, None] == np.arange(len(present)), 1, -1).astype(np.float32)
            weights = _fit_machines(self.rows_[neighbors] - query, signs, self.C)
            # The query is the origin, so its decision values are the intercepts.
            scores[number, present] = weights[:, -1] if len(present) > 1 else 1.0
        return scores


def _fit_machines(rows: Matrix, signs: Matrix, C: float) -> NDArray[np.float64]:
    """Minimize ``|w|^2 / 2 + C sum(max(0, 1 - y (w x + b))^2)`` for each column of `signs`.

    Each Newton step solves a least-squares problem on the rows that are inside the margin.

    Returns
    -------
    ndarray of shape (n_machines, n_features + 1), float64
        The last column holds the intercepts, which have only a very weak regularization.
    """
    rows = np.column_stack([rows, np.ones(len(rows), np.float32)])
    ridge = np.full(rows.shape[1], 0.5 / C)
    ridge[-1] = 1e-3
    inside = np.ones(signs.T.shape, bool)
    for _ in range(STEPS):
        masked = np.where(inside[:, :, None], rows, np.float32(0))
        hessian = (masked.transpose(0, 2, 1) @ rows).astype(np.float64)
        hessian[:, np.arange(len(ridge)), np.arange(len(ridge))] += ridge
        right = np.where(inside, signs.T, np.float32(0)) @ rows
        weights = np.linalg.solve(hessian, right[:, :, None])[:, :, 0]
        now = signs.T * (weights.astype(np.float32) @ rows.T) < 1
        if (now == inside).all():
            break
        inside = now
    return np.asarray(weights, np.float64)


REGISTERED = {"local-svm": LocalSVM}
