"""Hold the results of a suite: leaderboard, probabilities, comparisons and plots."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from ferbench.benchmarks import displays
from ferbench.benchmarks.pages import find_cell, unknown
from ferbench.benchmarks.report import (
    N_BOOTSTRAP,
    OF_A_CELL,
    SEED,
    TEST,
    Additions,
    ExpressionDrawings,
    Measured,
    Results,
    ScoreBoard,
    build_leaderboard,
    score_results,
)
from ferbench.benchmarks.scores import Comparison, compare

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ferbench.benchmarks.displays import Display


@dataclass(frozen=True, eq=False, repr=False)
class SuiteResults(Results):
    """Everything measured on one data set, as :func:`read_results` and :func:`run_suite` return it.

    A recognizer is named by its recipe, such as ``hog+svm``, or by its cell id. If several seeds of a recipe were
    measured, use its label, such as ``cnn (seed 1)``.

    See Also
    --------
    best : Choose the best recognizer within limits.

    Notes
    -----
    The attributes are those of :class:`ferbench.benchmarks.report.Results`.

    Examples
    --------
    >>> from ferbench.benchmarks import read_results
    >>> results = read_results("results/fer2013")  # doctest: +SKIP
    >>> results.frame()[["recipe", "accuracy"]]  # doctest: +SKIP
    >>> print(results.compare("hog+svm", "cnn-4conv"))  # doctest: +SKIP
    >>> results.plot("confusion", recipe="hog+svm")  # doctest: +SKIP
    """

    @classmethod
    def of(cls, results: Results) -> Self:
        """Make a `SuiteResults` from plain `Results`."""
        return cls(**{field.name: getattr(results, field.name) for field in fields(results)})

    def __repr__(self) -> str:
        missing = f", {len(self.missing)} not measured" if self.missing else ""
        return f"SuiteResults({str(self.root)!r}: {len(self.measured)} recipes, {len(self.failed)} failed{missing})"

    @cached_property
    def scores(self) -> ScoreBoard:
        """All metrics with their intervals; computed on first access."""
        return score_results(self)

    @property
    def recipes(self) -> tuple[str, ...]:
        """Labels of the measured recognizers, in the order of the suite."""
        return tuple(cell.label for cell in self.measured)

    def frame(self) -> "pd.DataFrame":
        """Return the leaderboard: one row per recognizer, sorted by accuracy on PrivateTest, failed ones last.

        Recipes of the suite without a record follow with the status ``not measured``.

        The columns are those of ``leaderboard.csv``: first the fixed ones, then further metrics with their bounds,
        then one for each metric plug-in.
        """
        return self._leaderboard.copy()

    @cached_property
    def _leaderboard(self) -> "pd.DataFrame":
        return build_leaderboard(self, self.scores)

    def probabilities(self, recipe: str) -> dict[str, NDArray[Any]]:
        """Return the stored probabilities of one recognizer.

        Returns
        -------
        dict of str to ndarray of shape (n_images, n_classes)
            One array for each split: ``PublicTest``, and ``PrivateTest`` if it was opened. Rows are in the order of
            :attr:`labels`, columns in the order of :attr:`classes`.

        Raises
        ------
        ValueError
            If no such recognizer was measured.
        """
        return {split: proba.copy() for split, proba in self.find(recipe).proba.items()}

    def compare(self, a: str, b: str, *, split: str = TEST) -> Comparison:
        """Compare the accuracy of two recognizers on the same images.

        Parameters
        ----------
        a, b : str
            The recognizers.
        split : {"PrivateTest", "PublicTest"}, default="PrivateTest"

        Raises
        ------
        ValueError
            If one of them was not measured, both are the same, there is no such split, or it was not opened for one.
        """
        first, second = self.find(a), self.find(b)
        if split not in self.labels:
            raise ValueError(f"split must be one of {', '.join(self.labels)}; got {split!r}")
        if first is second:
            raise ValueError(f"compare needs two recognizers; got {first.label!r} twice")
        _check_opened((first, second), split)
        probas = {cell.label: cell.proba[split] for cell in (first, second)}
        table = compare(self.labels[split], probas, self.classes, n_bootstrap=N_BOOTSTRAP, seed=SEED)
        row = table.iloc[0]
        verdict = {"A": "better", "B": "worse"}.get(row["verdict"], "not shown to differ")
        return Comparison(
            a=first.label,
            b=second.label,
            split=split,
            n_images=int(row["n_images"]),
            difference=float(row["difference"]),
            low=float(row["difference_low"]),
            high=float(row["difference_high"]),
            p=float(row["p_mcnemar"]),
            verdict=verdict,
        )

    def plots(self) -> tuple[str, ...]:
        """Return the names that :meth:`display` and :meth:`plot` accept: first per recognizer, then overall."""
        return (*OF_A_CELL, *self._drawings_of_all)

    def display(self, name: str, *, recipe: str | None = None) -> "Display":
        """Return one plot of the report with its numbers.

        Parameters
        ----------
        name : str
            One of :meth:`plots`.
        recipe : str, optional
            The recognizer, for a plot about one recognizer; by default the best one on PublicTest.

        Returns
        -------
        Display
            With ``plot(ax)``, ``frame()``, ``png()`` and ``save(path)``.

        Raises
        ------
        ValueError
            If there is no such plot or recognizer, or `recipe` is given for a plot of all recognizers.
        """
        if name not in self.plots():
            raise ValueError(unknown("display", name, self.plots()))
        if name not in OF_A_CELL:
            if recipe is not None:
                raise ValueError(f"display {name!r} shows all recognizers; leave out recipe={recipe!r}")
            return self._drawings.display(name) if name in self._drawings else self._plugins[name]
        cell = self._best() if recipe is None else self.find(recipe)
        if name == "training" and not cell.record.get("history"):
            raise ValueError(f"display 'training' needs a network; {cell.label!r} has no training curves")
        if name != "training":
            _check_opened((cell,), self.split)
        return self._drawings.of_cell(name, cell)

    def plot(self, name: str, *, recipe: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw into `ax`, or into a new figure, and return the axes.

        Parameters
        ----------
        name, recipe
            See :meth:`display`.
        ax : matplotlib Axes, optional
            By default a new figure, which needs neither pyplot nor a screen:
            ``results.plot(...).figure.savefig("plot.png")``.
        """
        return self.display(name, recipe=recipe).plot(ax)

    def find(self, recipe: str) -> Measured:
        """Return one measured recognizer.

        Raises
        ------
        ValueError
            If no recognizer or several have this name, or the measurement failed; the message gives the reason.
        """
        cell: Measured = find_cell(self, recipe)
        return cell

    @cached_property
    def _plugins(self) -> "Mapping[str, Display]":
        return displays.make_plugin_displays(displays.plugin_displays(), self) if self.contestants else {}

    @cached_property
    def _drawings(self) -> ExpressionDrawings:
        return ExpressionDrawings(self, self.scores, Additions.of(self, self.scores).displays(self))

    @property
    def _drawings_of_all(self) -> tuple[str, ...]:
        of_one = tuple(f"{kind}_" for kind in OF_A_CELL)
        names = [name for name in self._drawings if not name.startswith(of_one)]
        return (*names, *(name for name in self._plugins if name not in (*names, *OF_A_CELL)))

    def _best(self) -> Measured:
        best = self.scores.best(self)
        if best is None:
            raise ValueError(f"{self.root}: no recognizer but constant ones was measured; name a recipe")
        return best


def _check_opened(cells: tuple[Measured, ...], split: str) -> None:
    for cell in cells:
        if split not in cell.proba:
            raise ValueError(
                f"{split} was not opened for {cell.label!r}; take split='PublicTest', or mark the recipe as final in "
                "the suite and run ferbench score-final"
            )
