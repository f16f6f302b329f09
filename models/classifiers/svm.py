"""Support vector machines that finish on 28,709 faces, with probabilities that cost less than a second fit."""

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

# Rows of the kernel matrix computed at once: 1,024 rows against 25,000 support vectors are 100 MB of float32.
BLOCK = 1024


class SVM(RowClassifier):
    """Support vector machine with calibrated probabilities.

    The machine is fitted on all rows. How its decision values become probabilities is learned on a stratified part of
    the rows that a machine fitted on the rest has not seen: one smaller fit instead of the five of
    ``sklearn.svm.SVC(probability=True)``. `predict` is the class with the largest probability.

    Parameters
    ----------
    kernel : {"rbf", "linear", "chi2", "intersection"}, default="rbf"
        ``rbf`` fits one machine for each pair of classes, with scikit-learn-intelex where it is installed and otherwise
        with LIBSVM; ``linear`` fits one for each class against the rest, with a squared hinge as LIBLINEAR does.
        ``chi2`` and ``intersection`` are for histograms: as ``rbf``, with the chi-square distance or the sum of
        absolute differences of rows of unit sum in place of the squared distance, by way of explicit maps of 3 and 5
        times as many columns.
    C : float, default=1.0
        Inverse strength of the regularization.
    gamma : float or "scale", default="scale"
        Width of the RBF kernel; ``scale`` is ``1 / (n_features * X.var())``, and for histograms 2 divided by the mean
        distance.
    calibration_fraction : float, default=0.2
        Part of the rows on which the probabilities are calibrated.
    accelerate : bool, default=True
        Whether to use scikit-learn-intelex where it is installed.
    random_state : int, default=0
        Seed of the calibration part.

    Attributes
    ----------
    support_vectors_ : ndarray of shape (n_support, n_features), float32
        Rows of training features; not for ``kernel="linear"``.

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

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit a smaller machine, calibrate it on the rows it has not seen, then fit the machine on all rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Scaled features; computed in float32.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), optional
            Factors of `C` for each row; the calibration weighs the rows by them too.
        """
        rows, labels = self._checked(X, y)
        weights = checked_weights(sample_weight, rows)
        rest, held_out = hold_out(labels, self.calibration_fraction, self.random_state)
        self._fit_machine(rows[rest], labels[rest], some(weights, rest))
        self._calibrate(self._decide(rows[held_out]), labels[held_out], some(weights, held_out))
        if rest is not held_out:
            self._fit_machine(rows, labels, weights)
        return self

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
        """Decision values, a column for each pair of classes (rbf) or each class (linear); one for two classes."""
        rows = self._rows(X)
        if self.kernel == "linear":
            return rows @ self.coefficients_ + self.intercept_
        return np.concatenate([self._kernel(rows[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)])

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        check_is_fitted(self, "probabilities_")
        decisions = self._decide(X)
        if self.kernel != "linear":
            return couple(decisions, self.sigmoids_, len(self.classes_))
        return self.calibration_.predict_proba(decisions / self.decision_scale_)

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Log-odds of the calibrated probabilities, which never contradict `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            Logarithms of the probabilities less their mean; for two classes the logarithm of their ratio, above 0 for
            the second.
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
        # Of mapped rows the map is several times as large as the row: bundles keep the rows.
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
        """Mapped support vectors and their squared lengths, kept in memory; bundles and pickles do without."""
        if (support := self.__dict__.get("_support_cache")) is None:
            mapped = self._mapped(self.support_vectors_)
            support = self._support_cache = (mapped, np.square(mapped).sum(axis=1))
        return support

    def _kernel(self, X: Matrix) -> Matrix:
        """Decision values of one block: distances by one matrix product, then the weighted sum of the kernel."""
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
    """Unfold LIBSVM's packed dual coefficients, one column for each pair of classes.

    ``dual[j - 1]`` holds a support vector's weight against class ``j`` when its own class comes before ``j``, and
    ``dual[i]`` its weight against class ``i`` when its own comes after (scikit-learn user guide, 1.4.1.1).
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
