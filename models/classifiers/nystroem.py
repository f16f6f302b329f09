"""Nyström approximation of the kernels, for more rows than a kernel matrix can hold."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import cholesky, solve_triangular
from sklearn.base import TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted, validate_data

from ferbench.models.classifiers.kernel_machine import KERNEL_CONSTRAINTS, KernelMachine
from ferbench.models.classifiers.kernels import Kernel, Matrix, kernel_block
from ferbench.utils import Constraint, Whole, check_parameters

# Added to the diagonal of the kernel of the chosen rows, relative to its mean. The small eigenvalues are inaccurate in
# float32, and the inverse would amplify their errors.
JITTER = 1e-3
# Rows that are enough to estimate the mean distance.
RATE_ROWS = 4096


class NystroemMap(TransformerMixin, KernelMachine):
    """Features whose inner products approximate a kernel (Nyström method).

    Use it before a linear classifier if a kernel matrix of all training rows does not fit into memory.

    Parameters
    ----------
    n_components : int, default=2000
        Number of randomly chosen training rows, and of columns of `transform`; all rows if there are fewer.
    kernel, gamma, scaling, blocks, views
        See `KernelRidge`.
    random_state : int, default=0
        Seed of the choice of rows.

    Attributes
    ----------
    rows_ : ndarray of shape (n_components, n_features), float32
        The chosen rows, scaled.
    weights_ : ndarray of shape (n_components, n_components), float32
        Transposed inverse of the Cholesky factor of the kernel of the chosen rows.

    See Also
    --------
    KernelRidge : Classifier with the exact kernel.
    sklearn.kernel_approximation.Nystroem : The same method for scikit-learn's kernels.

    References
    ----------
    Williams and Seeger, "Using the Nyström method to speed up kernel machines", NIPS 2000.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.models import NystroemMap
    >>> X = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    >>> NystroemMap(20).fit_transform(X).shape
    (50, 20)
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {"n_components": Whole(1), **KERNEL_CONSTRAINTS}

    def __init__(
        self,
        n_components: int = 2000,
        *,
        kernel: Kernel = "rbf",
        gamma: float | Literal["scale"] = "scale",
        scaling: Literal["center", "norm"] | None = "center",
        blocks: Sequence[int] | None = None,
        views: int = 1,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.kernel = kernel
        self.gamma = gamma
        self.scaling = scaling
        self.blocks = blocks
        self.views = views
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Choose the rows and compute the map, from features of shape (n_samples, n_features)."""
        check_parameters(self)
        rows: Matrix = validate_data(self, X, dtype=np.float32, order="C")
        self._widths()
        self._learn_scaling(rows)
        order = np.random.default_rng(self.random_state).permutation(len(rows))
        self._learn_rates(self._prepared(self._scaled(rows[order[:RATE_ROWS]])))
        self.rows_ = self._scaled(rows[np.sort(order[: self.n_components])])
        self.__dict__.pop("_stored_cache", None)
        stored = self._stored()
        kernel = kernel_block(stored, stored, self._rates()).astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += JITTER * max(kernel.diagonal().mean(), 1e-6)
        factor = cholesky(kernel, lower=True)
        self.weights_ = solve_triangular(factor, np.eye(len(factor)), lower=True).T.astype(np.float32)
        return self

    def fit_bytes(self, n_samples: int, n_features: int) -> int:
        """Return the bytes that the mapped training rows take."""
        return 4 * n_samples * min(self.n_components, n_samples)

    def transform(self, X: ArrayLike) -> Matrix:
        """Return the mapped features, ndarray of shape (n_samples, n_components), float32."""
        check_is_fitted(self, "weights_")
        return self._compare(validate_data(self, X, dtype=np.float32, order="C", reset=False), self.weights_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


REGISTERED = {
    "nystroem": lambda: [("map", NystroemMap()), ("classifier", LogisticRegression(C=10.0, max_iter=300))],
}
