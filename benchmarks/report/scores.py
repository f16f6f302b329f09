"""Compute all scores of a report from the probabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.benchmarks.report.results import TEST, VALIDATION, Measured, Results
from ferbench.benchmarks.scores import Scores, bootstrap_weights, compare, compare_with, percentile_interval, score

if TYPE_CHECKING:
    import pandas as pd

N_BOOTSTRAP = 1000
SEED = 0


@dataclass(frozen=True)
class Accuracy:
    """An accuracy with its 95 % interval; NaN without images."""

    value: float
    low: float
    high: float
    n_images: int


@dataclass(frozen=True, eq=False)
class ScoreBoard:
    """Scores of every measured cell, by its label.

    Attributes
    ----------
    private : mapping of str to Scores
        All scores on the split of the tables, :attr:`Results.split`: PrivateTest, with the cells for which it was
        opened, or PublicTest, with all cells, if PrivateTest was not opened for any cell.
    leak_free : mapping of str to Accuracy
        Accuracy on PrivateTest without the images that are also in Training; empty without a check for leaks, or if
        PrivateTest was not opened.
    public : mapping of str to Accuracy
        Accuracy on PublicTest, which is used for model selection.
    pairs : DataFrame
        Every pair of them compared on that split, as :func:`ferbench.benchmarks.scores.statistics.compare` returns
        it, and their p as corrected over the comparisons with the winner alone, ``p_holm_winner``.
    family : DataFrame or None
        The winner, which is the best on PublicTest, against each of the rest on that split, as
        :func:`ferbench.benchmarks.scores.statistics.compare_with` returns it; None where it was not scored there.
    """

    private: Mapping[str, Scores]
    leak_free: Mapping[str, Accuracy]
    public: Mapping[str, Accuracy]
    pairs: "pd.DataFrame"
    family: "pd.DataFrame | None" = None

    def ranking(self) -> list[str]:
        """Labels of the scored cells by falling accuracy; cells with equal accuracy by name."""
        return sorted(self.private, key=lambda label: (-self.private[label].accuracy, label))

    def best(self, results: Results) -> Measured | None:
        """The candidate with the best accuracy on PublicTest, or None without candidates. PrivateTest is not used."""
        return best_on_validation(results.candidates, self.public)

    def against(self, label: str, other: str) -> str:
        """How ``label`` does against ``other``: ``better``, ``worse`` or ``not shown to differ``.

        Corrected over the comparisons of ``other`` with the rest.
        """
        family = compare_with(self.pairs, other).set_index("recipe")
        return str(family.at[label, "verdict"])


def score_results(results: Results) -> ScoreBoard:
    """Score every cell with predictions on the scored split, and compare every pair of them."""
    split = results.split
    truth = results.labels[split]
    cells = tqdm(results.scored, desc="scoring", unit="cell", disable=None, leave=False)
    private = {
        cell.label: score(truth, cell.proba[split], results.classes, n_bootstrap=N_BOOTSTRAP, seed=SEED)
        for cell in cells
    }
    clean = ~results.leaked[TEST] if split == TEST and TEST in results.leaked else None
    probas = {cell.label: cell.proba[split] for cell in results.scored}
    public = accuracies(results, VALIDATION)
    pairs = compare(truth, probas, results.classes, n_bootstrap=N_BOOTSTRAP, seed=SEED)
    winner = best_on_validation(results.candidates, public)
    family = compare_with(pairs, winner.label) if winner and winner.label in private else None
    return ScoreBoard(
        private=private,
        leak_free=accuracies(results, TEST, clean) if clean is not None else {},
        public=public,
        pairs=_with_family(pairs, family),
        family=family,
    )


def _with_family(pairs: "pd.DataFrame", family: "pd.DataFrame | None") -> "pd.DataFrame":
    """The pairs with their p as corrected over the comparisons with the winner; blank for all other pairs."""
    p = {} if family is None else {frozenset(row[:2]): row[2] for row in family[_FAMILY].itertuples(index=False)}
    corrected = [p.get(frozenset(pair), np.nan) for pair in zip(pairs["a"], pairs["b"], strict=True)]
    return pairs.assign(p_holm_winner=np.array(corrected, dtype=np.float64))


_FAMILY = ["recipe", "against", "p_holm"]


def accuracies(results: Results, split: str, keep: NDArray[np.bool_] | None = None) -> dict[str, Accuracy]:
    """Return the accuracy of every cell on one split, or only on its images in `keep`."""
    truth = results.labels[split]
    rows = np.flatnonzero(keep if keep is not None else np.ones(len(truth), bool))
    names = np.array(results.classes)
    cells = [cell for cell in results.measured if split in cell.proba]
    right = np.array(
        [names[cell.proba[split][rows].argmax(axis=1)] == truth[rows] for cell in cells],
        dtype=np.float32,
    ).T
    if not right.size:
        return {cell.label: Accuracy(np.nan, np.nan, np.nan, len(rows)) for cell in cells}
    weights = bootstrap_weights(len(rows), N_BOOTSTRAP, SEED)
    resampled = np.concatenate([(block.T @ right).astype(np.float64) / len(rows) for block in weights])
    low, high = percentile_interval(resampled)
    return {
        cell.label: Accuracy(float(right[:, place].mean(dtype=np.float64)), low[place], high[place], len(rows))
        for place, cell in enumerate(cells)
    }


def best_on_validation(cells: tuple[Measured, ...], public: Mapping[str, Accuracy]) -> Measured | None:
    """Return the cell with the best accuracy on PublicTest; at equal accuracy the faster one, then by name."""
    if not cells:
        return None
    return min(cells, key=lambda cell: (-public[cell.label].value, latency_median(cell), cell.label))


def latency_median(cell: Measured) -> float:
    """Return the median milliseconds for one image; infinite if not measured."""
    latency = (cell.record.get("timings") or {}).get("latency_ms") or {}
    value = latency.get("median")
    return float("inf") if value is None else float(value)
