"""Compare pairs of recognizers on the same images, and correct p-values for the number of pairs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.scores.bootstrap import Floats, bootstrap_weights, percentile_interval, two_sided_p
from ferbench.benchmarks.scores.predictions import check_predictions

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
# Of the normal distribution: 95 % lie between minus and plus this. Published tables were made with these six decimals.
_QUANTILE = 1.959964
#: Verdict on a difference that the test images do not show: it may be there all the same.
NO_DIFFERENCE = "not shown to differ"


def compare(
    y_true: ArrayLike,
    probas: Mapping[str, ArrayLike],
    classes: Sequence[str],
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> "pd.DataFrame":
    """Compare the accuracy of every pair of recognizers on the same images.

    Parameters
    ----------
    y_true : array-like of shape (n_images,), str
        The labels.
    probas : mapping of str to array-like of shape (n_images, n_classes)
        The probabilities of each recognizer, in the order of ``classes``.
    classes : sequence of str
        The class order.
    n_bootstrap : int, default=1000
        Resamples of the images, the same for all recognizers.
    seed : int, default=0
        Seed of the resamples, the one of :func:`ferbench.benchmarks.scores.metrics.score` for the same draws.

    Returns
    -------
    DataFrame
        One row per pair, in the order of ``probas``:

        - ``a``, ``b``, ``n_images``, ``accuracy_a``, ``accuracy_b``;
        - ``difference`` (a minus b) with its paired 95 % percentile interval ``difference_low``,
          ``difference_high``, and ``p_bootstrap``, two-sided, never below ``2 / (n_bootstrap + 1)``;
        - ``only_a``, ``only_b``: images that only one of the two gets right;
        - ``p_mcnemar``, two-sided, by McNemar's ``exact`` test, as the column ``mcnemar`` says;
        - ``p_holm``, ``p_bootstrap_holm``: the same p-values, corrected over all pairs (Holm, 1979);
        - ``verdict``: ``A`` or ``B``, the one with more right answers, if ``p_holm`` is below 0.05, else
          ``not shown to differ``. The interval says how large a difference is; it takes no part in the verdict,
          and neither does the p of the bootstrap.

    Raises
    ------
    ValueError
        If the predictions of a recognizer do not fit the labels, or ``n_bootstrap`` is not positive.

    See Also
    --------
    compare_with : One of them against the rest, corrected over these comparisons only.
    """
    import pandas as pd

    if n_bootstrap < 1:
        raise ValueError(f"n_bootstrap must be at least 1; got {n_bootstrap}")
    names = list(probas)
    first, second = np.triu_indices(len(names), k=1)
    right = _right_answers(y_true, probas, classes)
    accuracy = right.mean(axis=0, dtype=np.float64) if names else np.empty(0)
    only = (right.T @ (1 - right)).astype(np.int64)
    table = pd.DataFrame(
        {
            "a": [names[place] for place in first],
            "b": [names[place] for place in second],
            "n_images": len(right),
            "accuracy_a": accuracy[first],
            "accuracy_b": accuracy[second],
            "difference": (only - only.T)[first, second] / max(len(right), 1),
            "only_a": only[first, second],
            "only_b": only.T[first, second],
        }
    )
    table = table.assign(**_paired_bootstrap(right, first, second, n_bootstrap, seed))
    p_mcnemar = mcnemar(table["only_a"].to_numpy(), table["only_b"].to_numpy())
    table = table.assign(p_mcnemar=p_mcnemar, mcnemar="exact", p_holm=holm(p_mcnemar))
    table["p_bootstrap_holm"] = holm(table["p_bootstrap"].to_numpy())
    return table.assign(verdict=verdicts(table, "A", "B"))[list(_COLUMNS)]


_COLUMNS = (
    "a",
    "b",
    "n_images",
    "accuracy_a",
    "accuracy_b",
    "difference",
    "difference_low",
    "difference_high",
    "p_bootstrap",
    "only_a",
    "only_b",
    "p_mcnemar",
    "mcnemar",
    "p_holm",
    "p_bootstrap_holm",
    "verdict",
)


def compare_with(pairs: "pd.DataFrame", name: str) -> "pd.DataFrame":
    """Compare one recognizer with the rest, corrected over these comparisons only.

    Parameters
    ----------
    pairs : DataFrame
        Every pair, from :func:`compare`.
    name : str
        The recognizer to compare the others with, such as the winner or a reference.

    Returns
    -------
    DataFrame
        One row per other recognizer, in the order of ``pairs``: ``recipe``, ``against`` (the name),
        ``accuracy``; ``difference`` (its accuracy less that of ``against``) with the paired 95 % bootstrap interval
        ``difference_low``, ``difference_high``; ``only_recipe``, ``only_against``: images that only one of the two
        gets right; ``p_mcnemar`` of McNemar's exact test, ``p_holm`` (Holm, 1979) over the rows of this table, and
        ``verdict``: ``better`` or ``worse`` if ``p_holm`` is below 0.05, else ``not shown to differ``.
    """
    rows, turned = pairs_with(pairs, name)
    table = rows.assign(
        accuracy=rows["accuracy_b"].where(turned, rows["accuracy_a"]),
        only_recipe=rows["only_b"].where(turned, rows["only_a"]),
        only_against=rows["only_a"].where(turned, rows["only_b"]),
        p_holm=holm(rows["p_mcnemar"].to_numpy()),
    )
    return table.assign(verdict=verdicts(table))[list(_FAMILY)].reset_index(drop=True)


def pairs_with(pairs: "pd.DataFrame", name: str) -> "tuple[pd.DataFrame, pd.Series[bool]]":
    """Return the pairs with one name, each turned so that it is the other one less this one.

    Returns
    -------
    table : DataFrame
        The columns of the pairs, with ``difference`` and its bounds turned, ``recipe`` (the other one) and ``against``.
    turned : Series of bool
        Whether the other one was second in the pair.
    """
    rows = pairs[(pairs["a"] == name) | (pairs["b"] == name)]
    turned = rows["a"] == name
    sign = np.where(turned, -1, 1)
    bounds = (rows[f"difference_{end}"] * sign for end in ("low", "high"))
    low, high = np.sort(np.stack([bound.to_numpy(dtype=np.float64) for bound in bounds]), axis=0)
    table = rows.assign(
        recipe=rows["b"].where(turned, rows["a"]),
        against=name,
        difference=rows["difference"] * sign,
        difference_low=low,
        difference_high=high,
    )
    return table, turned


_FAMILY = (
    "recipe",
    "against",
    "n_images",
    "accuracy",
    "difference",
    "difference_low",
    "difference_high",
    "only_recipe",
    "only_against",
    "p_mcnemar",
    "p_holm",
    "verdict",
)


def mcnemar(only_a: NDArray[np.integer], only_b: NDArray[np.integer]) -> Floats:
    """Two-sided p of McNemar's exact test for each pair.

    If the recognizers are equal, each image that only one of them gets right is a's or b's with probability one half:
    p is that of a binomial distribution, without approximation (McNemar, Psychometrika 12, 1947).

    scipy's `binomtest` takes one pair a call. A table of all recipes has thousands of pairs, so they are computed in
    one call of the distribution; the tests compare the result with statsmodels.
    """
    from scipy.stats import binom

    few, total = np.minimum(only_a, only_b), np.asarray(only_a) + np.asarray(only_b)
    return np.minimum(2 * binom.cdf(few, total, 0.5), 1.0)


def holm(p_values: ArrayLike) -> Floats:
    """Holm's step-down correction: p-values that control the chance of any false difference among all.

    These six lines spare every user the dependency on statsmodels, which the tests compare them with.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def wilson_interval(share: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Wilson's 95 % interval of a proportion (1927), which is valid with few images and near 0 and 1.

    Parameters
    ----------
    share, n : array-like
        Proportions, and the number of images of each.

    Returns
    -------
    ndarray, ndarray
        Lower and upper bounds; exactly 0 and 1 for a share of 0 and of 1.
    """
    p, counts = np.asarray(share, np.float64), np.asarray(n, np.float64)
    z2 = _QUANTILE**2
    center = (p + z2 / (2 * counts)) / (1 + z2 / counts)
    half = np.sqrt(z2 * p * (1 - p) / counts + z2**2 / (4 * counts**2)) / (1 + z2 / counts)
    low, high = np.maximum(center - half, 0.0), np.minimum(center + half, 1.0)
    return np.where(p == 0, 0.0, low), np.where(p == 1, 1.0, high)


def _right_answers(y_true: ArrayLike, probas: Mapping[str, ArrayLike], classes: Sequence[str]) -> Floats:
    """1 where a recognizer (column) is right about an image (row), else 0."""
    columns = []
    for name, proba in probas.items():
        true, probabilities = check_predictions(y_true, proba, classes, name=f"probabilities of {name}")
        columns.append(probabilities.argmax(axis=1) == true)
    shape = (len(np.asarray(y_true)), 0)
    return np.stack(columns, axis=1).astype(np.float32) if columns else np.empty(shape, np.float32)


def _paired_bootstrap(
    right: Floats, first: NDArray[np.intp], second: NDArray[np.intp], n_bootstrap: int, seed: int
) -> dict[str, Floats]:
    """Interval and two-sided p of the difference in accuracy of each pair, over the same resamples."""
    if not len(first):
        return {name: np.empty(0) for name in ("difference_low", "difference_high", "p_bootstrap")}
    blocks = bootstrap_weights(len(right), n_bootstrap, seed)
    # Counts, not shares: whole numbers are exact, so that a difference of nothing is zero and not rounding.
    counts = np.concatenate([weights.T @ right for weights in blocks])
    differences = (counts[:, first] - counts[:, second]).astype(np.float64)
    low, high = percentile_interval(differences / len(right))
    return {"difference_low": low, "difference_high": high, "p_bootstrap": two_sided_p(differences)}


def verdicts(
    table: "pd.DataFrame", better: str = "better", worse: str = "worse", *, less_is_better: bool = False
) -> NDArray[np.str_]:
    """The verdicts by the corrected p alone; the sign of the difference says which of the two is better."""
    sure = table["p_holm"] < ALPHA
    ahead = table["difference"] < 0 if less_is_better else table["difference"] > 0
    return np.select([sure & ahead, sure & ~ahead], [better, worse], default=NO_DIFFERENCE)
