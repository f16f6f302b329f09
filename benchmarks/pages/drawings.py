"""The drawings of a report: PNG files beside the tables, and the same as SVG that takes on the page's colors."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks import displays
from ferbench.benchmarks.pages.results import BaseResults, MeasuredCell
from ferbench.benchmarks.tables import write_plots

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.displays import Display

# What the displays draw in dark on white follows the page instead, which may be dark.
_PAGE_COLORS = {
    **dict.fromkeys(("#222222", "#000000"), "currentColor"),
    **dict.fromkeys(("#ffffff",), "var(--page)"),
    **{"#dddddd": "var(--line)", "#767676": "var(--soft)"},
}


def svg_of(name: str, make: "Callable[[], Display]") -> str:
    """A drawing as an ``<svg>`` element in the colors of the page."""
    from matplotlib import rc_context

    text = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    style: Any = {
        **dict.fromkeys(text, "#222222"),
        **dict.fromkeys(("axes.facecolor", "figure.facecolor", "savefig.facecolor", "legend.facecolor"), "none"),
        **{"svg.fonttype": "none", "svg.hashsalt": name, "legend.framealpha": 0},
    }
    with rc_context(style):
        figure = make().plot().get_figure(root=True)
        assert figure is not None
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _for_page(buffer.getvalue())


class Drawings:
    """Every drawing of a report, by the name of its file without the suffix.

    Nothing is drawn before it is asked for.

    Parameters
    ----------
    makers : mapping of str to callable
        What makes each drawing.
    patterns : sequence of str
        Names of files that only a report writes, such as ``roc_*``: those of cells that are gone are removed.
    """

    def __init__(self, makers: "Mapping[str, Callable[[], Display]]", patterns: Sequence[str]) -> None:
        self._makers, self._patterns = dict(makers), patterns

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __contains__(self, name: str) -> bool:
        return name in self._makers

    def display(self, name: str) -> "Display":
        """One drawing by the name of its file."""
        return self._makers[name]()

    def svg(self, name: str) -> str:
        """One drawing as an ``<svg>`` element in the colors of the page."""
        return svg_of(name, self._makers[name])

    def save(self, root: Path) -> list[Path]:
        """Write all of them as PNG into ``root``, and remove those of cells that are gone."""
        written = [root / f"{name}.png" for name in write_plots(self._makers, root)]
        for pattern in self._patterns:
            for path in set(root.glob(f"{pattern}.png")) - set(written):
                path.unlink()
        return written


def about(results: BaseResults, split: str = "") -> str:
    """The data that a drawing is about, and the split, as its title says it."""
    drawn = " (drawn, not real)" if results.is_drawn else ""
    return f"{no_math(results.dataset.get('name'))}{drawn} {split}".strip()


def trained(results: BaseResults) -> list[Any]:
    """The cells whose records hold training curves that can be drawn."""
    return [cell for cell in results.measured if history_is_drawable(cell.record.get("history"))]


def training_makers(results: BaseResults, validation: str) -> "dict[str, Callable[[], Display]]":
    """What draws the training curves of each network."""
    return {
        f"training_{slug(cell.label)}": partial(training_display, results, cell, validation)
        for cell in trained(results)
    }


def training_display(results: BaseResults, cell: MeasuredCell, validation: str) -> "Display":
    """The training curves of one network."""
    dataset = f"{about(results)}, validated on {validation}"
    return displays.HistoryDisplay.from_history(cell.record["history"], name=no_math(cell.label), dataset=dataset)


def history_frame(results: BaseResults) -> "pd.DataFrame | None":
    """The training curves of all networks as one table; None without any."""
    curves = {
        cell.label: displays.HistoryDisplay.from_history(cell.record["history"]).frame() for cell in trained(results)
    }
    return stacked(curves) if curves else None


def stacked(tables: "Mapping[str, pd.DataFrame]") -> "pd.DataFrame":
    """One table under the other, each with its recognizer in the first column."""
    import pandas as pd

    parts = []
    for label, table in tables.items():
        table.insert(0, "recipe", label)
        parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["recipe"])


def history_is_drawable(history: Mapping[str, Any] | None) -> bool:
    """Whether training curves are there, of one length and of figures that are drawn."""
    history = history or {}
    lengths = {len(values) for values in history.values()}
    drawable = {"loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"}.intersection(history)
    return bool(drawable) and len(lengths) == 1 and lengths != {0}


def slug(label: str) -> str:
    """A file name for a label: ``hog+svm_seed_1``."""
    return re.sub(r"[^A-Za-z0-9+.-]+", "_", label).strip("_.") or "unnamed"


def no_math(text: object) -> str:
    """Text of a record in which matplotlib sees no formula."""
    return str(text).replace("$", r"\$")


def _for_page(svg: str) -> str:
    body = svg[svg.index("<svg") :]
    pattern = re.compile("|".join(_PAGE_COLORS), re.IGNORECASE)
    body = pattern.sub(lambda match: _PAGE_COLORS[match.group().lower()], body)
    # The page gives width and font; the drawing keeps its proportions.
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    # Groups are numbered anew in each drawing, and a page may hold an id once; nothing refers to them.
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    return re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
