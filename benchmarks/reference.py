"""Compare one recognizer that the reader names, instead of the winner, with the rest of a results folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks import folds, keypoints, pages, report
from ferbench.benchmarks.scores import Detectable, DetectableBySpread, compare, compare_points_with, compare_with
from ferbench.benchmarks.suite_results import SuiteResults
from ferbench.benchmarks.tables import printable, text_table
from ferbench.benchmarks.tasks import task_of

if TYPE_CHECKING:
    import pandas as pd

_POINTS = "percentage points"


@dataclass(frozen=True)
class Against:
    """One recognizer against the rest, with the words around the table.

    Attributes
    ----------
    table : DataFrame
        ``recipe``, ``against``, ``difference`` with bounds, ``p_holm`` and ``verdict``; the best first.
    split, unit, test, detectable : str
        The split; the unit of a difference; what p is of; the smallest difference that can be shown.
    scale : float
        Factor of a difference in this unit.
    digits : int
    """

    table: "pd.DataFrame"
    split: str
    test: str
    detectable: str
    unit: str = _POINTS
    scale: float = 100
    digits: int = 1

    def text(self, width: int | None = None) -> str:
        """The table for a terminal, fitted into its width if that is given."""
        if self.table.empty:
            return "There is no other recognizer to compare it with."
        name, n = printable(str(self.table["against"].iloc[0])), len(self.table)
        lines = [(f"against {name}", f"difference, {self.unit} [95 %]", "p", "verdict")]
        lines += [
            (printable(str(row["recipe"])), self._gap(row), f"{row['p_holm']:.2g}", str(row["verdict"]))
            for row in self.table.to_dict("records")
        ]
        how = (
            f"On {self.split}, each row less {name}. p: {self.test}, Holm-corrected over "
            f"{n} {'comparison' if n == 1 else 'comparisons'} with it. {self.detectable}"
        )
        return "\n".join([*text_table(lines, (1, 2), width), how])

    def _gap(self, row: Mapping[Any, Any]) -> str:
        value, low, high = (f"{self.scale * row[f'difference{end}']:+.{self.digits}f}" for end in ("", "_low", "_high"))
        return f"{value} [{low}, {high}]"


def compare_with_reference(folder: str | Path, name: str) -> Against:
    """Compare a recognizer of a results folder with each of the rest, corrected over these comparisons only.

    Parameters
    ----------
    folder : str or Path
        Folder of one data set, or of one protocol.
    name : str
        A recipe, or its label in the report.

    Raises
    ------
    FileNotFoundError, ValueError
        If there are no such results, no such recognizer, or it was not scored on the split of the tables.
    """
    root = pages.find_results(folder)
    if folds.holds_folds(root):
        return _of_folds(root, name)
    return _of_points(root, name) if task_of(root).name == "keypoints" else _of_expressions(root, name)


def _of_expressions(root: Path, name: str) -> Against:
    results = SuiteResults.of(report.read_results(root))
    cell, split = results.find(name), results.split
    if split not in cell.proba:
        raise ValueError(f"{split} was not opened for {cell.label!r}: it cannot be compared with the rest there")
    probas = {each.label: each.proba[split] for each in results.scored}
    truth = results.labels[split]
    pairs = compare(truth, probas, results.classes, n_bootstrap=report.N_BOOTSTRAP, seed=report.SEED)
    table = compare_with(pairs, cell.label).sort_values("difference", ascending=False, kind="stable")
    return Against(table, split, "McNemar's exact test", Detectable.of(table, len(truth)).text())


def _of_points(root: Path, name: str) -> Against:
    results = keypoints.read_point_results(root)
    board = keypoints.score_results(results)
    if name not in board.test:
        raise ValueError(pages.unknown("model", name, board.test))
    table = compare_points_with(board.pairs, name).sort_values("difference", kind="stable")
    where = f"On these {len(results.people[results.split]):,} faces"
    unit, test = "in normalized error", "a paired bootstrap over people"
    said = DetectableBySpread.of(table).text(where, scale=1, unit=unit, digits=4)
    return Against(table, results.split, test, said, unit, scale=1, digits=4)


def _of_folds(root: Path, name: str) -> Against:
    results = folds.FoldResults.of(root)
    table = results.compare_with(name).sort_values("difference", ascending=False, kind="stable")
    said = DetectableBySpread.of(table).text("On these folds")
    test = "a paired bootstrap over people, or over images where nobody is known"
    return Against(table, "the test parts of the folds", test, said)
