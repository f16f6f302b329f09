"""Plots of a protocol: accuracy of each fold, learning curves, and protocols beside each other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from matplotlib.axes import Axes

from ferbench.benchmarks.displays import DARK, MARKERS, PALETTE, Display, clear_frame, set_title
from ferbench.benchmarks.folds.curve import Crossing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class FoldsDisplay(Display):
    """Accuracy of each recipe over folds: a dot for each fold, the pooled accuracy with its interval over people.

    Attributes
    ----------
    table : DataFrame
        The leaderboard.
    cells : DataFrame
        One row for each fold.
    dataset : str
        For the title.
    """

    table: "pd.DataFrame"
    cells: "pd.DataFrame"
    dataset: str = ""

    def frame(self) -> "pd.DataFrame":
        """One row for each fold of each recipe."""
        return self.cells[["recipe", "seed", "fold", "n_images", "accuracy"]]

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.7 + 0.34 * max(len(self.table), 3)

    def _draw(self, ax: Axes) -> None:
        for row, line in enumerate(self.table.to_dict("records")):
            dots = self.cells.loc[self.cells["recipe"] == line["recipe"], "accuracy"].dropna()
            ax.plot(dots, np.full(len(dots), row), ".", color=PALETTE[0], alpha=0.35, markersize=7)
            ax.plot([line["pooled_low"], line["pooled_high"]], [row + 0.18] * 2, color=PALETTE[1], linewidth=2.4)
            ax.plot(line["pooled"], row + 0.18, marker="D", color=PALETTE[1], markersize=5)
        clear_frame(ax)
        ax.grid(visible=False, axis="y")
        ax.set_yticks(range(len(self.table)), list(self.table["recipe"]))
        ax.set_ylim(len(self.table) - 0.4, -0.6)
        ax.set_xlim(0, 1.02)
        ax.set_xlabel("accuracy: a dot for each fold; pooled over all of them with 95 % interval")
        set_title(ax, "Accuracy over folds", self.dataset, int(self.table["n_images"].max()))


@dataclass(frozen=True, eq=False, repr=False)
class CurveDisplay(Display):
    """Learning curves with intervals, and the points at which recipes cross.

    Attributes
    ----------
    table : DataFrame
        One row for each recipe and share.
    crossings : tuple of Crossing
    dataset : str
        For the title.
    """

    figsize: ClassVar[tuple[float, float]] = (7.6, 5.6)

    table: "pd.DataFrame"
    crossings: tuple[Crossing, ...] = ()
    dataset: str = ""

    def frame(self) -> "pd.DataFrame":
        """One row for each recipe and share."""
        return self.table

    def _draw(self, ax: Axes) -> None:
        for place, (recipe, rows) in enumerate(self.table.groupby("recipe", sort=False)):
            color, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
            ax.fill_between(rows["share"], rows["accuracy_low"], rows["accuracy_high"], color=color, alpha=0.15)
            ax.plot(rows["share"], rows["accuracy"], color=color, marker=marker, label=str(recipe))
        for each in self.crossings:
            ax.axvline(each.share, color=DARK, linewidth=0.8, linestyle=":")
        clear_frame(ax)
        ax.set_xscale("log")
        ticks = sorted(set(self.table["share"]))
        ax.set_xticks(ticks, [f"{share:.0%}" for share in ticks])
        ax.minorticks_off()
        ax.set_xlabel("share of Training; dotted: two recipes cross")
        ax.set_ylabel("accuracy, with 95 % interval")
        ax.legend(fontsize=9, frameon=False)
        set_title(ax, "Learning curves", self.dataset)


@dataclass(frozen=True, eq=False, repr=False)
class ProtocolsDisplay(Display):
    """The same recipes under several protocols, with intervals over people.

    Attributes
    ----------
    table : DataFrame
        ``recipe``, ``protocol``, ``accuracy``, ``accuracy_low``, ``accuracy_high``.
    dataset : str
        For the title.
    """

    table: "pd.DataFrame"
    dataset: str = ""

    def frame(self) -> "pd.DataFrame":
        """One row for each recipe and protocol."""
        return self.table

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.8 + 0.42 * max(self.table["recipe"].nunique(), 3)

    def _draw(self, ax: Axes) -> None:
        recipes, protocols = list(dict.fromkeys(self.table["recipe"])), list(dict.fromkeys(self.table["protocol"]))
        step = 0.7 / max(len(protocols), 1)
        for number, (protocol, rows) in enumerate(self.table.groupby("protocol", sort=False)):
            color, marker = PALETTE[number % len(PALETTE)], MARKERS[number % len(MARKERS)]
            for line in rows.to_dict("records"):
                row = recipes.index(line["recipe"]) + (number - (len(protocols) - 1) / 2) * step
                ax.plot([line["accuracy_low"], line["accuracy_high"]], [row, row], color=color, linewidth=2)
                ax.plot(line["accuracy"], row, marker=marker, color=color, markersize=5)
            ax.plot([], [], color=color, marker=marker, label=str(protocol))
        clear_frame(ax)
        ax.set_yticks(range(len(recipes)), recipes)
        ax.set_ylim(len(recipes) - 0.4, -0.6)
        ax.set_xlim(0, 1.02)
        ax.set_xlabel("pooled accuracy, with 95 % interval")
        ax.figure.legend(
            *ax.get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize=9, frameon=False
        )
        set_title(ax, "Accuracy by protocol", self.dataset)
