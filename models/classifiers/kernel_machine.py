"""Base class of the kernel methods: stored rows, scaling, blocks of columns and views."""

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
#: Constraints of the parameters that all kernel methods share.
KERNEL_CONSTRAINTS: dict[str, Constraint] = {
    "kernel": OneOf(KERNELS),
    "gamma": Either(OneOf(("scale",)), Above(0)),
    "scaling": OrNone(OneOf(("center", "norm"))),
    "blocks": OrNone(Each(Whole(1), "whole numbers of at least 1", least=1)),
    "views": Whole(1),
    "random_state": SEED,
}


class KernelMachine(BaseEstimator):
    """Base class of the estimators that evaluate a kernel between new rows and stored rows.

    Attributes
    ----------
    rows_ : ndarray of shape (n_stored, n_features), float32
        Stored rows, scaled.
    """

    constraints: ClassVar[Mapping[str, Constraint]] = KERNEL_CONSTRAINTS
    behavior_version: ClassVar[int] = 1
    behavior_libraries: ClassVar[tuple[str, ...]] = ("numpy", "scipy")

    kernel: Kernel
    gamma: float | Literal["scale"]
    scaling: Literal["center", "norm"] | None
    blocks: Sequence[int] | None
    views: int

    rows_: Matrix
    n_features_in_: int

    def _widths(self) -> list[int]:
        """Return the width of each block in one view, after comparing their sum with the number of features."""
        width, rest = divmod(self.n_features_in_, self.views)
        widths = [int(each) for each in self.blocks] if self.blocks is not None else [width]
        if rest or sum(widths) != width or min(widths) < 1:
            raise ValueError(
                f"{type(self).__name__}: {self.views} view(s) of blocks of {widths} columns need "
                f"{self.views * sum(widths)} columns; got {self.n_features_in_}"
            )
        return widths

    def _learn_scaling(self, X: Matrix) -> None:
        """Compute the mean of the columns, averaged over the views so that all views are treated alike."""
        if self.scaling == "center" and self.kernel not in ADDITIVE:
            mean = X.mean(axis=0, dtype=np.float64).reshape(self.views, -1).mean(axis=0)
            self.mean_ = np.tile(mean, self.views).astype(np.float32)

    def _scaled(self, X: Matrix) -> Matrix:
        """Scale each block of each view separately."""
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
        """Compute the factor of the squared distance in the exponential kernel, for each block."""
        gamma = 4.0 if self.gamma == "scale" else float(self.gamma)
        self.rates_ = [gamma / mean for mean in mean_squared_distances(rows)]

    def _rates(self) -> list[float] | None:
        return None if self.kernel == "linear" else self.rates_

    def _stored(self) -> Prepared:
        """Return the prepared stored rows. They are cached in memory, but not saved in pickles and bundles."""
        if (stored := self.__dict__.get("_stored_cache")) is None:
            stored = self._stored_cache = self._prepared(self.rows_)
        return stored

    def _compare(self, X: Matrix, weights: Matrix) -> Matrix:
        """Multiply the kernel between new and stored rows by `weights`, one block of rows at a time."""
        stored = self._stored()
        new = self._prepared(self._scaled(X))
        parts = (kernel_block(new[i : i + BLOCK], stored, self._rates()) @ weights for i in range(0, len(X), BLOCK))
        return np.concatenate(list(parts))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_stored_cache"}
