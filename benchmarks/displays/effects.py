"""Plot the effect of each change to a reference recipe."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.axes import Axes

from ferbench.benchmarks.displays.base import DARK, GRAY, PALETTE, Display, clear_frame, set_title
from ferbench.benchmarks.scores import NO_DIFFERENCE

if TYPE_CHECKING:
    import pandas as pd

_COLORS = {"better": PALETTE[2], "worse": PALETTE[1], NO_DIFFERENCE: GRAY}

# A gray row can have an interval without zero: the interval is of one row, the verdict is corrected over all of them.
_AXIS = (
    "change of accuracy in points, with the paired 95 % interval of each row alone\n"
    "gray: not shown to differ from zero after the correction over all rows"
)


@dataclass(frozen=True, eq=False, repr=False)
class EffectsDisplay(Display):
    """Bars of the effects in percentage points with their paired 95 % intervals, the best at the top.

    Attributes
    ----------
    table : DataFrame
        Table from :func:`ferbench.benchmarks.report.ablation.effects`, with the reference in the first row.
    dataset : str
        The data, for the title.
    """

    table: "pd.DataFrame"
    dataset: str = ""

    def frame(self) -> "pd.DataFrame":
        """Return the table."""
        return self.table

    def _size(self) -> tuple[float, float]:
        return 8.0, 1.8 + 0.4 * max(len(self.table) - 1, 3)

    def _draw(self, ax: Axes) -> None:
        reference = self.table.iloc[0]
        rows = self.table.iloc[1:].sort_values("effect", ascending=False).to_dict("records")
        for place, row in enumerate(rows):
            color = _COLORS[row["verdict"]]
            value, low, high = (100 * row[name] for name in ("effect", "effect_low", "effect_high"))
            ax.barh(place, value, height=0.65, color=color, alpha=0.25)
            ax.plot([low, high], [place, place], color=color, linewidth=2.4)
            ax.plot(value, place, marker="o", color=color, markersize=5)
            ax.annotate(
                f"{value:+.1f}", (max(high, 0), place), (6, 0), textcoords="offset points", va="center", color=DARK
            )
        clear_frame(ax)
        ax.grid(visible=False, axis="y")
        ax.axvline(0, color=DARK, linewidth=1)
        ax.margins(x=0.12)
        prefix = f"{reference['recipe']}@"
        ax.set_yticks(range(len(rows)), [str(row["recipe"]).removeprefix(prefix) for row in rows])
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.set_xlabel(_AXIS)
        what = f"Changes to {reference['recipe']} (accuracy {reference['accuracy']:.3f})"
        set_title(ax, what, self.dataset, int(reference["n_images"]))
