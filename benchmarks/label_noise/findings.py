"""Find suspicious labels with several recognizers, and measure what they agree on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench.benchmarks.label_noise.confident import LabelIssues, find_label_issues
from ferbench.benchmarks.label_noise.flips import flip_labels, found_flips
from ferbench.benchmarks.label_noise.folds import check_recipes, open_rows, out_of_fold
from ferbench.benchmarks.scores import plugin_metrics
from ferbench.datasets import Dataset


@dataclass(frozen=True, eq=False)
class NoiseFindings:
    """Suspicious labels of a data set, as :func:`find_noise` returns them.

    Attributes
    ----------
    dataset : Dataset
    rows : ndarray of int
        The rows that were looked at.
    probas : mapping of str to ndarray of shape (n_rows, n_classes)
        Out-of-fold probabilities of each recipe.
    issues : mapping of str to LabelIssues
    n_folds, seed : int
    flipped : ndarray of int, or None
        Rows whose label was flipped on purpose.
    """

    dataset: Dataset
    rows: NDArray[np.intp]
    probas: Mapping[str, NDArray[np.float64]]
    issues: Mapping[str, LabelIssues]
    n_folds: int
    seed: int
    flipped: NDArray[np.intp] | None = None

    @property
    def labels(self) -> NDArray[np.str_]:
        """Given labels of the rows."""
        return self.dataset.labels[self.rows]

    @property
    def agreed(self) -> NDArray[np.bool_]:
        """Images that every recipe finds suspicious."""
        return np.all([each.suspicious for each in self.issues.values()], axis=0)

    @property
    def noise_rate(self) -> float:
        """Mean of the estimated shares of wrong labels."""
        return float(np.mean([each.noise_rate for each in self.issues.values()]))

    def suspicious(self) -> pd.DataFrame:
        """One row per image that some recipe finds suspicious, the most suspicious first.

        Returns
        -------
        DataFrame
            Columns ``id, split, label, suggested, margin, recipes`` and, where the data set has votes, ``vote_share``,
            the share of the raters that chose the label. ``margin`` is the mean over the recipes.
        """
        found = np.stack([each.suspicious for each in self.issues.values()])
        margin = np.mean([each.margin for each in self.issues.values()], axis=0)
        mean = np.mean(list(self.probas.values()), axis=0)
        names = np.array(self.dataset.label_names)
        table = pd.DataFrame(
            {
                "id": self.dataset.ids[self.rows],
                "split": self.dataset.split[self.rows],
                "label": self.labels,
                "suggested": names[mean.argmax(axis=1)],
                "margin": margin,
                "recipes": found.sum(axis=0),
            }
        )
        if self.dataset.votes is not None:
            table["vote_share"] = self._vote_shares()
        table["row"] = self.rows
        kept = table.iloc[np.flatnonzero(found.any(axis=0))]
        return kept.sort_values(["recipes", "margin"], ascending=False, kind="stable", ignore_index=True)

    def scores(self) -> pd.DataFrame:
        """Out-of-fold accuracy of each recipe: on all images, and with suspicious ones set aside.

        ``without_others`` sets aside what all *other* recipes find suspicious, which is blank for one recipe alone;
        ``without_own`` what the recipe itself finds suspicious: it flatters, since these are errors by definition.
        """
        rows = []
        for name, own in self.issues.items():
            right = own.predicted == self.labels
            others = [each.suspicious for other, each in self.issues.items() if other != name]
            rest = ~np.all(others, axis=0) if others else None
            rows.append(
                {
                    "recipe": name,
                    "n_images": len(right),
                    "accuracy": right.mean(),
                    "without_others": np.nan if rest is None else right[rest].mean(),
                    "without_own": right[~own.suspicious].mean(),
                    "n_suspicious": int(own.suspicious.sum()),
                    "noise_rate": own.noise_rate,
                    "ceiling": 1 - own.noise_rate,
                }
            )
        return pd.DataFrame(rows)

    def agreement(self) -> pd.DataFrame:
        """Agreement of each pair of recipes: same answers, Cohen's kappa, and the overlap of what they suspect."""
        kappa, names = plugin_metrics()["cohen_kappa"], self.dataset.label_names
        rows = []
        for a, b in combinations(self.issues, 2):
            first, second = self.issues[a], self.issues[b]
            either = first.suspicious | second.suspicious
            overlap = (first.suspicious & second.suspicious).sum() / either.sum() if either.any() else np.nan
            same = float((first.predicted == second.predicted).mean())
            rows.append(
                {
                    "a": a,
                    "b": b,
                    "same_answer": same,
                    "kappa": kappa(first.predicted, self.probas[b], names),
                    "suspicious_in_both": overlap,
                }
            )
        return pd.DataFrame(rows, columns=["a", "b", "same_answer", "kappa", "suspicious_in_both"])

    def by_label(self) -> pd.DataFrame:
        """For each label: images, those that every recipe suspects, and the label most often suggested for them."""
        mean = np.mean(list(self.probas.values()), axis=0)
        suggested = np.array(self.dataset.label_names)[mean.argmax(axis=1)]
        rows = []
        for name in self.dataset.label_names:
            own = self.labels == name
            found, counts = np.unique(suggested[own & self.agreed], return_counts=True)
            most = str(found[counts.argmax()]) if len(found) else ""
            share = (own & self.agreed).sum() / max(own.sum(), 1)
            rows.append({"label": name, "n_images": int(own.sum()), "suspicious": share, "most_suggested": most})
        return pd.DataFrame(rows)

    def flips(self) -> pd.DataFrame | None:
        """How many of the flipped labels are found, as :func:`found_flips` says; None if none was flipped."""
        return None if self.flipped is None else found_flips(self.issues, np.isin(self.rows, self.flipped))

    def votes(self) -> tuple[float, float] | None:
        """Mean share of raters that chose the label: on images that all suspect, and on the rest, or None."""
        if self.dataset.votes is None:
            return None
        shares = self._vote_shares()
        own, rest = shares[self.agreed], shares[~self.agreed]
        return float(own.mean()) if len(own) else np.nan, float(rest.mean())

    def _vote_shares(self) -> NDArray[np.float64]:
        assert self.dataset.votes is not None
        places = [self.dataset.label_names.index(str(label)) for label in self.labels]
        return np.asarray(self.dataset.votes[self.rows, places], np.float64)


def find_noise(
    dataset: Dataset,
    recipes: Sequence[str],
    *,
    n_folds: int = 5,
    seed: int = 0,
    flip: float = 0.0,
    on_fold: Callable[[str], None] = lambda text: None,
) -> NoiseFindings:
    """Find images whose label is probably wrong, among Training and PublicTest.

    Parameters
    ----------
    dataset : Dataset
    recipes : sequence of str
        Two or more tell more than one: what different recognizers suspect alike is more likely wrong.
    n_folds : int, default=5
    seed : int, default=0
    flip : float, default=0.0
        Share of the labels to flip first, to see how many of the flips are found.
    on_fold : callable
        Called before each of the ``len(recipes) * n_folds`` fits.

    Raises
    ------
    ValueError
        If a recipe is named twice or cannot be fitted on folds.
    """
    check_recipes(recipes)
    rows, flipped = open_rows(dataset), None
    if flip:
        dataset, flipped = flip_labels(dataset, flip, seed=seed)
    options: dict[str, Any] = {"n_folds": n_folds, "seed": seed, "on_fold": on_fold}
    probas = {recipe: out_of_fold(dataset, rows, recipe, **options) for recipe in recipes}
    labels = dataset.labels[rows]
    issues = {recipe: find_label_issues(labels, proba, dataset.label_names) for recipe, proba in probas.items()}
    return NoiseFindings(dataset, rows, probas, issues, n_folds, seed, flipped)
