"""What kernel ridge regression and the Nyström map share: rows, scaling, blocks of columns and views."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator

from ferbench.models.classifiers.kernels import (
    ADDITIVE,
    KERNELS,
    Kernel,
    Matrix,
    Prepared,
    kernel_block,
    mean_squared_distances,
    normalize,
    prepare,
)
from ferbench.utils import SEED, Above, Constraint, Each, Either, OneOf, OrNone, Whole

# Rows of a kernel matrix computed at once.
BLOCK = 1024
#: What the parameters may be that all kernel machines share.
KERNEL_CONSTRAINTS: dict[str, Constraint] = {
    "kernel": OneOf(KERNELS),
    "gamma": Either(OneOf(("scale",)), Above(0)),
    "scaling": OrNone(OneOf(("center", "norm"))),
    "blocks": OrNone(Each(Whole(1), "whole numbers of at least 1", least=1)),
    "views": Whole(1),
    "random_state": SEED,
}


class KernelMachine(BaseEstimator):
    """Base of estimators that compare new rows with stored ones; subclasses store their parameters.

    Attributes
    ----------
    rows_ : ndarray of shape (n_stored, n_features), float32
        Scaled rows to compare with.
    """

    constraints: ClassVar[Mapping[str, Constraint]] = KERNEL_CONSTRAINTS

    kernel: Kernel
    gamma: float | Literal["scale"]
    scaling: Literal["center", "norm"] | None
    blocks: Sequence[int] | None
    views: int

    rows_: Matrix
    n_features_in_: int

    def _widths(self) -> list[int]:
        """Columns of each block in one view, checked against the columns there are."""
        width, rest = divmod(self.n_features_in_, self.views)
        widths = [int(each) for each in self.blocks] if self.blocks is not None else [width]
        if rest or sum(widths) != width or min(widths) < 1:
            raise ValueError(
                f"{type(self).__name__}: {self.views} view(s) of blocks of {widths} columns need "
                f"{self.views * sum(widths)} columns; got {self.n_features_in_}"
            )
        return widths

    def _learn_scaling(self, X: Matrix) -> None:
        """Mean of the columns, the same for all views, so that no view is preferred."""
        if self.scaling == "center" and self.kernel not in ADDITIVE:
            mean = X.mean(axis=0, dtype=np.float64).reshape(self.views, -1).mean(axis=0)
            self.mean_ = np.tile(mean, self.views).astype(np.float32)

    def _scaled(self, X: Matrix) -> Matrix:
        """Each block of each view scaled by itself."""
        if self.scaling is None:
            return X
        mean = getattr(self, "mean_", None)
        scaled, start = np.empty_like(X, order="C"), 0
        for width in self._widths() * self.views:
            part = slice(start, start + width)
            scaled[:, part] = normalize(X[:, part], self.kernel, None if mean is None else mean[part])
            start += width
        return scaled

    def _prepared(self, rows: Matrix) -> Prepared:
        return prepare(rows, self.kernel, self._widths(), self.views)

    def _learn_rates(self, rows: Prepared) -> None:
        """How fast the kernel falls with the squared distance, in each block."""
        gamma = 4.0 if self.gamma == "scale" else float(self.gamma)
        self.rates_ = [gamma / mean for mean in mean_squared_distances(rows)]

    def _rates(self) -> list[float] | None:
        return None if self.kernel == "linear" else self.rates_

    def _stored(self) -> Prepared:
        """The stored rows, prepared once and kept in memory; bundles and pickles do without."""
        if (stored := self.__dict__.get("_stored_cache")) is None:
            stored = self._stored_cache = self._prepared(self.rows_)
        return stored

    def _compare(self, X: Matrix, weights: Matrix) -> Matrix:
        """Kernel of new rows with the stored ones times weights, block by block."""
        stored = self._stored()
        new = self._prepared(self._scaled(X))
        parts = (kernel_block(new[i : i + BLOCK], stored, self._rates()) @ weights for i in range(0, len(X), BLOCK))
        return np.concatenate(list(parts))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_stored_cache"}
