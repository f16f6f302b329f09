"""Plot a hyperparameter search: its history, and the effect of its parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ferbench.benchmarks.displays import DARK, GRAY, HEAT, PALETTE, Display, clear_frame, set_title, titled
from ferbench.benchmarks.tune.space import Choices, Space

_COLUMNS = 3


@dataclass(frozen=True, eq=False, repr=False)
class SearchDisplay(Display):
    """Scores of the trials of a search in order, with the best score so far.

    Attributes
    ----------
    trial : ndarray of shape (n_trials,), int
    status : tuple of str
        ``ok``, ``pruned`` or ``failed``, for each trial.
    value : ndarray of shape (n_trials,), float
        The score; for a pruned trial the accuracy of its last epoch; NaN for a failed trial.
    best : ndarray of shape (n_trials,), float
        The best score so far; NaN before the first score.
    metric, name, dataset : str
        What is maximized; the recipe and the data, for the title.
    n_images : int
        Images that each trial is scored on.
    """

    figsize: ClassVar[tuple[float, float]] = (8.0, 4.8)

    trial: NDArray[np.intp]
    status: tuple[str, ...]
    value: NDArray[np.float64]
    best: NDArray[np.float64]
    metric: str
    name: str = ""
    dataset: str = ""
    n_images: int | None = None

    @classmethod
    def from_trials(
        cls,
        records: Sequence[Mapping[str, Any]],
        *,
        metric: str,
        name: str = "",
        dataset: str = "",
        n_images: int | None = None,
    ) -> "SearchDisplay":
        """Make the display from the records of a search.

        Raises
        ------
        ValueError
            If no trial succeeded.
        """
        if not any(record["status"] == "ok" for record in records):
            raise ValueError("SearchDisplay needs at least one successful trial; got none")
        value = np.array([_shown(record) for record in records], dtype=np.float64)
        counted = [v if record["status"] == "ok" else np.nan for v, record in zip(value, records, strict=True)]
        best = np.fmax.accumulate(np.array(counted))
        trial = np.array([record["trial"] for record in records])
        status = tuple(str(record["status"]) for record in records)
        return cls(trial, status, value, best, metric, name, dataset, n_images)

    def frame(self) -> pd.DataFrame:
        """One row per trial: ``trial, status, <metric>, best``."""
        return pd.DataFrame(
            {"trial": self.trial, "status": list(self.status), self.metric: self.value, "best": self.best}
        )

    def _draw(self, ax: Axes) -> None:
        ok, pruned, failed = (np.array([s == kind for s in self.status]) for kind in ("ok", "pruned", "failed"))
        ax.plot(self.trial, self.best, color=PALETTE[0], drawstyle="steps-post", label="best so far")
        ax.plot(self.trial[ok], self.value[ok], "o", color=PALETTE[1], label="trial")
        if pruned.any():
            label = "pruned, last epoch"
            ax.plot(self.trial[pruned], self.value[pruned], "v", color=PALETTE[1], fillstyle="none", label=label)
        if self.status[0] == "ok":
            ax.axhline(self.value[0], color=GRAY, linestyle=":", label="default parameters (trial 0)")
        if failed.any():
            # At the lower edge, whatever the scores are.
            bottom = ax.get_xaxis_transform()
            n = int(failed.sum())
            x = self.trial[failed]
            ax.plot(x, np.full(n, 0.03), "x", color=DARK, transform=bottom, clip_on=False, label=f"failed ({n})")
        clear_frame(ax)
        ax.set_xlim(-0.5, max(self.trial[-1], 1) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        ax.set_xlabel("trial")
        ax.set_ylabel(f"{_words(self.metric)} on PublicTest")
        ax.legend(fontsize=9, loc="best")
        set_title(ax, titled("Search", self.name), self.dataset, self.n_images)


@dataclass(frozen=True, eq=False, repr=False)
class SlicesDisplay(Display):
    """Scores against each parameter, the most important parameters first.

    Attributes
    ----------
    values : dict of str to tuple
        Each parameter's value in each trial that succeeded.
    log : dict of str to bool
        Whether a parameter was drawn on a logarithmic scale.
    choices : dict of str to tuple of str
        The choices of each categorical parameter, in the order of the axis.
    importance : dict of str to float
        Share of the variation that each parameter explains; empty with too few trials.
    trial : ndarray of shape (n_trials,), int
    score : ndarray of shape (n_trials,), float
    metric, name, dataset : str
        What is maximized; the recipe and the data, for the title.
    n_images : int
        Images that each trial is scored on.
    """

    values: dict[str, tuple[Any, ...]]
    log: dict[str, bool]
    choices: dict[str, tuple[str, ...]]
    importance: dict[str, float]
    trial: NDArray[np.intp]
    score: NDArray[np.float64]
    metric: str
    name: str = ""
    dataset: str = ""
    n_images: int | None = None

    @classmethod
    def from_trials(
        cls,
        records: Sequence[Mapping[str, Any]],
        space: Space,
        importance: Mapping[str, float],
        *,
        metric: str,
        name: str = "",
        dataset: str = "",
        n_images: int | None = None,
    ) -> "SlicesDisplay":
        """Make the display from the records of a search, its space, and the result of :func:`importances`.

        Raises
        ------
        ValueError
            If no trial succeeded.
        """
        done = [record for record in records if record["status"] == "ok"]
        if not done:
            raise ValueError("SlicesDisplay needs at least one successful trial; got none")
        names = sorted(space, key=lambda name: (-importance.get(name, 0.0), name))
        return cls(
            values={name: tuple(record["params"][name] for record in done) for name in names},
            log={name: getattr(space[name], "log", False) for name in names},
            choices={
                name: tuple(map(str, values.values)) for name, values in space.items() if isinstance(values, Choices)
            },
            importance=dict(importance),
            trial=np.array([record["trial"] for record in done]),
            score=np.array([record["value"] for record in done]),
            metric=metric,
            name=name,
            dataset=dataset,
            n_images=n_images,
        )

    def frame(self) -> pd.DataFrame:
        """One row per parameter and trial: ``parameter, importance, trial, value, <metric>``."""
        tables = [
            pd.DataFrame({"trial": self.trial, "value": list(values), self.metric: self.score}).assign(
                parameter=name, importance=self.importance.get(name)
            )
            for name, values in self.values.items()
        ]
        return pd.concat(tables)[["parameter", "importance", "trial", "value", self.metric]]

    def _size(self) -> tuple[float, float]:
        columns, rows = self._grid()
        return max(4.0 * columns, 6.0), 2.9 * rows + 0.6

    def _grid(self) -> tuple[int, int]:
        columns = 2 if len(self.values) in (2, 4) else min(_COLUMNS, len(self.values))
        return columns, -(-len(self.values) // columns)

    def _draw(self, ax: Axes) -> None:
        set_title(ax, titled("Parameters (star: the best, darker: later)", self.name), self.dataset, self.n_images)
        ax.set_axis_off()
        columns, rows = self._grid()
        for place, name in enumerate(self.values):
            row, column = divmod(place, columns)
            bounds = ((column + 0.12) / columns, 1 - (row + 0.88) / rows, 0.84 / columns, 0.76 / rows)
            self._draw_panel(ax.inset_axes(bounds), name, first=column == 0)

    def _draw_panel(self, ax: Axes, name: str, *, first: bool) -> None:
        shown = np.array([self._position(name, value) for value in self.values[name]], dtype=np.float64)
        # Later trials are darker, to show whether the search converges to a value.
        first_trial, last_trial = int(self.trial[0]), int(self.trial[-1])
        lightest = first_trial - 0.4 * max(last_trial - first_trial, 1)
        shades = {"c": self.trial, "cmap": HEAT, "vmin": lightest, "vmax": last_trial}
        ax.scatter(shown, self.score, s=30, edgecolors=DARK, linewidths=0.5, **shades)  # type: ignore[arg-type]
        winner = int(np.argmax(self.score))
        ax.scatter(shown[winner], self.score[winner], s=150, marker="*", color=PALETTE[1], edgecolors=DARK, zorder=3)
        if self.log[name]:
            ax.set_xscale("log")
            ax.xaxis.set_major_formatter("{x:g}")
        if labels := self.choices.get(name):
            ax.set_xticks(range(len(labels)), labels)
            ax.set_xlim(-0.5, len(labels) - 0.5)
        elif not self.log[name]:
            ax.xaxis.set_major_locator(MaxNLocator(5))
        clear_frame(ax)
        share = self.importance.get(name)
        ax.set_title(name if share is None else f"{name}: {share:.0%} of the variation", fontsize=10, loc="left")
        if first:
            ax.set_ylabel(f"{_words(self.metric)} on PublicTest")

    def _position(self, name: str, value: Any) -> float:
        """Return the position of a value on its axis; NaN outside of it, such as for a default that is not a number."""
        if labels := self.choices.get(name):
            return labels.index(str(value)) if str(value) in labels else np.nan
        return float(value) if isinstance(value, int | float) else np.nan


def _shown(record: Mapping[str, Any]) -> float:
    if record["status"] == "pruned":
        last = max(record["epochs"], key=int)
        return float(record["epochs"][last])
    return np.nan if record["value"] is None else float(record["value"])


def _words(metric: str) -> str:
    return metric.replace("_f1", " F1")
