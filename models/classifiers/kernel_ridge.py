"""Kernel ridge classifier with exact leave-one-out scores, for tens of thousands of rows."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import log_loss
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ferbench.models.base import RowClassifier, fit_calibration, hold_out
from ferbench.models.classifiers.cholesky import factor_in_place, last_of_inverse_diagonal, solve_factored
from ferbench.models.classifiers.kernel_graph import write_rbf, write_softmax, write_unit_views
from ferbench.models.classifiers.kernel_machine import BLOCK, KERNEL_CONSTRAINTS, KernelMachine
from ferbench.models.classifiers.kernels import Kernel, Matrix, Prepared, kernel_block
from ferbench.utils import Above, Constraint, Each, Either, Graph, Whole, usable_memory


class KernelRidge(RowClassifier, KernelMachine):
    """Kernel ridge regression of class indicators, calibrated on leave-one-out scores.

    One linear system for all classes is solved by an in-place Cholesky factorization of the kernel matrix in float32,
    which takes 3.3 GB for 28,709 rows. The same factor gives exact leave-one-out scores of the training rows. They are
    used to calibrate the probabilities, and to select `alpha` if several values are given.

    Parameters
    ----------
    kernel : {"rbf", "linear", "chi2", "intersection"}, default="rbf"
        ``chi2`` and ``intersection`` are for histograms: exponentials of the chi-square distance and of the sum of
        absolute differences. They use explicit feature maps with 3 and 5 times as many columns.
    alpha : float or sequence of float, default=0.1
        Regularization, added to the diagonal of the kernel matrix. If several values are given, the one with the
        smallest leave-one-out log loss is selected; each value costs one factorization.
    gamma : float or "scale", default="scale"
        The kernel is ``exp(-gamma * d / mean d)``, where ``d`` is the squared (or other) distance. Its mean is over all
        pairs of training rows, for each block. ``scale`` is 4. Centered rows of unit length have a mean of about 2, so
        a `gamma` of 4 multiplies their squared distances by 2.
    scaling : {"center", "norm"} or None, default="center"
        ``norm`` scales each block of columns of each row to unit length (unit sum for histogram kernels). ``center``
        subtracts the mean of the columns first, except for histogram kernels.
    blocks : sequence of int or None, default=None
        Widths of the blocks of columns, such as those of the extractors of a union. The kernel is the mean of the
        kernels of all blocks.
    views : int, default=1
        Number of views of each image that the columns contain, such as two from `MirrorViews`. The kernel is the mean
        over all pairs of a view of one image and a view of the other image, in training and prediction.
    loo_rows : int, default=4096
        Number of training rows, drawn at random and stratified, whose leave-one-out scores are computed. A few thousand
        rows add almost no time; all rows double the time of the fit. With all rows, `loo_probabilities_` is set, which
        a network can use as targets in distillation.
    random_state : int, default=0
        Seed of the choice of these rows.

    Attributes
    ----------
    alpha_ : float
        Selected value of `alpha`.
    loo_scores_ : ndarray of shape (n_alphas, 3), float64
        Each alpha with its leave-one-out accuracy and log loss.
    loo_probabilities_ : ndarray of shape (n_samples, n_classes), float32
        Calibrated leave-one-out probabilities of the training rows, in the order of `fit`; only if `loo_rows` includes
        all training rows.
    rows_ : ndarray of shape (n_samples, n_features), float32
        Scaled training rows.
    dual_coef_ : ndarray of shape (n_samples, n_classes), float32
        Weights of the training rows.

    Raises
    ------
    MemoryError
        If the kernel matrix does not fit into the machine's memory.

    See Also
    --------
    NystroemMap : Kernel approximation for more rows than a kernel matrix can hold.
    SVM : Support vector machine with the same kernels.
    ferbench.features.MirrorViews : Makes features of two views.
    ferbench.models.base.MostProbable : Base class; it documents the attributes that all classifiers have.

    Notes
    -----
    `sample_weight` is not supported, since all classes share one factorization of the same matrix.

    A leave-one-out fit still contains exact copies of the row that is left out, so the scores of duplicated rows are
    too confident. Mirror images as additional training rows would have the same effect. `Mirrored` therefore
    calibrates again on held-out images; with `views`, this is not necessary.

    References
    ----------
    Rifkin, Yeo and Poggio, "Regularized least-squares classification", 2003. Haasdonk and Burkhardt, "Invariant kernel
    functions for pattern analysis and machine learning", Machine Learning 68, 2007 (averages over transformations).

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.models import KernelRidge
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(c, 1, (50, 2)) for c in (0, 4, 8)]).astype("float32")
    >>> y = np.repeat(["low", "middle", "high"], 50)
    >>> KernelRidge(scaling=None).fit(X, y).predict([[8, 8]])
    array(['high'], dtype='<U6')
    """

    constraints: ClassVar[Mapping[str, Constraint]] = {
        **KERNEL_CONSTRAINTS,
        "alpha": Either(Above(0), Each(Above(0), "several of them", least=1)),
        "loo_rows": Whole(1),
    }

    def __init__(
        self,
        kernel: Kernel = "rbf",
        *,
        alpha: float | Sequence[float] = 0.1,
        gamma: float | Literal["scale"] = "scale",
        scaling: Literal["center", "norm"] | None = "center",
        blocks: Sequence[int] | None = None,
        views: int = 1,
        loo_rows: int = 4096,
        random_state: int = 0,
    ) -> None:
        self.kernel = kernel
        self.alpha = alpha
        self.gamma = gamma
        self.scaling = scaling
        self.blocks = blocks
        self.views = views
        self.loo_rows = loo_rows
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit on features and labels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, converted to float32.
        y : array-like of shape (n_samples,)
            Labels.
        """
        rows, labels = self._checked(X, y)
        self._widths()
        _check_memory(len(rows))
        order, n_out = self._order(labels)
        self._learn_scaling(rows)
        self.rows_ = self._scaled(rows[order])
        self.__dict__.pop("_stored_cache", None)
        self._learn_rates(self._stored())
        self._choose(labels[order], n_out)
        self.implementation_ = "ferbench, float32 Cholesky in panels"
        return self

    def fit_bytes(self, n_samples: int, n_features: int) -> int:
        """Return the bytes that `fit` holds at least at the same time: the kernel matrix and the scaled rows."""
        return 4 * n_samples * (n_samples + n_features)

    def fit_keeps(self, n_samples: int) -> str:
        """Return what takes these bytes, for messages."""
        return f"a kernel matrix of {n_samples:,} x {n_samples:,} numbers"

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        scores = self.decision_function_of_classes(X)
        return self.calibration_.predict_proba(scores / self.score_scale_)

    def decision_function_of_classes(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the regressed indicator of each class, ndarray of shape (n_samples, n_classes), float64."""
        check_is_fitted(self, "dual_coef_")
        return self._compare(self._rows(X), self.dual_coef_) + self.shares_

    def check_graph(self) -> None:
        """Raise ValueError if the classifier cannot write a graph with its parameters."""
        if self.kernel != "rbf" or self.scaling is None or (self.blocks is not None and len(self.blocks) > 1):
            raise ValueError("KernelRidge: only an rbf kernel of one block, with scaling, can be compiled to a network")

    def write_graph(self, graph: Graph, rows: str) -> str:
        """Add the nodes of `predict_proba` to a graph.

        Parameters
        ----------
        graph : ferbench.utils.Graph
        rows : str
            Name of the features in the graph.

        Returns
        -------
        str
            Name of the probabilities, of shape (n_samples, n_classes).

        Raises
        ------
        ValueError
            If the kernel is not ``rbf``, or has `blocks` or no `scaling`.
        """
        check_is_fitted(self, "dual_coef_")
        self.check_graph()
        views = write_unit_views(graph, rows, getattr(self, "mean_", None), self.views, self._widths()[0])
        scores = graph.add("Add", write_rbf(graph, views, self.rows_, self.rates_[0], self.dual_coef_), self.shares_)
        regression = self.calibration_
        return write_softmax(graph, scores, self.score_scale_, regression.coef_, regression.intercept_)

    def _alphas(self) -> list[float]:
        return [float(alpha) for alpha in np.atleast_1d(self.alpha)]

    def _order(self, y: NDArray[Any]) -> tuple[NDArray[np.intp], int]:
        """Return the order of the rows, with the leave-one-out rows last, and the number of these rows."""
        rest, last = hold_out(y, self.loo_rows / len(y), self.random_state)
        return np.concatenate([rest[~np.isin(rest, last)], last]), len(last)

    def _choose(self, y: NDArray[Any], n_out: int) -> None:
        """Fit with each alpha and keep the one with the smallest leave-one-out log loss."""
        alphas = self._alphas()
        indicators = (y[:, None] == self.classes_).astype(np.float64)
        self.shares_ = indicators.mean(axis=0)
        matrix = np.empty((len(y), len(y)), np.float32)
        _fill(matrix, self._stored(), self._rates(), keep=len(alphas) > 1)
        diagonal = matrix.diagonal().copy()
        found, best = [], np.inf
        self.__dict__.pop("loo_probabilities_", None)
        for place, alpha in enumerate(alphas):
            if place:
                _restore(matrix)
            np.fill_diagonal(matrix, diagonal + np.float32(alpha))
            weights, scores = _solve(matrix, indicators - self.shares_, n_out, alpha)
            scores += indicators[-n_out:]
            scale, calibration = fit_calibration(scores, y[-n_out:], self.classes_)
            answers = calibration.predict_proba(scores / scale)
            loss, accuracy = _judge(answers, y[-n_out:], self.classes_)
            found.append((alpha, accuracy, loss))
            if loss < best:
                best, self.alpha_, self.dual_coef_ = loss, alpha, weights.astype(np.float32)
                self.score_scale_, self.calibration_ = scale, calibration
                if n_out == len(y):
                    self.loo_probabilities_ = answers.astype(np.float32)
        self.loo_scores_ = np.array(found)
        self.probabilities_ = (
            f"multinomial logistic regression of the scores; learned on the leave-one-out scores of {n_out} training "
            "images"
        )


def _fill(matrix: Matrix, rows: Prepared, rates: Sequence[float] | None, *, keep: bool) -> None:
    """Fill the lower triangle with the kernel, and also the upper one if `keep` is set."""
    starts = range(0, len(rows), BLOCK)
    for start in tqdm(starts, desc="kernel", unit="block", delay=2, leave=False, disable=None):
        stop = min(start + BLOCK, len(rows))
        matrix[start:stop, :stop] = kernel_block(rows[start:stop], rows[:stop], rates)
        if keep:
            matrix[:start, start:stop] = matrix[start:stop, :start].T
            square = matrix[start:stop, start:stop]
            square[...] = np.tril(square) + np.tril(square, -1).T


def _restore(matrix: Matrix) -> None:
    """Copy the upper triangle to the lower one, without the diagonal."""
    for start in range(0, len(matrix), BLOCK):
        stop = min(start + BLOCK, len(matrix))
        matrix[start:stop, :start] = matrix[:start, start:stop].T
        square = matrix[start:stop, start:stop]
        square[...] = np.triu(square) + np.triu(square, 1).T


def _solve(
    matrix: Matrix, targets: NDArray[np.float64], n_out: int, alpha: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the weights, and the leave-one-out errors of the last rows."""
    try:
        factor_in_place(matrix)
    except ValueError as error:
        raise ValueError(f"KernelRidge: with alpha={alpha:g} {error}; choose a larger alpha") from None
    weights = solve_factored(matrix, targets)
    return weights, -weights[-n_out:] / last_of_inverse_diagonal(matrix, n_out)[:, None]


def _judge(probabilities: NDArray[np.float64], y: NDArray[Any], classes: NDArray[Any]) -> tuple[float, float]:
    hits = classes[probabilities.argmax(axis=1)] == y
    return float(log_loss(y, probabilities, labels=classes)), float(hits.mean())


def _check_memory(n: int) -> None:
    needed, usable = 4 * n * n, usable_memory()
    if needed > usable:
        raise MemoryError(
            f"KernelRidge: the kernel matrix of {n:,} rows takes {needed / 1e9:.1f} GB, and this process may use "
            f"{usable / 1e9:.1f} GB; use at most {math.isqrt(int(usable / 4)):,} rows, or the classifier nystroem"
        )


REGISTERED = {"kernel-ridge": KernelRidge, "mirror-kernel-ridge": lambda: KernelRidge(views=2)}
