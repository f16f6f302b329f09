"""Plot all recognizers by one metric with its interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.displays.base import (
    DARK,
    Display,
    clear_frame,
    group_of,
    group_styles,
    set_title,
)
from ferbench.benchmarks.scores import Scores, score


@dataclass(frozen=True, eq=False, repr=False)
class LeaderboardDisplay(Display):
    """Bars of one metric, the best recognizer first, each with its 95 % interval.

    Attributes
    ----------
    names, groups, flags : tuple of str
        Recognizers from best to worst, their groups (such as the family) and warnings; empty if there is none.
    values, low, high : ndarray of shape (n_recognizers,)
        The metric and its interval; NaN bounds are not drawn.
    metric : str
        Name of the metric, an attribute of :class:`~ferbench.benchmarks.scores.metrics.Scores`.
    n_images : int
    dataset : str
        The data, for the title.
    """

    names: tuple[str, ...]
    groups: tuple[str, ...]
    flags: tuple[str, ...]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_images: int
    metric: str = "accuracy"
    dataset: str = ""

    @classmethod
    def from_scores(
        cls,
        scores: Mapping[str, Scores],
        *,
        metric: str = "accuracy",
        groups: Mapping[str, str] | None = None,
        dataset: str = "",
    ) -> "LeaderboardDisplay":
        """Make the display from the scores of recognizers on the same images."""
        if not scores:
            raise ValueError("LeaderboardDisplay needs the scores of at least one recognizer; got none")
        names = sorted(scores, key=lambda name: (-getattr(scores[name], metric), name))
        low, high = np.array([scores[name].interval(metric) for name in names]).T
        return cls(
            names=tuple(names),
            groups=group_of(names, groups),
            flags=tuple(scores[name].flag for name in names),
            values=np.array([getattr(scores[name], metric) for name in names]),
            low=low,
            high=high,
            n_images=scores[names[0]].n_images,
            metric=metric,
            dataset=dataset,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        probas: Mapping[str, ArrayLike],
        classes: Sequence[str],
        *,
        metric: str = "accuracy",
        groups: Mapping[str, str] | None = None,
        dataset: str = "",
        n_bootstrap: int = 1000,
        seed: int = 0,
    ) -> "LeaderboardDisplay":
        """Make the display from labels and the probabilities of each recognizer, in the order of `classes`."""
        scores = {
            name: score(y_true, proba, classes, n_bootstrap=n_bootstrap, seed=seed) for name, proba in probas.items()
        }
        return cls.from_scores(scores, metric=metric, groups=groups, dataset=dataset)

    def frame(self) -> pd.DataFrame:
        """Return one row per recognizer: ``recipe``, the metric, its ``_low`` and ``_high``, ``group``, ``flag``."""
        return pd.DataFrame(
            {
                "recipe": list(self.names),
                self.metric: self.values,
                f"{self.metric}_low": self.low,
                f"{self.metric}_high": self.high,
                "group": list(self.groups),
                "flag": list(self.flags),
            }
        )

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.6 + 0.34 * max(len(self.names), 3)

    def _draw(self, ax: Axes) -> None:
        styles = group_styles(self.groups)
        for row, group in enumerate(self.groups):
            color, marker = styles[group]
            value, low, high = self.values[row], self.low[row], self.high[row]
            ax.barh(row, value, height=0.7, color=color, alpha=0.22)
            ax.plot([low, high], [row, row], color=color, linewidth=2.4)
            ax.plot(value, row, marker=marker, color=color, markersize=6, linestyle="")
            self._write_value(ax, row)
        clear_frame(ax)
        ax.grid(visible=False, axis="y")
        ax.set_yticks(range(len(self.names)), self.names)
        ax.set_ylim(len(self.names) - 0.4, -0.6)
        ax.set_xlim(0, 1.25 * float(np.nanmax(np.append(self.high, self.values))))
        intervals = "" if np.isnan(self.low).all() else ", with 95 % interval"
        ax.set_xlabel(self.metric.replace("_", " ").replace("f1", "F1") + intervals)
        self._draw_legend(ax, styles)
        set_title(ax, "Leaderboard", self.dataset, self.n_images)

    def _write_value(self, ax: Axes, row: int) -> None:
        right = np.nanmax([self.values[row], self.high[row]])
        note = f"   {self.flags[row]}" if self.flags[row] else ""
        text = f"{self.values[row]:.3f}{note}"
        ax.annotate(text, (right, row), (6, 0), textcoords="offset points", color=DARK, va="center", fontsize=9)

    def _draw_legend(self, ax: Axes, styles: dict[str, tuple[str, str]]) -> None:
        shown = [group for group in dict.fromkeys(self.groups) if group]
        if len(shown) > 1:
            for group in shown:
                color, marker = styles[group]
                ax.plot([], [], color=color, marker=marker, linestyle="", label=group)
            # Below the axes, because bars and their notes may fill the whole width.
            ax.figure.legend(
                *ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9, frameon=False
            )
