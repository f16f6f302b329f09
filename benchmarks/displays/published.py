"""Plot published and measured accuracies on one axis."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from ferbench.benchmarks.displays.base import DARK, GRAY, Display, clear_frame, group_styles, set_title

if TYPE_CHECKING:
    import pandas as pd

# Marker and legend of a published figure, by the split used for model selection.
_CHOSEN = {
    "P": ("D", "published, chosen on PublicTest"),
    "T": ("v", "published, chosen on PrivateTest itself"),
    "?": ("s", "published, choice unknown"),
    "": ("*", "people"),
}
_LONGEST = 64


@dataclass(frozen=True, eq=False, repr=False)
class PublishedDisplay(Display):
    """Published figures as hollow markers, measured ones as filled points with intervals, the best at the top.

    Attributes
    ----------
    table : DataFrame
        Table from :func:`ferbench.benchmarks.report.published_figures.published`.
    dataset : str
        The data, for the title.
    narrow : bool
        Whether it is for a narrow screen: then names are above their rows, and the legend is below the plot.
    """

    table: "pd.DataFrame"
    dataset: str = ""
    narrow: bool = False

    def frame(self) -> "pd.DataFrame":
        """Return the table."""
        return self.table

    def for_phone(self) -> "PublishedDisplay":
        """Return the display with its names above the rows."""
        return replace(self, narrow=True)

    def _size(self) -> tuple[float, float]:
        if self.narrow:
            return 4.2, 3.0 + 0.36 * len(self.table)
        return 9.0, 2.0 + 0.27 * len(self.table)

    def _draw(self, ax: Axes) -> None:
        rows = self.table.to_dict("records")
        kinds = [str(row.get("kind") or "classical") for row in rows if row["origin"] == "measured"]
        styles = group_styles(kinds)
        for place, row in enumerate(rows):
            if row["origin"] == "measured":
                kind = str(row.get("kind") or "classical")
                self._measured(ax, place, row, kind, styles[kind])
            else:
                marker, label = _CHOSEN[row["selection"]]
                ax.plot(
                    100 * row["accuracy"], place, marker=marker, markersize=7, color=GRAY, markerfacecolor="none",
                    linestyle="", label=label,
                )  # fmt: skip
        clear_frame(ax)
        self._name_rows(ax, rows)
        ax.set_xlabel("accuracy, %; measured ones with 95 % interval")
        handles, labels = ax.get_legend_handles_labels()
        once = dict(zip(labels, handles, strict=True))
        # The best are at the top right, so the other corner is free.
        free: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.75 / self._size()[1])}
        ax.legend(once.values(), once.keys(), fontsize=8, **(free if self.narrow else {"loc": "upper left"}))
        title = "Published figures (hollow){}and measured ones (filled)".format("\n" if self.narrow else " ")
        set_title(ax, title, self.dataset)

    def _name_rows(self, ax: Axes, rows: list[dict[Any, Any]]) -> None:
        weights = ["bold" if row["origin"] == "measured" else "normal" for row in rows]
        ax.set_ylim(len(rows) - 0.4, -0.9 if self.narrow else -0.6)
        if not self.narrow:
            ax.set_yticks(range(len(rows)), [_text(row) for row in rows], fontsize=8)
            for tick, weight in zip(ax.get_yticklabels(), weights, strict=True):
                tick.set_fontweight(weight)
            return
        ax.set_yticks([])
        for place, (row, weight) in enumerate(zip(rows, weights, strict=True)):
            beside: dict[str, Any] = {"xytext": (3, 0), "textcoords": "offset points", "va": "center"}
            at: dict[str, Any] = {"xy": (0, place - 0.45), "xycoords": ax.get_yaxis_transform()}
            ax.annotate(_text(row), **at, **beside, fontsize=7.5, fontweight=weight, color=DARK)

    @staticmethod
    def _measured(ax: Axes, place: int, row: dict[Any, Any], kind: str, style: tuple[str, str]) -> None:
        value, low, high = (100 * row[name] for name in ("accuracy", "low", "high"))
        color, marker = style
        ax.plot([low, high], [place, place], color=color, linewidth=2.4)
        ax.plot(value, place, marker=marker, color=color, markersize=7, linestyle="", label=f"measured here, {kind}")
        ax.annotate(
            f"{value:.1f}", (high, place), (5, 0), textcoords="offset points", va="center", color=DARK, fontsize=8
        )


def _text(row: dict[Any, Any]) -> str:
    """Return the description, cut to fit beside the plot; the table has the full text and the authors."""
    what = str(row["what"])
    return (what if len(what) <= _LONGEST else what[: _LONGEST - 1] + "…").replace("$", r"\$")
