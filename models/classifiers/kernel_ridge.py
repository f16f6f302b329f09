"""Kernel ridge regression of the classes, with exact leave-one-out scores, for tens of thousands of faces."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
import psutil
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import log_loss
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from ferbench.models.base import RowClassifier, fit_calibration, hold_out
from ferbench.models.classifiers.cholesky import factor_in_place, last_of_inverse_diagonal, solve_factored
from ferbench.models.classifiers.kernel_machine import BLOCK, KERNEL_CONSTRAINTS, KernelMachine
from ferbench.models.classifiers.kernels import Kernel, Matrix, Prepared, kernel_block
from ferbench.utils import Above, Constraint, Each, Either, Whole


class KernelRidge(RowClassifier, KernelMachine):
    """Kernel ridge regression of class indicators, calibrated on leave-one-out scores.

    One linear system for all classes, solved in float32 by a Cholesky factor in the kernel matrix's own memory: 3.3 GB
    for 28,709 rows. The scores that training rows would get from a fit without them come from the same factor; they
    choose `alpha` where several are given, and turn scores into probabilities. `predict` is the class with the largest
    probability.

    Parameters
    ----------
    kernel : {"rbf", "linear", "chi2", "intersection"}, default="rbf"
        ``chi2`` and ``intersection`` are the exponentials of the chi-square distance and of the sum of absolute
        differences, for histograms; they work through explicit maps of 3 and 5 times as many columns.
    alpha : float or sequence of float, default=0.1
        What is added to the diagonal of the kernel matrix. Of several the one with the smallest leave-one-out log loss
        is taken; each costs one factor.
    gamma : float or "scale", default="scale"
        The kernel falls as ``exp(-gamma * d / mean d)`` with the squared (or other) distance ``d``, whose mean is taken
        over all pairs of training rows, in each block; ``scale`` is 4. Rows that are centered and of unit length have a
        mean of about 2: there a `gamma` of 4 is a factor of 2.
    scaling : {"center", "norm"} or None, default="center"
        Rows are scaled to unit length (unit sum for kernels of histograms), each block of columns by itself; ``center``
        takes off the mean of the columns before, but not for histograms.
    blocks : sequence of int or None, default=None
        Widths of blocks of columns, such as those of a union's extractors; the kernel is the mean of theirs.
    views : int, default=1
        How many views of each image stand side by side in the columns, as `MirrorViews` makes two. The kernel is the
        mean over all pairs of a view of one image and a view of the other, in training and for new images alike.
    loo_rows : int, default=4096
        Training rows, a stratified random part, whose leave-one-out scores are computed. They are put last in the
        matrix, where a few thousand cost next to nothing, and all as much again as the fit. With all rows there are
        `loo_probabilities_`, from which a network that this recognizer teaches learns.
    random_state : int, default=0
        Seed of that part.

    Attributes
    ----------
    alpha_ : float
        The one that was taken.
    loo_scores_ : ndarray of shape (n_alphas, 3), float64
        Each alpha with its leave-one-out accuracy and log loss.
    loo_probabilities_ : ndarray of shape (n_samples, n_classes), float32
        Calibrated leave-one-out probabilities of the training rows, in the order of `fit`; only where `loo_rows` takes
        in all of them.
    rows_ : ndarray of shape (n_samples, n_features), float32
        Scaled training rows.
    dual_coef_ : ndarray of shape (n_samples, n_classes), float32

    Raises
    ------
    MemoryError
        If the kernel matrix would not fit into the machine's memory.

    Notes
    -----
    Rows have no weights of their own (`sample_weight`): all classes share one factor of one matrix.

    An exact copy of a training row stays in the leave-one-out fit, so its score is a little too sure. Mirror images as
    further training rows would be such copies; `Mirrored` calibrates anew for that reason, and `views` needs none.

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
            Computed in float32.
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

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Calibrated probabilities, ndarray of shape (n_samples, n_classes), in the order of `classes_`."""
        scores = self.decision_function_of_classes(X)
        return self.calibration_.predict_proba(scores / self.score_scale_)

    def decision_function_of_classes(self, X: ArrayLike) -> NDArray[np.float64]:
        """Regressed indicator of each class, ndarray of shape (n_samples, n_classes), float64."""
        check_is_fitted(self, "dual_coef_")
        return self._compare(self._rows(X), self.dual_coef_) + self.shares_

    def _alphas(self) -> list[float]:
        return [float(alpha) for alpha in np.atleast_1d(self.alpha)]

    def _order(self, y: NDArray[Any]) -> tuple[NDArray[np.intp], int]:
        """All rows, those to be left out in turn last, and how many these are: some of every class."""
        rest, last = hold_out(y, self.loo_rows / len(y), self.random_state)
        return np.concatenate([rest[~np.isin(rest, last)], last]), len(last)

    def _choose(self, y: NDArray[Any], n_out: int) -> None:
        """Fit with each alpha and keep the one whose leave-one-out probabilities are best."""
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
    """Fill the lower triangle with the kernel, and where it is needed again the upper one too."""
    starts = range(0, len(rows), BLOCK)
    for start in tqdm(starts, desc="kernel", unit="block", delay=2, leave=False, disable=None):
        stop = min(start + BLOCK, len(rows))
        matrix[start:stop, :stop] = kernel_block(rows[start:stop], rows[:stop], rates)
        if keep:
            matrix[:start, start:stop] = matrix[start:stop, :start].T
            square = matrix[start:stop, start:stop]
            square[...] = np.tril(square) + np.tril(square, -1).T


def _restore(matrix: Matrix) -> None:
    """Copy the upper triangle over the lower one, without the diagonal."""
    for start in range(0, len(matrix), BLOCK):
        stop = min(start + BLOCK, len(matrix))
        matrix[start:stop, :start] = matrix[:start, start:stop].T
        square = matrix[start:stop, start:stop]
        square[...] = np.triu(square) + np.triu(square, 1).T


def _solve(
    matrix: Matrix, targets: NDArray[np.float64], n_out: int, alpha: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights, and for the last rows what leave-one-out predictions differ from the targets by."""
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
    needed, total = 4 * n * n, psutil.virtual_memory().total
    if needed > total:
        raise MemoryError(
            f"KernelRidge: the kernel matrix of {n:,} rows takes {needed / 1e9:.1f} GB, and this machine has "
            f"{total / 1e9:.1f} GB; use fewer rows, or the classifier nystroem"
        )


REGISTERED = {"kernel-ridge": KernelRidge, "mirror-kernel-ridge": lambda: KernelRidge(views=2)}
