"""The drawings of a report: PNG files beside the tables, and the same as SVG that takes on the page's colors."""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.report.results import TEST, VALIDATION, Measured, Results
from ferbench.benchmarks.report.scores import ScoreBoard
from ferbench.benchmarks.store import write_atomically

if TYPE_CHECKING:
    from ferbench.benchmarks.displays import Display

DPI = 110
# Names that only a report writes: drawings of an earlier one, about cells that are gone, are removed by them.
_OWN_FILES = ("confusion_*.png", "roc_*.png", "calibration_*.png", "training_*.png", "plot_*.png")
# Drawings about one recognizer each.
OF_A_CELL = ("calibration", "confusion", "roc", "training")
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
    """

    def __init__(
        self, results: Results, board: ScoreBoard, more: "Mapping[str, Callable[[], Display]] | None" = None
    ) -> None:
        self._results, self._board = results, board
        self._makers: dict[str, Callable[[], Display]] = dict(self._list()) | dict(more or {})

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __contains__(self, name: str) -> bool:
        return name in self._makers

    def display(self, name: str, cell: Measured | None = None) -> "Display":
        """One drawing by the name of its file, or one of :data:`OF_A_CELL` of any cell."""
        if cell is None:
            return self._makers[name]()
        kinds: dict[str, Callable[[Measured], Display]] = {
            "calibration": partial(self._of_predictions, "ReliabilityDisplay"),
            "confusion": self._confusion,
            "roc": partial(self._of_predictions, "RocDisplay"),
            "training": self._training,
        }
        return kinds[name](cell)

    def svg(self, name: str) -> str:
        """One drawing as an ``<svg>`` element in the colors of the page."""
        return svg_of(name, self._makers[name])

    def save(self, root: Path) -> list[Path]:
        """Write all of them as PNG into ``root``, and remove those of cells that are gone."""
        from tqdm import tqdm

        written = []
        for name in tqdm(self._makers, desc="drawing", unit="plot", disable=None, leave=False):
            written.append(root / f"{name}.png")
            write_atomically(written[-1], self._makers[name]().png(DPI))
        for pattern in _OWN_FILES:
            for path in set(root.glob(pattern)) - set(written):
                path.unlink()
        return written

    def _list(self) -> Iterator[tuple[str, "Callable[[], Display]"]]:
        if not self._board.private:
            return
        yield from self._overviews()
        # One matrix takes a third of a second to draw; the page has those of all recognizers as tables.
        for cell in champions(self._results, self._board):
            name = slug(cell.label)
            yield f"roc_{name}", partial(self._of_predictions, "RocDisplay", cell)
            yield f"calibration_{name}", partial(self._of_predictions, "ReliabilityDisplay", cell)
            yield f"confusion_{name}", partial(self._confusion, cell)
        for cell in self._results.measured:
            if has_curves(cell):
                yield f"training_{slug(cell.label)}", partial(self._training, cell)

    def _overviews(self) -> "Iterator[tuple[str, Callable[[], Display]]]":
        from ferbench.benchmarks.displays import F1Display, LeaderboardDisplay, TradeoffDisplay

        scores = {_no_math(label): scores for label, scores in self._board.private.items()}
        about, cells = self._about(), {_no_math(cell.label): cell for cell in self._results.measured}
        groups = {name: _no_math(cell.kind) for name, cell in cells.items()}
        yield "leaderboard", lambda: LeaderboardDisplay.from_scores(scores, groups=groups, dataset=about)
        yield "per_class_f1", lambda: F1Display.from_scores(scores, dataset=about)
        costs = (
            ("accuracy_latency", _latency_ms, "latency of one image, median (ms), features included"),
            ("accuracy_fit_time", _fit_s, "fit time (s), feature extraction not included"),
        )
        for name, cost, label in costs:
            values = {name: cost(cell) for name, cell in cells.items()}
            if any(value is not None for value in values.values()):
                yield (
                    name,
                    partial(
                        TradeoffDisplay.from_scores, scores, values, cost_label=label, groups=groups, dataset=about
                    ),
                )

    def _of_predictions(self, kind: str, cell: Measured) -> "Display":
        from ferbench.benchmarks import displays

        truth, proba = self._results.labels[TEST], cell.proba[TEST]
        display: Display = getattr(displays, kind).from_predictions(
            truth, proba, self._results.classes, name=_no_math(cell.label), dataset=self._about()
        )
        return display

    def _confusion(self, cell: Measured) -> "Display":
        from ferbench.benchmarks.displays import ConfusionDisplay

        scores = self._board.private[cell.label]
        return ConfusionDisplay.from_scores(scores, name=_no_math(cell.label), dataset=self._about())

    def _training(self, cell: Measured) -> "Display":
        from ferbench.benchmarks.displays import HistoryDisplay

        about = f"{self._about(with_split=False)}, validated on {VALIDATION}"
        return HistoryDisplay.from_history(cell.record["history"], name=_no_math(cell.label), dataset=about)

    def _about(self, *, with_split: bool = True) -> str:
        dataset = self._results.dataset
        drawn = " (drawn, not real)" if dataset.get("drawn") else ""
        return f"{_no_math(dataset.get('name'))}{drawn}" + (f" {TEST}" if with_split else "")


def champions(results: Results, board: ScoreBoard) -> list[Measured]:
    """The best cell of each kind, chosen on PublicTest: the overall best first, the constant ones left out."""
    from ferbench.benchmarks.report.scores import best_on_validation

    kinds: dict[str, list[Measured]] = {}
    for cell in results.contestants:
        kinds.setdefault(cell.kind, []).append(cell)
    found = [best_on_validation(tuple(cells), board.public) for cells in kinds.values()]
    return sorted(filter(None, found), key=lambda cell: -board.public[cell.label].value)


def has_curves(cell: Measured) -> bool:
    """Whether a cell's record holds training curves that can be drawn."""
    return history_is_drawable(cell.record.get("history"))


def history_is_drawable(history: Mapping[str, Any] | None) -> bool:
    """Whether training curves are there, of one length and of figures that are drawn."""
    history = history or {}
    lengths = {len(values) for values in history.values()}
    drawable = {"loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"}.intersection(history)
    return bool(drawable) and len(lengths) == 1 and lengths != {0}


def slug(label: str) -> str:
    """A file name for a label: ``hog+svm_seed_1``."""
    return re.sub(r"[^A-Za-z0-9+.-]+", "_", label).strip("_.") or "unnamed"


def _no_math(text: object) -> str:
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


def _latency_ms(cell: Measured) -> float | None:
    latency = (cell.record.get("timings") or {}).get("latency_ms") or {}
    return _positive(latency.get("median"))


def _fit_s(cell: Measured) -> float | None:
    return _positive((cell.record.get("timings") or {}).get("fit_s"))


def _positive(value: float | None) -> float | None:
    """A logarithmic axis has no place for a time too short for the clock."""
    return value if value and value > 0 else None
