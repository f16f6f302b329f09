"""Support vector machines with calibrated probabilities, for tens of thousands of rows."""

import importlib.util
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from ferbench.models.base import (
    RowClassifier,
    check_covered,
    checked_groups,
    checked_weights,
    fit_calibration,
    hold_out,
    log_odds,
    some,
)
from ferbench.models.classifiers.coupling import couple, fit_sigmoids
from ferbench.models.classifiers.kernels import (
    ADDITIVE,
    KERNELS,
    Kernel,
    Matrix,
    map_additive,
    mean_squared_distances,
    normalize,
    prepare,
)
from ferbench.models.classifiers.squared_hinge import squared_hinge_machines
from ferbench.utils import BOOLEAN, SEED, Above, Between, Constraint, Either, OneOf

# Rows of the kernel matrix computed at once: 1,024 rows and 25,000 support vectors take 100 MB in float32.
BLOCK = 1024


class SVM(RowClassifier):
    """Support vector machine with calibrated probabilities.

    The SVM is fitted on all rows. To calibrate its probabilities, a second SVM is fitted on a stratified part of the
    rows, and its decision values on the remaining rows are used. This costs one smaller fit instead of the five fits of
    ``sklearn.svm.SVC(probability=True)``. `predict` returns the class with the largest probability.

    Parameters
    ----------
    kernel : {"rbf", "linear", "chi2", "intersection"}, default="rbf"
        ``rbf`` fits one classifier for each pair of classes, with scikit-learn-intelex if it is installed, else with
        LIBSVM. ``linear`` fits one classifier for each class against the rest, with the squared hinge loss of
        LIBLINEAR. ``chi2`` and ``intersection`` are for histograms. They replace the squared distance of ``rbf`` by the
        chi-square distance or the sum of absolute differences of rows scaled to unit sum. They use explicit feature
        maps with 3 and 5 times as many columns.
    C : float, default=1.0
        Inverse regularization strength.
    gamma : float or "scale", default="scale"
        Factor of the squared distance in the RBF kernel. ``scale`` is ``1 / (n_features * X.var())``, or 2 divided by
        the mean distance for histogram kernels.
    calibration_fraction : float, default=0.2
        Fraction of the rows on which the probabilities are calibrated.
    accelerate : bool, default=True
        Whether to use scikit-learn-intelex if it is installed.
    random_state : int, default=0
        Seed of the calibration part.

    Attributes
    ----------
    support_vectors_ : ndarray of shape (n_support, n_features), float32
        Support vectors; not set for ``kernel="linear"``.

    See Also
    --------
    KernelRidge : Kernel classifier with a closed-form solution.
    LocalSVM : Linear SVMs fitted on the neighbors of each query.
    sklearn.svm.SVC : Support vector machine of scikit-learn.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    References
    ----------
    Platt, "Probabilistic outputs for support vector machines", 1999.
    Wu, Lin and Weng, "Probability estimates for multi-class classification by pairwise coupling", JMLR 5, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.models import SVM
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(c, 1, (50, 2)) for c in (0, 4, 8)]).astype("float32")
    >>> y = np.repeat(["low", "middle", "high"], 50)
    >>> SVM().fit(X, y).predict([[8, 8]])
    array(['high'], dtype='<U6')
    """

    behavior_libraries: ClassVar[tuple[str, ...]] = ("scikit-learn-intelex",)
    #: Version of the calibration where people are known, see `groups` of `fit`; part of the identity of such cells.
    person_version: ClassVar[int] = 1
    constraints: ClassVar[Mapping[str, Constraint]] = {
        "kernel": OneOf(KERNELS),
        "C": Above(0),
        "gamma": Either(OneOf(("scale",)), Above(0)),
        "calibration_fraction": Between(0, 1),
        "accelerate": BOOLEAN,
        "random_state": SEED,
    }

    def __init__(
        self,
        kernel: Kernel = "rbf",
        *,
        C: float = 1.0,
        gamma: float | Literal["scale"] = "scale",
        calibration_fraction: float = 0.2,
        accelerate: bool = True,
        random_state: int = 0,
    ) -> None:
        self.kernel = kernel
        self.C = C
        self.gamma = gamma
        self.calibration_fraction = calibration_fraction
        self.accelerate = accelerate
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Fit on a part of the rows, calibrate the probabilities on the others, then fit on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Scaled features, converted to float32.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Factors of `C` for each row; the calibration uses the same weights.
        groups : array-like of shape (n_samples,), optional
            Person of each row; nobody is in both parts of the calibration then.
        """
        rows, labels = self._checked(X, y)
        weights = checked_weights(sample_weight, rows)
        people = checked_groups(groups, len(labels))
        rest, held_out = hold_out(labels, self.calibration_fraction, self.random_state, people)
        self._fit_machine(rows[rest], labels[rest], some(weights, rest))
        self._calibrate(self._decide(rows[held_out]), labels[held_out], some(weights, held_out))
        if rest is not held_out:
            self._fit_machine(rows, labels, weights)
        return self

    def fit_bytes(self, n_samples: int, n_features: int) -> int:
        """Return the bytes that `fit` holds at least at the same time: the rows of its first fit, copied and mapped."""
        copies = {"rbf": 1, "linear": 2, "chi2": 4, "intersection": 6}[self.kernel]
        return int(4 * n_samples * n_features * copies * (1 - self.calibration_fraction))

    def _calibrate(self, decisions: Matrix, y: NDArray[Any], weights: NDArray[np.float64] | None) -> None:
        check_covered(y, self.classes_)
        if self.kernel != "linear":
            targets = np.searchsorted(self.classes_, y)
            self.sigmoids_ = fit_sigmoids(decisions, targets, len(self.classes_), weights)
            how = "sigmoids of the pairwise decision values, coupled"
        else:
            self.decision_scale_, self.calibration_ = fit_calibration(decisions, y, self.classes_, weights)
            how = "multinomial logistic regression of the decision values"
        self.probabilities_ = f"{how}; learned on {len(y)} held-out training images"

    def _decide(self, X: ArrayLike) -> Matrix:
        """Return decision values: one column for each pair of classes (rbf) or each class (linear)."""
        rows = self._rows(X)
        if self.kernel == "linear":
            return rows @ self.coefficients_ + self.intercept_
        return np.concatenate([self._kernel(rows[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)])

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "probabilities_")
        decisions = self._decide(X)
        if self.kernel != "linear":
            return couple(decisions, self.sigmoids_, len(self.classes_))
        return self.calibration_.predict_proba(decisions / self.decision_scale_)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the log-odds of the calibrated probabilities; they are consistent with `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            Centered log-probabilities. For two classes, the log of the ratio of the probabilities; it is positive if
            the second class is more probable.
        """
        return log_odds(self.predict_proba(X))

    def _fit_machine(self, X: Matrix, y: NDArray[Any], weights: NDArray[np.float64] | None) -> None:
        if self.kernel == "linear":
            self._fit_linear(X, y, weights)
        else:
            self._fit_rbf(X, y, weights)

    def _fit_linear(self, X: Matrix, y: NDArray[Any], weights: NDArray[np.float64] | None) -> None:
        signs = np.where(y[:, None] == self.classes_, 1, -1).astype(np.float32)
        slopes = squared_hinge_machines(X, signs[:, 1:] if len(self.classes_) == 2 else signs, self.C, weights)
        self.coefficients_, self.intercept_ = slopes[:-1], slopes[-1]
        self.implementation_ = "ferbench, primal squared hinge by SciPy's L-BFGS-B"

    def _fit_rbf(self, X: Matrix, y: NDArray[Any], weights: NDArray[np.float64] | None) -> None:
        machine_class, self.implementation_ = _rbf_machine(self.accelerate)
        mapped = self._mapped(X)
        self.gamma_ = self._scale(mapped) if self.gamma == "scale" else self.gamma
        machine = machine_class(C=self.C, gamma=self.gamma_, cache_size=1000).fit(mapped, y, weights)
        # Bundles store the original rows, since mapped rows have several times as many columns.
        self.support_vectors_ = np.ascontiguousarray(X[np.asarray(machine.support_)])
        self.__dict__.pop("_support_cache", None)
        self._support()
        self.coefficients_ = _pairwise_coefficients(np.asarray(machine.dual_coef_), np.asarray(machine.n_support_))
        self.intercept_ = np.asarray(machine.intercept_, dtype=np.float32).ravel()

    def _mapped(self, X: Matrix) -> Matrix:
        return map_additive(normalize(X, self.kernel), self.kernel) if self.kernel in ADDITIVE else X

    def _scale(self, mapped: Matrix) -> float:
        if self.kernel in ADDITIVE:
            return 2 / mean_squared_distances(prepare(mapped, "rbf", [mapped.shape[1]], 1))[0]
        variance = float(mapped.var(dtype=np.float64))
        return 1 / (mapped.shape[1] * variance) if variance > 0 else 1.0

    def _support(self) -> tuple[Matrix, Matrix]:
        """Return the mapped support vectors and their squared lengths; cached, but not saved in pickles and bundles."""
        if (support := self.__dict__.get("_support_cache")) is None:
            mapped = self._mapped(self.support_vectors_)
            support = self._support_cache = (mapped, np.square(mapped).sum(axis=1))
        return support

    def _kernel(self, X: Matrix) -> Matrix:
        """Compute the decision values of one block of rows."""
        X = self._mapped(X)
        support, norms = self._support()
        squared = X @ support.T
        squared *= -2
        squared += norms
        squared += np.square(X).sum(axis=1, keepdims=True)
        np.maximum(squared, 0, out=squared)
        squared *= -np.float32(self.gamma_)
        return np.exp(squared, out=squared) @ self.coefficients_ + self.intercept_

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_support_cache"}


def _rbf_machine(accelerate: bool) -> tuple[Any, str]:
    if accelerate and importlib.util.find_spec("sklearnex") is not None:
        from sklearnex.svm import SVC

        return SVC, f"scikit-learn-intelex {version('scikit-learn-intelex')} SVC"
    from sklearn.svm import SVC

    return SVC, f"scikit-learn {version('scikit-learn')} SVC (LIBSVM)"


def _pairwise_coefficients(dual: NDArray[Any], n_support: NDArray[Any]) -> Matrix:
    """Expand LIBSVM's packed dual coefficients to one column for each pair of classes.

    For a support vector whose class precedes class ``j``, its weight against ``j`` is in ``dual[j - 1]``. If its class
    follows class ``i``, its weight against ``i`` is in ``dual[i]`` (scikit-learn user guide, 1.4.1.1).
    """
    if len(dual) == 1:
        return np.ascontiguousarray(dual.T, dtype=np.float32)
    ends = np.cumsum(n_support)
    rows = [slice(end - n, end) for end, n in zip(ends, n_support, strict=True)]
    pairs = [(i, j) for i in range(len(n_support)) for j in range(i + 1, len(n_support))]
    unfolded = np.zeros((dual.shape[1], len(pairs)), dtype=np.float32)
    for column, (i, j) in enumerate(pairs):
        unfolded[rows[i], column] = dual[j - 1, rows[i]]
        unfolded[rows[j], column] = dual[i, rows[j]]
    return unfolded


REGISTERED = {
    "chi2-svm": lambda: SVM("chi2", C=3.0),
    "intersection-svm": lambda: SVM("intersection", C=3.0),
    "linear-svm": lambda: [("scale", StandardScaler()), ("classifier", SVM("linear", C=1e-4))],
    "svm": lambda: [("scale", StandardScaler()), ("classifier", SVM("rbf", C=3.0))],
}
