"""The results of a suite: what was measured on one data set, and the questions that can be put to it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from ferbench.benchmarks import displays
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
from ferbench.benchmarks.scores import compare
from ferbench.utils import closest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ferbench.benchmarks.displays import Display


@dataclass(frozen=True)
class Comparison:
    """Two recognizers on the same images.

    Attributes
    ----------
    a, b, split : str
        The recognizers, and the part of the data that they are compared on.
    n_images : int
    difference, low, high : float
        Accuracy of `a` less that of `b`, with its paired 95 % bootstrap interval.
    p : float
        McNemar's test, two-sided, for this one pair: whoever looks at several pairs corrects for their number.
    verdict : {"better", "worse", "not shown to differ"}
        How `a` does against `b`.
    """

    a: str
    b: str
    split: str
    n_images: int
    difference: float
    low: float
    high: float
    p: float
    verdict: str

    def __str__(self) -> str:
        figures = f"{self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}], p = {self.p:.2g}"
        return f"{self.a} against {self.b} on {self.split} ({self.n_images:,} images): {figures}: {self.verdict}"


@dataclass(frozen=True, eq=False, repr=False)
class SuiteResults(Results):
    """Everything measured on one data set, as :func:`read_results` and :func:`run_suite` return it.

    A recognizer is named by its recipe, such as ``hog+svm``, or by its cell id. Where several seeds of a recipe were
    measured it is named by its label, such as ``cnn (seed 1)``.

    See Also
    --------
    best : the recognizer to take, within limits.

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
        """The same content with these methods."""
        return cls(**{field.name: getattr(results, field.name) for field in fields(results)})

    def __repr__(self) -> str:
        return f"SuiteResults({str(self.root)!r}: {len(self.measured)} recipes, {len(self.failed)} failed)"

    @cached_property
    def scores(self) -> ScoreBoard:
        """Every figure with its interval; worked out when it is first asked for."""
        return score_results(self)

    @property
    def recipes(self) -> tuple[str, ...]:
        """Labels of the measured recognizers, in the order of the suite."""
        return tuple(cell.label for cell in self.measured)

    def frame(self) -> "pd.DataFrame":
        """The leaderboard: one row a recognizer by falling accuracy on PrivateTest, failed ones last.

        Columns are those of ``leaderboard.csv``: first the fixed ones, then further figures with their bounds, and at
        the end one for each metric that is a plug-in.
        """
        return self._leaderboard.copy()

    @cached_property
    def _leaderboard(self) -> "pd.DataFrame":
        return build_leaderboard(self, self.scores)

    def probabilities(self, recipe: str) -> dict[str, NDArray[Any]]:
        """The stored probabilities of one recognizer.

        Returns
        -------
        dict of str to ndarray of shape (n_images, n_classes)
            By split, ``PublicTest``, and ``PrivateTest`` where it was opened. The columns are in the order of
            :attr:`classes`, the rows in that of :attr:`labels`.

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
        figures = (float(row[name]) for name in ("difference", "difference_low", "difference_high", "p_mcnemar"))
        return Comparison(first.label, second.label, split, int(row["n_images"]), *figures, verdict)

    def plots(self) -> tuple[str, ...]:
        """Names that :meth:`display` and :meth:`plot` take: those about one recognizer, then those about all."""
        return (*OF_A_CELL, *self._drawings_of_all)

    def display(self, name: str, *, recipe: str | None = None) -> "Display":
        """One drawing of the report and the numbers behind it.

        Parameters
        ----------
        name : str
            One of :meth:`plots`.
        recipe : str, optional
            For a drawing about one recognizer; by default the best on PublicTest.

        Returns
        -------
        Display
            With ``plot(ax)``, ``frame()``, ``png()`` and ``save(path)``.

        Raises
        ------
        ValueError
            If there is no such drawing or recognizer, or a recipe is named for a drawing about all of them.
        """
        if name not in self.plots():
            raise ValueError(_unknown("display", name, self.plots()))
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
            As :meth:`display` takes them.
        ax : matplotlib Axes, optional
            Neither pyplot nor a screen is needed without: ``results.plot(...).figure.savefig("plot.png")``.
        """
        return self.display(name, recipe=recipe).plot(ax)

    def find(self, recipe: str) -> Measured:
        """One measured recognizer.

        Raises
        ------
        ValueError
            If none or several have this name; the message names them, or says how the measurement failed.
        """
        exact = [cell for cell in self.measured if recipe in (cell.label, cell.record["cell_id"])]
        found = exact or [cell for cell in self.measured if cell.recipe == recipe]
        if len(found) == 1:
            return found[0]
        if found:
            raise ValueError(f"recipe {recipe!r} was measured {len(found)} times; name one of {_listed(found)}")
        for record in self.failed:
            if recipe in (record["recipe"]["name"], record["cell_id"]):
                text = " ".join(str(record.get("reason") or "no reason").split())
                raise ValueError(f"recipe {recipe!r} was not measured, {record['status']}: {text}")
        raise ValueError(_unknown("recipe", recipe, self.recipes))

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


def _listed(cells: list[Measured]) -> str:
    return ", ".join(repr(cell.label) for cell in cells)


def _unknown(what: str, name: str, known: tuple[str, ...]) -> str:
    nearest = closest(name, known, cutoff=0.5)
    hint = f"; did you mean {nearest!r}?" if nearest else ""
    return f"unknown {what} {name!r}; expected one of {', '.join(known)}{hint}"
