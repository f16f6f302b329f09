"""Hold the results of a suite of key points: leaderboard, errors, comparisons and plots."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from ferbench.benchmarks import displays
from ferbench.benchmarks.keypoints.results import (
    TEST,
    VALIDATION,
    MeasuredPoints,
    PointBoard,
    PointResults,
    score_results,
)
from ferbench.benchmarks.keypoints.tables import points_leaderboard
from ferbench.benchmarks.pages import about, find_cell, training_display, unknown
from ferbench.benchmarks.scores import Comparison, compare_points

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ferbench.benchmarks.displays import Display


@dataclass(frozen=True, eq=False, repr=False)
class PointSuiteResults(PointResults):
    """Everything measured on one data set of key points, as `read_results` and `run_suite` return it.

    A model is named by its recipe, its label such as ``points-net (seed 1)``, or its cell id.

    See Also
    --------
    ferbench.benchmarks.SuiteResults : The same for recognizers of expressions.

    Examples
    --------
    >>> from ferbench.benchmarks import read_results
    >>> results = read_results("results/keypoints/faces68")  # doctest: +SKIP
    >>> results.frame()[["recipe", "nme", "rmse"]]  # doctest: +SKIP
    >>> print(results.compare("points-net", "mean-shape"))  # doctest: +SKIP
    """

    @classmethod
    def of(cls, results: PointResults) -> Self:
        """Make a `PointSuiteResults` from plain `PointResults`."""
        return cls(**{field.name: getattr(results, field.name) for field in fields(results)})

    def __repr__(self) -> str:
        return f"PointSuiteResults({str(self.root)!r}: {len(self.measured)} recipes, {len(self.failed)} failed)"

    @cached_property
    def scores(self) -> PointBoard:
        """All metrics with their intervals; computed on first access."""
        return score_results(self)

    @property
    def recipes(self) -> tuple[str, ...]:
        """Labels of the measured models, in the order of the suite."""
        return tuple(cell.label for cell in self.measured)

    def frame(self) -> "pd.DataFrame":
        """Return the leaderboard with the columns of ``leaderboard.csv``, by rising normalized error."""
        return points_leaderboard(self, self.scores)

    def errors(self, recipe: str) -> dict[str, NDArray[Any]]:
        """Return predicted minus annotated points of one model, in pixels, by split.

        Returns
        -------
        dict of str to ndarray of shape (n_images, n_points, 2)
            ``Validation``, and ``Test`` if it was opened; NaN where a point is not annotated. Points are in the order
            of :attr:`names`.
        """
        return {split: errors.copy() for split, errors in self.find(recipe).errors.items()}

    def compare(self, a: str, b: str, *, split: str = TEST) -> Comparison:
        """Compare the normalized errors (NME) of two models on the same faces; the lower one is better.

        Raises
        ------
        ValueError
            If one of them was not measured, both are the same, there is no such split, or it was not opened for one.
        """
        first, second = self.find(a), self.find(b)
        if first is second:
            raise ValueError(f"compare needs two models; got {first.label!r} twice")
        for cell in (first, second):
            if split not in (VALIDATION, TEST) or split not in cell.errors:
                opened = ", ".join(cell.errors)
                raise ValueError(f"split must be one that was opened for {cell.label!r}: {opened}; got {split!r}")
        errors = {cell.label: cell.errors[split] for cell in (first, second)}
        row = compare_points(errors, self.interocular[split], self.people[split]).iloc[0]
        return Comparison(
            a=first.label,
            b=second.label,
            split=split,
            n_images=int(row["n_images"]),
            difference=float(row["difference"]),
            low=float(row["difference_low"]),
            high=float(row["difference_high"]),
            p=float(row["p_bootstrap"]),
            verdict={"A": "better", "B": "worse"}.get(row["verdict"], "not shown to differ"),
        )

    def plots(self) -> tuple[str, ...]:
        """Return the names that :meth:`display` and :meth:`plot` accept."""
        return ("training", *point_makers(self, self.scores))

    def display(self, name: str, *, recipe: str | None = None) -> "Display":
        """Return one plot of the report with its numbers; `recipe` names the network of ``training``."""
        if name not in self.plots():
            raise ValueError(unknown("display", name, self.plots()))
        if name != "training":
            if recipe is not None:
                raise ValueError(f"display {name!r} shows all models; leave out recipe={recipe!r}")
            return point_makers(self, self.scores)[name]()
        if recipe is None or not self.find(recipe).record.get("history"):
            raise ValueError(f"display 'training' needs recipe=, the name of a network; got {recipe!r}")
        return training_display(self, self.find(recipe), VALIDATION)

    def plot(self, name: str, *, recipe: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw into `ax`, or into a new figure, and return the axes; see :meth:`display`."""
        return self.display(name, recipe=recipe).plot(ax)

    def find(self, recipe: str) -> MeasuredPoints:
        """Return one measured model.

        Raises
        ------
        ValueError
            If no model or several have this name, or the measurement failed; the message gives the reason.
        """
        cell: MeasuredPoints = find_cell(self, recipe)
        return cell


def point_makers(results: PointResults, board: PointBoard) -> "Mapping[str, Callable[[], Display]]":
    """Return functions that make the displays of cumulative errors and of single points."""
    if not board.test:
        return {}
    ranked = {label: board.test[label] for label in board.ranking()}
    of = {"dataset": about(results, results.split)}
    return {
        "ced": partial(displays.CedDisplay.from_scores, ranked, **of),
        "per_point": partial(displays.PerPointDisplay.from_scores, ranked, results.names, **of),
    }
