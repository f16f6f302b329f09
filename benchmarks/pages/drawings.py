"""Make the plots of a report: PNG files, and SVG elements in the colors of the page."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ferbench.benchmarks import displays
from ferbench.benchmarks.pages.results import BaseResults, MeasuredCell
from ferbench.benchmarks.tables import write_plots

if TYPE_CHECKING:
    from ferbench.benchmarks.displays import Display

# Replaces the dark-on-white colors of the displays, because the page may use a dark theme.
_PAGE_COLORS = {
    **dict.fromkeys(("#222222", "#000000"), "currentColor"),
    **dict.fromkeys(("#ffffff",), "var(--page)"),
    "#dddddd": "var(--line)",
    "#767676": "var(--soft)",
}


def svg_of(name: str, make: "Callable[[], Display]") -> str:
    """Return a plot as an ``<svg>`` element in the colors of the page."""
    return _for_page(raw_svg(name, make))


def raw_svg(name: str, make: "Callable[[], Display]") -> str:
    """Return a plot as an ``<svg>`` element in the colors of the page."""
    from matplotlib import rc_context

    text = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    style: Any = {
        **dict.fromkeys(text, "#222222"),
        **dict.fromkeys(("axes.facecolor", "figure.facecolor", "savefig.facecolor", "legend.facecolor"), "none"),
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "legend.framealpha": 0,
    }
    with rc_context(style):
        figure = make().plot().get_figure(root=True)
        assert figure is not None
        buffer = io.StringIO()
        title = " ".join(figure.axes[0].get_title(loc="left").replace(r"\$", "$").split())
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Title": title or name})
    return buffer.getvalue()


class Drawings:
    """The plots of a report, by file name without the suffix. Each display is made on first access, and kept.

    Parameters
    ----------
    makers : mapping of str to callable
        Functions that make the displays.
    patterns : sequence of str
        Patterns of file names that only a report writes, such as ``roc_*``. Old files that match are removed.
    """

    def __init__(self, makers: "Mapping[str, Callable[[], Display]]", patterns: Sequence[str]) -> None:
        self._makers = {name: cache(make) for name, make in makers.items()}
        self._patterns = patterns

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __contains__(self, name: str) -> bool:
        return name in self._makers

    def display(self, name: str) -> "Display":
        """Return one display by its file name."""
        return self._makers[name]()

    def svg(self, name: str) -> str:
        """Return one plot as an ``<svg>`` element in the colors of the page."""
        return svg_of(name, self._makers[name])

    def phone_svg(self, name: str) -> str:
        """Return one plot for a narrow screen; empty where the usual one is legible there."""
        display = self._makers[name]().for_phone()
        return "" if display is None else svg_of(f"{name}-phone", lambda: display)

    def save(self, root: Path) -> list[Path]:
        """Write all plots as PNG into `root`, and remove those of cells that no longer exist."""
        written = [root / f"{name}.png" for name in write_plots(self._makers, root)]
        for pattern in self._patterns:
            for path in set(root.glob(f"{pattern}.png")) - set(written):
                path.unlink()
        return written


def about(results: BaseResults, split: str = "") -> str:
    """Return the data set and the split for the title of a plot."""
    drawn = " (drawn, not real)" if results.is_drawn else ""
    return f"{no_math(results.dataset.get('name'))}{drawn} {split}".strip()


def trained(results: BaseResults) -> list[Any]:
    """Return the cells whose records have training curves that can be plotted."""
    return [cell for cell in results.measured if history_is_drawable(cell.record.get("history"))]


def training_makers(results: BaseResults, validation: str) -> "dict[str, Callable[[], Display]]":
    """Return a function for each network that makes the display of its training curves."""
    return {
        f"training_{slug(cell.label)}": partial(training_display, results, cell, validation)
        for cell in trained(results)
    }


def training_display(results: BaseResults, cell: MeasuredCell, validation: str) -> "Display":
    """Make the display of the training curves of one network."""
    dataset = f"{about(results)}, validated on {validation}"
    return displays.HistoryDisplay.from_history(
        cell.record["history"], name=no_math(cell.label), dataset=dataset, distilled=_is_distilled(cell.record)
    )


def _is_distilled(record: Mapping[str, Any]) -> bool:
    """Whether a network had teachers: by its parameters, which a record holds as text."""
    recipe = record["recipe"]
    teachers = (recipe.get("params") or {}).get("teachers") or (recipe.get("all_params") or {}).get("teachers")
    return bool(teachers) and teachers not in ("()", "[]")


def history_frame(results: BaseResults) -> pd.DataFrame | None:
    """Return the training curves of all networks as one table, or None if there are none."""
    curves = {
        cell.label: displays.HistoryDisplay.from_history(cell.record["history"]).frame() for cell in trained(results)
    }
    return stacked(curves) if curves else None


def stacked(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Concatenate tables, each with its recognizer in the first column."""
    parts = []
    for label, table in tables.items():
        table.insert(0, "recipe", label)
        parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["recipe"])


def history_is_drawable(history: Mapping[str, Any] | None) -> bool:
    """Return whether a history has curves of equal length that the display can plot."""
    history = history or {}
    lengths = {len(values) for values in history.values()}
    drawable = {"loss", "val_loss", "accuracy", "train_accuracy", "val_accuracy", "learning_rate"}.intersection(history)
    return bool(drawable) and len(lengths) == 1 and lengths != {0}


def slug(label: str) -> str:
    """Return a file name for a label, such as ``hog+svm_seed_1``."""
    return re.sub(r"[^A-Za-z0-9+.-]+", "_", label).strip("_.") or "unnamed"


def no_math(text: object) -> str:
    """Escape text of a record so that matplotlib does not read it as a formula."""
    return str(text).replace("$", r"\$")


def _for_page(svg: str) -> str:
    body = svg[svg.index("<svg") :]
    colors = _PAGE_COLORS | {color.lower(): f"var(--c{place})" for place, color in enumerate(displays.PALETTE)}
    pattern = re.compile("|".join(colors), re.IGNORECASE)
    body = pattern.sub(lambda match: colors[match.group().lower()], body)
    # The page sets width and font; the plot keeps its aspect ratio.
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    # Every plot has the same group ids, but ids must be unique in a page. Nothing refers to them, so they are removed.
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    # A title would appear beside the pointer; as the label of a picture it is read aloud only.
    title = re.search(r"<title>(.*?)</title>", body, flags=re.DOTALL)
    label = title.group(1).replace('"', "&quot;") if title else "plot"
    body = re.sub(r"<title>.*?</title>|<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    return body.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
