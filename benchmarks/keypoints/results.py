"""Read and score the results of key-point models for a report."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.pages import (
    BaseResults,
    MeasuredCell,
    check_shape,
    companion,
    open_results,
    read_suite,
    unique_labels,
)
from ferbench.benchmarks.scores import PointScores, compare_points, compare_points_with, score_points
from ferbench.benchmarks.store import Store, final_arrays

if TYPE_CHECKING:
    import pandas as pd

VALIDATION, TEST = "Validation", "Test"
BASELINE = "mean-shape"
RULE = (
    f"Every row but {BASELINE} can be the best: that one ignores the image. The best is the row with the least "
    f"normalized error on {VALIDATION}; {TEST} has no say."
)


@dataclass(frozen=True, eq=False, repr=False)
class MeasuredPoints(MeasuredCell):
    """One measured cell with the errors of its points.

    Attributes
    ----------
    errors : mapping of str to ndarray of shape (n_images, n_points, 2)
        Predicted minus annotated points in pixels, by split; without Test if it was not opened for the cell.
    """

    errors: Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, eq=False, repr=False)
class PointResults(BaseResults):
    """Everything measured on one data set of key points.

    Attributes
    ----------
    measured : tuple of MeasuredPoints
    names : tuple of str
        The points.
    side : int
        Side of the images in pixels.
    people, interocular : mapping of str to ndarray of shape (n_images,)
        By split: the number of the person, and the distance between the eyes in pixels.
    """

    measured: tuple[MeasuredPoints, ...]
    names: tuple[str, ...]
    side: int
    people: Mapping[str, NDArray[np.intp]]
    interocular: Mapping[str, NDArray[np.float32]]

    @property
    def split(self) -> str:
        """The split of the tables: Test, or Validation if Test was not opened for any cell."""
        return VALIDATION if self.measured and not any(TEST in cell.errors for cell in self.measured) else TEST


@dataclass(frozen=True, eq=False)
class PointBoard:
    """Scores of every measured cell, by its label.

    Attributes
    ----------
    test, validation : mapping of str to PointScores
        ``test`` is for the scored split, :attr:`PointResults.split`: Test, with the cells for which it was opened, or
        Validation, with all cells, if Test was not opened for any cell.
    pairs : DataFrame
        Comparison of every pair on the scored split, and p as corrected over the comparisons with the winner alone,
        ``p_holm_winner``.
    """

    test: Mapping[str, PointScores]
    validation: Mapping[str, PointScores]
    pairs: "pd.DataFrame"

    def ranking(self) -> list[str]:
        """Labels of the scored cells by rising error; cells with equal errors by name."""
        return sorted(self.test, key=lambda label: (_order(self.test[label]), label))

    def chosen(self) -> str | None:
        """The label with the lowest error on Validation, without the baseline. Test is not used."""
        open_to = [label for label in self.validation if label != BASELINE]
        return min(open_to, key=lambda label: (_order(self.validation[label]), label)) if open_to else None

    @cached_property
    def family(self) -> "pd.DataFrame | None":
        """The winner, which is the best on Validation, against each of the rest; None where it was not scored."""
        chosen = self.chosen()
        return compare_points_with(self.pairs, chosen) if chosen is not None and chosen in self.test else None

    def against(self, label: str, other: str) -> str:
        """How a model does against another on the same faces: ``better``, ``worse`` or ``not shown to differ``.

        Corrected over the comparisons of ``other`` with the rest.
        """
        return str(compare_points_with(self.pairs, other).set_index("recipe").at[label, "verdict"])


def read_point_results(folder: str | Path) -> PointResults:
    """Read records, errors and rows of one data set, and check that they are consistent.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no record, or a file is missing, damaged or differs in size from the rows.
    """
    root, store, records, rows = open_results(folder)
    if "points" not in rows:
        raise ValueError(f"{root / 'rows.npz'}: no rows of key points; run the suite again to rewrite it")
    ok = [record for record in records if record["status"] == "ok"]
    labels = unique_labels(ok)
    shapes = {split: (len(rows[f"{split}_people"]), len(rows["points"]), 2) for split in (VALIDATION, TEST)}
    return PointResults(
        root=root,
        suite=read_suite(root),
        names=tuple(str(name) for name in rows["points"]),
        side=int(rows["side"]),
        people={split: rows[f"{split}_people"] for split in shapes},
        interocular={split: rows[f"{split}_interocular"] for split in shapes},
        measured=tuple(_measured(store, record, labels[record["cell_id"]], shapes) for record in ok),
        failed=tuple(record for record in records if record["status"] != "ok"),
    )


def score_results(results: PointResults) -> PointBoard:
    """Score every measured cell on both splits, and compare every pair on the scored one."""
    scores = {
        split: {
            cell.label: score_points(
                cell.errors[split], results.interocular[split], results.people[split], results.side
            )
            for cell in results.measured
            if split in cell.errors
        }
        for split in (TEST, VALIDATION)
    }
    split = results.split
    errors = {cell.label: cell.errors[split] for cell in results.measured if split in cell.errors}
    pairs = compare_points(errors, results.interocular[split], results.people[split])
    board = PointBoard(scores[split], scores[VALIDATION], pairs)
    return replace(board, pairs=_with_family(pairs, board.family))


def _with_family(pairs: "pd.DataFrame", family: "pd.DataFrame | None") -> "pd.DataFrame":
    """The pairs with their p as corrected over the comparisons with the winner; blank for all other pairs."""
    columns = ["recipe", "against", "p_holm"]
    p = {} if family is None else {frozenset(row[:2]): row[2] for row in family[columns].itertuples(index=False)}
    corrected = [p.get(frozenset(pair), np.nan) for pair in zip(pairs["a"], pairs["b"], strict=True)]
    return pairs.assign(p_holm_winner=np.array(corrected, dtype=np.float64))


def _measured(
    store: Store, record: Mapping[str, Any], label: str, shapes: Mapping[str, tuple[int, int, int]]
) -> MeasuredPoints:
    path = companion(store, "errors", record["cell_id"])
    errors = store.errors(record["cell_id"]) | final_arrays(store, record["cell_id"])
    for split, shape in shapes.items():
        if split == TEST and split not in errors:
            continue  # Not opened for this cell.
        check_shape(path, split, errors[split], shape)
    return MeasuredPoints(label, record, errors)


def _order(scores: PointScores) -> float:
    """Return the normalized error, or the error in pixels if no face has both outer eye corners."""
    return scores.rmse if np.isnan(scores.nme) else scores.nme
