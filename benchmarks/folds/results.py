"""Hold the results of a protocol: leaderboard, folds, pooled predictions and plots."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks import displays
from ferbench.benchmarks.folds import curve
from ferbench.benchmarks.folds.displays import CurveDisplay, FoldsDisplay
from ferbench.benchmarks.folds.reading import TEST, VALIDATION, FoldCell, FoldContent, read_folds
from ferbench.benchmarks.folds.table import best_on_validation, complete, fold_table, leaderboard, pooled
from ferbench.benchmarks.folds.tally import Estimate, Tally, tally
from ferbench.benchmarks.pages import no_math
from ferbench.benchmarks.scores import ALPHA, NO_DIFFERENCE, Comparison, holm, verdicts
from ferbench.utils import with_hint

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_WITH = ("recipe", "against", "n_images", "difference", "difference_low", "difference_high", "p_bootstrap")


@dataclass(frozen=True, eq=False, repr=False)
class FoldResults:
    """Everything measured under one protocol, as :func:`read_results` and :func:`run_suite` return it for folds.

    Attributes
    ----------
    content : FoldContent
        Folds, records and predictions.

    See Also
    --------
    SuiteResults : The results of the official split.

    Examples
    --------
    >>> from ferbench.benchmarks import read_results
    >>> results = read_results("results/ck48-kfold10")  # doctest: +SKIP
    >>> results.frame()[["recipe", "accuracy", "sd_folds", "pooled_low", "pooled_high"]]  # doctest: +SKIP
    >>> print(results.compare("hog+svm", "lbp+svm"))  # doctest: +SKIP
    """

    content: FoldContent

    @classmethod
    def of(cls, folder: str | Path) -> "FoldResults":
        """Read the results in a folder."""
        return cls(read_folds(folder))

    def __repr__(self) -> str:
        return f"FoldResults({str(self.root)!r}: {self.protocol}, {len(self.recipes)} recipes)"

    @property
    def root(self) -> Path:
        """The folder."""
        return self.content.root

    @property
    def protocol(self) -> str:
        """Name of the protocol, such as ``kfold:10``."""
        return self.content.protocol

    @property
    def recipes(self) -> tuple[str, ...]:
        """The recipes that have a record, in the order of the suite."""
        return tuple(self.content.cells)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class order of all probabilities."""
        return self.content.classes

    def frame(self) -> "pd.DataFrame":
        """The leaderboard: one row for each recipe; for a learning curve, one for each recipe and share."""
        return self._frame.copy()

    @cached_property
    def _frame(self) -> "pd.DataFrame":
        return curve.curve_table(self.content) if self.is_curve else leaderboard(self.content)

    @property
    def is_curve(self) -> bool:
        """Whether the protocol is a learning curve."""
        return curve.is_curve(self.content)

    def folds(self) -> "pd.DataFrame":
        """One row for each fold of each recipe, measured or not."""
        return self._folds.copy()

    @cached_property
    def _folds(self) -> "pd.DataFrame":
        return fold_table(self.content)

    def crossings(self) -> tuple[curve.Crossing, ...]:
        """The pairs of recipes whose learning curves cross; nothing for other protocols."""
        return self._crossings

    @cached_property
    def _crossings(self) -> tuple[curve.Crossing, ...]:
        return tuple(curve.crossings(self.content)) if self.is_curve else ()

    def best(self) -> str | None:
        """The complete recipe with the best mean accuracy on the validation parts."""
        return self._best

    @cached_property
    def _best(self) -> str | None:
        return best_on_validation(self.content)

    @cached_property
    def labels(self) -> dict[str, NDArray[np.str_]]:
        """Labels of the rows of :meth:`probabilities` by split: all folds, one after the other."""
        folds = [self.content.folds[place] for place in self.places]
        return {split: np.concatenate([fold.parts[split].labels for fold in folds]) for split in (VALIDATION, TEST)}

    def probabilities(self, recipe: str) -> dict[str, NDArray[Any]]:
        """Return the stored probabilities of one recipe, pooled over the folds.

        Returns
        -------
        dict of str to ndarray of shape (n_images, n_classes)
            ``PublicTest``, the validation parts of the folds, and ``PrivateTest``, their test parts. Rows are in the
            order of :attr:`labels`, columns in the order of :attr:`classes`. A learning curve gives its largest share.

        Raises
        ------
        ValueError
            If there is no such recipe, or it lacks a fold; :meth:`pooled` takes the folds that were measured.
        """
        cells = self._complete(recipe)
        return {split: np.concatenate([cell.proba[split] for cell in cells]) for split in (VALIDATION, TEST)}

    def compare(self, a: str, b: str, *, split: str = TEST) -> Comparison:
        """Compare the pooled accuracy of two recipes on the same images.

        Interval and p come from the same resamples of people, or of images where nobody is known. McNemar's test is
        not used, because it takes images of one person for independent.

        Parameters
        ----------
        a, b : str
            The recipes.
        split : {"PrivateTest", "PublicTest"}, default="PrivateTest"
            The test parts of the folds, or their validation parts. A learning curve gives its largest share.

        Raises
        ------
        ValueError
            If one of them is unknown or lacks a fold, both are the same, or there is no such split.
        """
        first, second = self._complete(a), self._complete(b)
        if split not in (VALIDATION, TEST):
            raise ValueError(f"split must be one of {VALIDATION}, {TEST}; got {split!r}")
        if a == b:
            raise ValueError(f"compare needs two recognizers; got {a!r} twice")
        counted, other = (tally(self.content, cells, split) for cells in (first, second))
        gap, p = counted.less(other), counted.p_of_difference(other)
        verdict = NO_DIFFERENCE if p >= ALPHA else "better" if gap.value > 0 else "worse"
        images = np.concatenate([self.content.folds[place].parts[split].rows for place in self.places])
        return Comparison(a, b, split, len(np.unique(images)), gap.value, gap.low, gap.high, p, verdict)

    def compare_with(self, name: str, *, split: str = TEST) -> "pd.DataFrame":
        """Compare one recipe with each of the rest, corrected over these comparisons only.

        Parameters
        ----------
        name : str
            The recipe to compare the others with, such as the best or a reference.
        split : {"PrivateTest", "PublicTest"}, default="PrivateTest"
            See :meth:`compare`, which gives each row.

        Returns
        -------
        DataFrame
            One row per other recipe that was measured in every fold: ``recipe``, ``against`` (the name), ``n_images``;
            ``difference`` (its pooled accuracy less that of ``against``) with ``difference_low``, ``difference_high``;
            ``p_bootstrap``, ``p_holm`` (Holm, 1979) over the rows of this table, and ``verdict``.

        Raises
        ------
        ValueError
            If the recipe is unknown or lacks a fold.
        """
        import pandas as pd

        self._complete(name)
        whole = [recipe for recipe in self.recipes if sum(each.ok for each in self._cells(recipe)) == len(self.places)]
        pairs = [self.compare(recipe, name, split=split) for recipe in whole if recipe != name]
        rows = [(each.a, name, each.n_images, each.difference, each.low, each.high, each.p) for each in pairs]
        table = pd.DataFrame(rows, columns=list(_WITH))
        table["p_holm"] = holm(table["p_bootstrap"].to_numpy(dtype=float))
        return table.assign(verdict=verdicts(table))

    def pooled(self, recipe: str) -> tuple[NDArray[np.str_], NDArray[np.float64]]:
        """Labels and probabilities of all test rows of a recipe; for a learning curve, of its largest share.

        Raises
        ------
        ValueError
            If there is no such recipe, or no fold of it was measured.
        """
        cells = [cell for cell in self._cells(recipe) if cell.ok]
        if not cells:
            raise ValueError(f"recipe {recipe!r} was measured in no fold; see folds() for the reasons")
        return pooled(self.content, cells)

    def difference(self, a: str, b: str) -> Estimate:
        """Pooled accuracy of `a` less that of `b`, with a paired 95 % interval that resamples people.

        Raises
        ------
        ValueError
            If one of them is unknown or lacks a fold.
        """
        return self._tally(a).less(self._tally(b))

    def plots(self) -> tuple[str, ...]:
        """The names that :meth:`display` and :meth:`plot` take."""
        return ("curve", "confusion") if self.is_curve else ("folds", "confusion")

    def display(self, name: str, *, recipe: str | None = None) -> displays.Display:
        """Return one plot with its numbers; `recipe` for a confusion matrix, by default the best on validation."""
        makers: dict[str, Callable[[], displays.Display]] = {
            "curve": lambda: CurveDisplay(self.frame(), self.crossings(), self.about),
            "folds": lambda: FoldsDisplay(self.frame(), self.folds(), self.about),
            "confusion": lambda: self._confusion(recipe or self.best() or self.recipes[0]),
        }
        if name not in self.plots():
            raise ValueError(f"unknown display {name!r}; expected one of {', '.join(self.plots())}")
        return makers[name]()

    def plot(self, name: str, *, recipe: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Draw into `ax`, or into a new figure, and return the axes."""
        return self.display(name, recipe=recipe).plot(ax)

    @property
    def about(self) -> str:
        """Data and protocol, for titles."""
        head: dict[str, Any] = dict(self.content.suite.get("dataset_block") or {})
        drawn = " (drawn, not real)" if head.get("drawn") else ""
        return f"{no_math(head.get('name') or self.root.name)}{drawn}, {self.protocol}"

    def _confusion(self, recipe: str) -> displays.Display:
        labels, proba = self.pooled(recipe)
        about = f"{self.about}, pooled"
        return displays.ConfusionDisplay.from_predictions(labels, proba, self.classes, name=recipe, dataset=about)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Numbers of the folds that are pooled: all of them; of a learning curve, those of its largest share."""
        largest = f"curve-{curve.shares(self.content)[-1]:g}" if self.is_curve else None
        return tuple(place for place, fold in enumerate(self.content.folds) if largest in (None, fold.name))

    def _cells(self, recipe: str) -> list[FoldCell]:
        return [cell for cell in self.content.cells[self._known(recipe)] if cell.fold in self.places]

    def _complete(self, recipe: str) -> list[FoldCell]:
        """The cells of a recipe in the folds that are pooled, in the order of the folds."""
        cells = self._cells(recipe)
        if sum(cell.ok for cell in cells) < len(self.places):
            raise ValueError(f"recipe {recipe!r} lacks folds; see folds() for the reasons")
        return cells

    def _tally(self, recipe: str) -> Tally:
        if not complete(self.content, self._known(recipe)):
            raise ValueError(f"recipe {recipe!r} lacks folds; see folds() for the reasons")
        return tally(self.content, self.content.cells[recipe])

    def _known(self, recipe: str) -> str:
        if recipe not in self.content.cells:
            text = f"unknown recipe {recipe!r}; expected one of {', '.join(self.recipes)}"
            raise ValueError(with_hint(text, recipe, self.recipes, cutoff=0.5, quoted=True))
        return recipe
