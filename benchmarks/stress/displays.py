"""Draw accuracy against severity: for each corruption, and for all together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ferbench.benchmarks.displays import GRAY, Display, clear_frame, line_styles, set_title
from ferbench.benchmarks.stress.corruptions import CORRUPTIONS, SEVERITIES

_COLUMNS = 4


@dataclass(frozen=True, eq=False, repr=False)
class StressDisplay(Display):
    """Accuracy of each recognizer against severity, in the color of its side; dashes and markers tell its lines apart.

    Attributes
    ----------
    table : DataFrame
        From :func:`ferbench.benchmarks.stress.accuracy_table`.
    floor : float
        Accuracy of the most common label, drawn as a dotted line.
    dataset : str
        The data, for the title.
    each : bool
        One panel for each corruption; otherwise one panel with the mean over the corruptions.
    """

    table: pd.DataFrame
    floor: float
    dataset: str = ""
    each: bool = True

    def frame(self) -> pd.DataFrame:
        """Return the table."""
        return self.table

    def _kinds(self) -> list[str]:
        return [kind for kind in self.table["corruption"].unique() if kind != "clean"]

    def _size(self) -> tuple[float, float]:
        rows = -(-len(self._kinds()) // _COLUMNS)
        return (11.5, 1.3 + 2.3 * rows) if self.each else (10.0, 5.0)

    def _draw(self, ax: Axes) -> None:
        count = int(self.table["n_images"].iloc[0])
        set_title(ax, "Accuracy under corruption" if self.each else "Mean over all corruptions", self.dataset, count)
        if not self.each:
            self._draw_panel(ax, self._kinds(), legend=True)
            ax.set_xlabel("severity")
            ax.set_ylabel("accuracy")
            return
        # Panels are insets of the given axes, so that the display works in any figure of the caller.
        ax.set_axis_off()
        kinds, rows = self._kinds(), -(-len(self._kinds()) // _COLUMNS)
        for place, kind in enumerate(kinds):
            row, column = divmod(place, _COLUMNS)
            box = (column / _COLUMNS, 1 - (row + 0.78) / rows, 0.86 / _COLUMNS, 0.64 / rows)
            panel = ax.inset_axes(box)
            self._draw_panel(panel, [kind], legend=False)
            panel.set_title(CORRUPTIONS[kind].title, fontsize=9, loc="left")
            panel.tick_params(labelsize=8)
        handles: Mapping[str, Any] = dict(zip(*panel.get_legend_handles_labels()[::-1], strict=True))
        ax.legend(
            handles.values(),
            handles,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.01),
            ncols=4,
            fontsize=8,
            frameon=False,
            handlelength=3.5,
        )

    def _draw_panel(self, ax: Axes, kinds: list[str], *, legend: bool) -> None:
        parts = list(self.table.groupby("recognizer", sort=False))
        styles = line_styles(str(own["side"].iloc[0]) for _, own in parts)
        for (name, own), (color, marker, dash) in zip(parts, styles, strict=True):
            clean = own.loc[own["severity"] == 0, "accuracy"].to_numpy()
            part = own[own["corruption"].isin(kinds)].groupby("severity")["accuracy"].mean()
            values = np.concatenate([clean, part.loc[list(SEVERITIES)].to_numpy()])
            label = f"{name} ({own['side'].iloc[0]})"
            line = {"color": color, "linestyle": dash, "marker": marker, "markersize": 4, "linewidth": 1.5}
            ax.plot((0, *SEVERITIES), values, **line, label=label)
        ax.axhline(self.floor, color=GRAY, linestyle=":", label="most common label")
        clear_frame(ax)
        ax.set(ylim=(0, 1.02), xticks=(0, *SEVERITIES))
        if legend:
            # Beside the lines: a dozen names would lie over them.
            beside: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0}
            ax.legend(fontsize=8, frameon=False, handlelength=3.5, **beside)
