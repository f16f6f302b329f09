"""Plot the accuracy against the number of one's own images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from matplotlib.axes import Axes

from ferbench.benchmarks.displays import DARK, MARKERS, PALETTE, Display, clear_frame, set_title

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class TransferDisplay(Display):
    """Accuracy with its 95 % interval against the number of images, with one line per method.

    Attributes
    ----------
    table : DataFrame
        Columns ``method``, ``n_images``, ``accuracy``, ``accuracy_low``, ``accuracy_high``, ``n_test``.
    """

    figsize: ClassVar[tuple[float, float]] = (8.0, 5.0)

    table: "pd.DataFrame"

    def frame(self) -> "pd.DataFrame":
        """Return the table."""
        return self.table

    def _draw(self, ax: Axes) -> None:
        for place, (name, rows) in enumerate(self.table.groupby("method", sort=False)):
            part = rows.sort_values("n_images")
            color = DARK if name == "constant" else PALETTE[place % len(PALETTE)]
            marker = MARKERS[place % len(MARKERS)]
            ax.plot(part["n_images"], part["accuracy"], color=color, marker=marker, label=str(name))
            ax.fill_between(part["n_images"], part["accuracy_low"], part["accuracy_high"], color=color, alpha=0.12)
        ax.set_xscale("log")
        sizes = sorted(set(self.table["n_images"]))
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
        ax.set_xticks([], minor=True)
        clear_frame(ax)
        ax.set_xlabel("images for training and validation")
        ax.set_ylabel("accuracy on other drawn faces")
        ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        set_title(ax, "Own faces with new labels", "drawn faces", int(self.table["n_test"].iloc[0]))
