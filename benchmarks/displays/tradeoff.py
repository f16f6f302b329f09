"""Plot accuracy against a cost with the Pareto front."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ferbench.benchmarks.displays.base import (
    DARK,
    GRAY,
    Display,
    clear_frame,
    group_of,
    group_styles,
    label_log_axis,
    set_title,
)
from ferbench.benchmarks.displays.labels import place_labels
from ferbench.benchmarks.scores import Scores

# More names than this would overlap: then only names on a front are written, and the CSV has all of them.
MOST_NAMES = 24
# Opacity of recognizers whose costs were measured under other conditions.
_PALE = 0.35


@dataclass(frozen=True, eq=False, repr=False)
class TradeoffDisplay(Display):
    """Accuracy with its 95 % interval against a cost on a logarithmic axis, with the Pareto front.

    A thin line in the color of a group is the Pareto front of that group.

    Attributes
    ----------
    names, groups : tuple of str
        Recognizers by rising cost, and their groups (such as the family).
    accuracy, low, high, cost : ndarray of shape (n_recognizers,)
    on_front : ndarray of shape (n_recognizers,), bool
        Whether the recognizer is on the Pareto front, see :func:`pareto_front`.
    unmeasured : tuple of str
        Recognizers without a measured cost, which are not shown.
    n_images : int
    cost_label, dataset : str
        Axis label with the unit; the data, for the title.
    others : tuple of str
        Recognizers whose cost was measured under other conditions. They are drawn pale and are on no front.
    """

    figsize: ClassVar[tuple[float, float]] = (9.6, 6.6)

    names: tuple[str, ...]
    groups: tuple[str, ...]
    accuracy: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    cost: NDArray[np.float64]
    on_front: NDArray[np.bool_]
    unmeasured: tuple[str, ...]
    n_images: int
    cost_label: str
    dataset: str = ""
    others: tuple[str, ...] = ()

    @classmethod
    def from_scores(
        cls,
        scores: Mapping[str, Scores],
        costs: Mapping[str, float | None],
        *,
        cost_label: str = "single-image latency, median (ms)",
        groups: Mapping[str, str] | None = None,
        dataset: str = "",
        comparable: Collection[str] | None = None,
    ) -> "TradeoffDisplay":
        """Make the display from scores on the same images and positive costs; None is a cost that was not measured.

        `comparable` names the recognizers whose costs may be ranked, by default all.

        Raises
        ------
        ValueError
            If no recognizer has a cost, or a cost is not positive.
        """
        measured = {name: float(costs[name]) for name in scores if costs.get(name) is not None}  # type: ignore[arg-type]
        if not measured:
            raise ValueError(f"TradeoffDisplay needs at least one measured cost; got none for {list(scores)}")
        for name, value in measured.items():
            if not value > 0:
                raise ValueError(f"the cost of {name} must be positive, for a logarithmic axis; got {value}")
        names = sorted(measured, key=lambda name: (measured[name], name))
        low, high = np.array([scores[name].interval("accuracy") for name in names]).T
        accuracy = np.array([scores[name].accuracy for name in names])
        cost = np.array([measured[name] for name in names])
        ranked = np.array([comparable is None or name in comparable for name in names], bool)
        on_front = np.zeros(len(names), bool)
        on_front[ranked] = pareto_front(cost[ranked], accuracy[ranked])
        return cls(
            names=tuple(names),
            groups=group_of(names, groups),
            accuracy=accuracy,
            low=low,
            high=high,
            cost=cost,
            on_front=on_front,
            unmeasured=tuple(name for name in scores if name not in measured),
            n_images=scores[names[0]].n_images,
            cost_label=cost_label,
            dataset=dataset,
            others=tuple(name for name, may in zip(names, ranked, strict=True) if not may),
        )

    def frame(self) -> pd.DataFrame:
        """One row per recognizer: ``recipe, cost, accuracy, accuracy_low, accuracy_high, on_front, group, ranked``."""
        return pd.DataFrame(
            {
                "recipe": list(self.names),
                "cost": self.cost,
                "accuracy": self.accuracy,
                "accuracy_low": self.low,
                "accuracy_high": self.high,
                "on_front": self.on_front,
                "group": list(self.groups),
                "ranked": list(self._ranked),
            }
        )

    @property
    def _ranked(self) -> NDArray[np.bool_]:
        return np.array([name not in self.others for name in self.names], bool)

    def _draw(self, ax: Axes) -> None:
        front = self.on_front
        steps = _steps(self.cost[front], self.accuracy[front])
        if front.any():
            ax.plot(*steps, color=GRAY, linestyle="--", zorder=1, label="Pareto front (filled)")
        edges = [_edges(steps), *self._draw_group_fronts(ax)]
        ax.set_xscale("log")
        self._set_limits(ax)
        self._draw_points(ax)
        label_log_axis(ax.xaxis)
        clear_frame(ax)
        ax.set_xlabel(self.cost_label)
        ax.set_ylabel("accuracy, with 95 % interval")
        self._draw_legend(ax)
        left_out = f"; {len(self.unmeasured)} without a measured cost left out" if self.unmeasured else ""
        set_title(ax, f"Accuracy against cost{left_out}", self.dataset, self.n_images)
        bars = np.column_stack([self.cost, self.low, self.cost, self.high])
        bars = bars[~np.isnan(bars).any(axis=1)]
        named = self._named()
        points = [self._shown_at(ax, int(place)) for place in np.flatnonzero(named)]
        names = [name for name, shown in zip(self.names, named, strict=True) if shown]
        place_labels(ax, points, names, np.concatenate([bars, *edges]))

    def _set_limits(self, ax: Axes) -> None:
        """Set the limits by the recognizers that use their input: a constant one would stretch both axes."""
        used = np.array([group != "constant" for group in self.groups])
        used = used if used.any() else np.ones(len(used), bool)
        # Space for the names at both ends; factors, because the axis is logarithmic.
        ax.set_xlim(self.cost[used].min() / 1.6, self.cost[used].max() * 2.2)
        ends = np.concatenate([self.accuracy[used], self.low[used], self.high[used]])
        low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
        space = 0.1 * (high - low) or 0.05
        ax.set_ylim(low - space, high + space)

    def _shown_at(self, ax: Axes, place: int) -> tuple[float, float]:
        """Return where a point is drawn: at the edge, if it is outside of the axes."""
        (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
        inner = 0.02 * (top - bottom)
        x = float(np.clip(self.cost[place], left * (right / left) ** 0.015, right))
        return x, float(np.clip(self.accuracy[place], bottom + inner, top - inner))

    def _group_front(self, group: str) -> NDArray[np.bool_]:
        """Return which recognizers are on the front of a group; False for other groups."""
        members = np.array([each == group for each in self.groups]) & self._ranked
        front = np.zeros(len(members), bool)
        front[members] = pareto_front(self.cost[members], self.accuracy[members])
        return front

    def _named(self) -> NDArray[np.bool_]:
        if len(self.names) <= MOST_NAMES:
            return np.ones(len(self.names), bool)
        fronts = [self._group_front(group) for group in dict.fromkeys(self.groups)]
        named = self.on_front | np.any(fronts, axis=0)
        return named if 0 < named.sum() <= MOST_NAMES else self.on_front

    def _draw_group_fronts(self, ax: Axes) -> list[NDArray[np.float64]]:
        """Draw the fronts of the groups, and return their edges so that names do not cover them."""
        styles, edges = group_styles(self.groups), []
        for group in dict.fromkeys(self.groups):
            front = self._group_front(group)
            if group and front.sum() > 1:
                steps = _steps(self.cost[front], self.accuracy[front])
                ax.plot(*steps, color=styles[group][0], linewidth=1, alpha=0.45, zorder=0)
                edges.append(_edges(steps))
        return edges

    def _draw_points(self, ax: Axes) -> None:
        styles = group_styles(self.groups)
        for place, group in enumerate(self.groups):
            color, marker = styles[group]
            pale = _PALE if self.names[place] in self.others else 1.0
            x, y = self._shown_at(ax, place)
            if (x, y) != (self.cost[place], self.accuracy[place]):
                # An arrow at the edge: the point itself is farther out.
                ax.plot(
                    x,
                    y,
                    color=color,
                    marker="<" if x > self.cost[place] else "v",
                    markersize=8,
                    linestyle="",
                    alpha=pale,
                )
                continue
            ax.plot([x, x], [self.low[place], self.high[place]], color=color, linewidth=1.4, alpha=0.6 * pale)
            ax.plot(
                x,
                y,
                color=color,
                marker=marker,
                markersize=8,
                linestyle="",
                alpha=pale,
                markerfacecolor=color if self.on_front[place] else "white",
            )

    def _draw_legend(self, ax: Axes) -> None:
        styles = group_styles(self.groups)
        for group in dict.fromkeys(self.groups):
            if group:
                color, marker = styles[group]
                ax.plot([], [], color=color, marker=marker, markersize=8, linestyle="", label=group)
        if self.others:
            pale: dict[str, Any] = {"marker": "o", "markerfacecolor": "white", "linestyle": "", "alpha": _PALE}
            ax.plot([], [], color=DARK, **pale, label="pale: measured elsewhere, not ranked")
        ax.legend(loc="best", fontsize=9)


def _steps(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the step line through the points, horizontal before vertical."""
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def _edges(steps: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return each segment of the step line as x0, y0, x1, y1."""
    x, y = steps
    return np.column_stack([x[:-1], y[:-1], x[1:], y[1:]])


def pareto_front(cost: NDArray[np.float64], value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points are Pareto-optimal: no other is at least as good in cost and value and better in one."""
    as_good = (cost[None, :] <= cost[:, None]) & (value[None, :] >= value[:, None])
    better = (cost[None, :] < cost[:, None]) | (value[None, :] > value[:, None])
    return np.logical_not((as_good & better).any(axis=1))
