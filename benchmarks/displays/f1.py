"""Plot the F1 of every class for every recognizer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.displays.base import HEAT, Display, ink_on, set_title
from ferbench.benchmarks.scores import Scores, score


@dataclass(frozen=True, eq=False, repr=False)
class F1Display(Display):
    """Heat map of F1: one row per recognizer, one column per class and one for the macro average.

    Attributes
    ----------
    names : tuple of str
        Recognizers, by falling macro F1.
    classes : tuple of str
    f1 : ndarray of shape (n_recognizers, n_classes)
        NaN for a class without images.
    macro : ndarray of shape (n_recognizers,)
    support : ndarray of shape (n_classes,), int
        Images of each class.
    dataset : str
        The data, for the title.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    f1: NDArray[np.float64]
    macro: NDArray[np.float64]
    support: NDArray[np.int64]
    dataset: str = ""

    @classmethod
    def from_scores(cls, scores: Mapping[str, Scores], *, dataset: str = "") -> "F1Display":
        """Make the display from the scores of recognizers on the same images."""
        if not scores:
            raise ValueError("F1Display needs the scores of at least one recognizer; got none")
        names = sorted(scores, key=lambda name: (-scores[name].macro_f1, name))
        first = scores[names[0]]
        return cls(
            tuple(names),
            first.classes,
            np.stack([np.asarray(scores[name].class_values["f1"], np.float64) for name in names]),
            np.array([scores[name].macro_f1 for name in names]),
            first.confusion.sum(axis=1),
            dataset,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        probas: Mapping[str, ArrayLike],
        classes: Sequence[str],
        *,
        dataset: str = "",
    ) -> "F1Display":
        """Make the display from labels and the probabilities of each recognizer, in the order of `classes`."""
        scores = {name: score(y_true, proba, classes, n_bootstrap=0) for name, proba in probas.items()}
        return cls.from_scores(scores, dataset=dataset)

    def frame(self) -> pd.DataFrame:
        """One row per recognizer: ``recipe``, F1 of each class, ``macro``."""
        table = pd.DataFrame(self.f1, columns=list(self.classes))
        table.insert(0, "recipe", list(self.names))
        return table.assign(macro=self.macro)

    def _size(self) -> tuple[float, float]:
        return 3.4 + 0.8 * (len(self.classes) + 1), 1.9 + 0.36 * max(len(self.names), 3)

    def _draw(self, ax: Axes) -> None:
        values = np.column_stack([self.f1, self.macro])
        image = ax.imshow(values, cmap=HEAT, vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink_on(value), fontsize=9)
        heads = [f"{label}\n{count:,}" for label, count in zip(self.classes, self.support, strict=True)]
        ax.set_xticks(range(values.shape[1]), [*heads, "macro\n"], fontsize=9)
        ax.set_yticks(range(len(self.names)), self.names)
        # A white gap separates the average from the classes.
        ax.axvline(len(self.classes) - 0.5, color="white", linewidth=5)
        ax.set_xlabel("class and number of images")
        ax.get_figure(root=True).colorbar(image, ax=ax, label="F1")  # type: ignore[union-attr]
        set_title(ax, "F1 per class", self.dataset, int(self.support.sum()))
