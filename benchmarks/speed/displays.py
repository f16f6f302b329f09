"""Plot the speed benchmark: growth of fit and predict times, and the speed of extractors."""

from dataclasses import dataclass
from typing import ClassVar

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from ferbench.benchmarks.displays import (
    DARK,
    GRAY,
    PALETTE,
    Display,
    classifier_style,
    clear_frame,
    label_ends,
    label_log_axis,
    set_title,
)


@dataclass(frozen=True, eq=False, repr=False)
class GrowthDisplay(Display):
    """Seconds against the number of training images on logarithmic axes, with one line per classifier.

    Attributes
    ----------
    table : DataFrame
        Columns ``classifier``, ``n_images``, ``seconds``.
    what, dataset : str
        The measured step and the data, for the title.
    """

    figsize: ClassVar[tuple[float, float]] = (9.6, 6.6)

    table: pd.DataFrame
    what: str
    dataset: str = ""

    def frame(self) -> pd.DataFrame:
        """The numbers behind the drawing."""
        return self.table

    def _draw(self, ax: Axes) -> None:
        ends = []
        for name, part in self.table.sort_values("n_images").groupby("classifier"):
            color, marker, line = classifier_style(str(name))
            ax.plot(part["n_images"], part["seconds"], line, color=color, marker=marker, markersize=6)
            ends.append((float(part["n_images"].iloc[-1]), float(part["seconds"].iloc[-1]), str(name), color))
        ax.set_xscale("log")
        ax.set_yscale("log")
        self._draw_slopes(ax)
        sizes = sorted(set(self.table["n_images"]))
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
        ax.xaxis.set_minor_formatter(NullFormatter())
        label_log_axis(ax.yaxis)
        clear_frame(ax)
        ax.set_xlabel("training images")
        ax.set_ylabel("seconds")
        label_ends(ax, ends)
        set_title(ax, self.what, self.dataset)

    def _draw_slopes(self, ax: Axes) -> None:
        """Draw thin reference lines of linear, quadratic and cubic growth from the lower left."""
        left, right = self.table["n_images"].min(), self.table["n_images"].max()
        low, high = ax.get_ylim()
        if left == right:
            return
        for power, name in ((1, "n"), (2, "n²"), (3, "n³")):
            ax.plot(
                [left, right], [low, low * (right / left) ** power], color=GRAY, linestyle=":", linewidth=1, zorder=0
            )
            top = min(low * (right / left) ** power, high)
            x = left * (top / low) ** (1 / power)
            ax.annotate(
                name, (x, top), (-8, 0), textcoords="offset points", fontsize=9, color=GRAY, ha="right", va="top"
            )
        ax.set_ylim(low, high)


@dataclass(frozen=True, eq=False, repr=False)
class ExtractorSpeedDisplay(Display):
    """Images per second of each extractor on one core.

    Attributes
    ----------
    table : DataFrame
        Columns ``extractor``, ``images_per_s``, ``n_features``.
    dataset : str
        The data, for the title.
    """

    table: pd.DataFrame
    dataset: str = ""

    def frame(self) -> pd.DataFrame:
        """The numbers behind the drawing."""
        return self.table

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.6 + 0.34 * len(self.table)

    def _draw(self, ax: Axes) -> None:
        rows = self.table.sort_values("images_per_s", ascending=False).to_dict("records")
        for place, row in enumerate(rows):
            ax.barh(place, row["images_per_s"], color=PALETTE[0], alpha=0.85)
            text = f" {row['images_per_s']:,.0f}  ({row['n_features']:,.0f} columns)"
            ax.annotate(text, (row["images_per_s"], place), va="center", fontsize=8, color=DARK)
        ax.set_yticks(range(len(rows)), [row["extractor"] for row in rows], fontsize=9)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xscale("log")
        slowest, fastest = (edge(row["images_per_s"] for row in rows) for edge in (min, max))
        # Space for the text beside the longest bar; a factor, because the axis is logarithmic.
        ax.set_xlim(slowest / 3, fastest * (fastest / slowest * 3) ** 0.45)
        label_log_axis(ax.xaxis)
        clear_frame(ax)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("images per second on one core")
        set_title(ax, "Speed of extractors", self.dataset)
