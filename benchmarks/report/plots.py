"""Make the plots of a report on expressions: overviews, and plots of the best recognizer of each kind."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks import displays
from ferbench.benchmarks.pages import (
    Drawings,
    about,
    no_math,
    slug,
    training_display,
    training_makers,
)
from ferbench.benchmarks.report.results import VALIDATION, Measured, Results
from ferbench.benchmarks.report.scores import ScoreBoard, best_on_validation

if TYPE_CHECKING:
    from ferbench.benchmarks.displays import Display

# Patterns of file names that only a report writes, to remove old plots that no longer apply.
PATTERNS = ("confusion_*", "roc_*", "calibration_*", "training_*", "effects", "published", "plot_*")
# Plots of a single recognizer.
OF_A_CELL = ("calibration", "confusion", "roc", "training")


def makers(results: Results, board: ScoreBoard) -> "Iterator[tuple[str, Callable[[], Display]]]":
    """Yield a file name and a function for each plot; nothing without a measured recognizer."""
    if not board.private:
        return
    yield from _overviews(results, board)
    # Drawing one matrix takes a third of a second, and the page has all of them as tables.
    for cell in champions(results, board):
        name = slug(cell.label)
        yield f"roc_{name}", partial(_of_predictions, "RocDisplay", results, cell)
        yield f"calibration_{name}", partial(_of_predictions, "ReliabilityDisplay", results, cell)
        yield f"confusion_{name}", partial(_confusion, results, board, cell)


class ExpressionDrawings(Drawings):
    """The plots of a report on expressions, by file name.

    Parameters
    ----------
    results : Results
    board : ScoreBoard
    more : mapping of str to callable, optional
        Functions that make further displays.
    """

    def __init__(
        self, results: Results, board: ScoreBoard, more: "Mapping[str, Callable[[], Display]] | None" = None
    ) -> None:
        curves = training_makers(results, VALIDATION)
        super().__init__({**dict(makers(results, board)), **curves, **(more or {})}, PATTERNS)
        self._results, self._board = results, board

    def of_cell(self, name: str, cell: Measured) -> "Display":
        """Return the display of one cell; `name` is one of :data:`OF_A_CELL`."""
        kinds: dict[str, Callable[[], Display]] = {
            "calibration": partial(_of_predictions, "ReliabilityDisplay", self._results, cell),
            "confusion": partial(_confusion, self._results, self._board, cell),
            "roc": partial(_of_predictions, "RocDisplay", self._results, cell),
            "training": partial(training_display, self._results, cell, VALIDATION),
        }
        return kinds[name]()


def champions(results: Results, board: ScoreBoard) -> list[Measured]:
    """Return the scored cell of each kind that is best on PublicTest, overall best first, without constant ones."""
    kinds: dict[str, list[Measured]] = {}
    for cell in results.contestants:
        if cell.label not in board.private:
            continue
        kinds.setdefault(cell.kind, []).append(cell)
    found = [best_on_validation(tuple(cells), board.public) for cells in kinds.values()]
    return sorted(filter(None, found), key=lambda cell: -board.public[cell.label].value)


def _overviews(results: Results, board: ScoreBoard) -> "Iterator[tuple[str, Callable[[], Display]]]":
    scores = {no_math(label): scores for label, scores in board.private.items()}
    dataset, cells = about(results, results.split), {no_math(cell.label): cell for cell in results.scored}
    groups = {name: no_math(cell.kind) for name, cell in cells.items()}
    yield "leaderboard", lambda: displays.LeaderboardDisplay.from_scores(scores, groups=groups, dataset=dataset)
    yield "per_class_f1", lambda: displays.F1Display.from_scores(scores, dataset=dataset)

    def whole_fit(cell: Measured) -> float | None:
        return _positive(results.total_fits.get(str(cell.record["cell_id"])))

    def latency(cell: Measured) -> float | None:
        return _positive(results.latency_of(cell).median)

    comparable = {
        "accuracy_latency": [label for label, cell in cells.items() if results.latency_of(cell).ranked],
        "accuracy_fit_time": [label for label, cell in cells.items() if results.fit_ranked(cell)],
    }
    costs = (
        ("accuracy_latency", latency, "latency of one image, median (ms), features included"),
        ("accuracy_fit_time", whole_fit, "fit time (s), with extraction, teachers and members"),
    )
    for name, cost, label in costs:
        values = {name: cost(cell) for name, cell in cells.items()}
        if any(value is not None for value in values.values()):
            more: dict[str, Any] = {"cost_label": label, "groups": groups, "dataset": dataset}
            more["comparable"] = comparable[name]
            yield name, partial(displays.TradeoffDisplay.from_scores, scores, values, **more)


def _of_predictions(kind: str, results: Results, cell: Measured) -> "Display":
    display: Display = getattr(displays, kind).from_predictions(
        results.labels[results.split],
        cell.proba[results.split],
        results.classes,
        name=no_math(cell.label),
        dataset=about(results, results.split),
    )
    return display


def _confusion(results: Results, board: ScoreBoard, cell: Measured) -> "Display":
    scores = board.private[cell.label]
    return displays.ConfusionDisplay.from_scores(
        scores, name=no_math(cell.label), dataset=about(results, results.split)
    )


def _positive(value: float | None) -> float | None:
    """Replace a time of zero, which a logarithmic axis cannot show."""
    return value if value and value > 0 else None
