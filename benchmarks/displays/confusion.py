"""Plot the confusion matrix of a recognizer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.displays.base import HEAT, Display, ink_on, set_title, titled
from ferbench.benchmarks.scores import Scores, score


@dataclass(frozen=True, eq=False, repr=False)
class ConfusionDisplay(Display):
    """Confusion matrix: colors and percentages per row (label), counts below them.

    Attributes
    ----------
    confusion : ndarray of shape (n_classes, n_classes), int
        Images by label (row) and prediction (column).
    shares : ndarray of shape (n_classes, n_classes), float
        The same as fractions of the row; NaN in a row without images.
    classes : tuple of str
        Class order of rows and columns.
    name, dataset : str
        The recognizer and the data, for the title.

    See Also
    --------
    ReliabilityDisplay : Whether the probabilities can be trusted.

    Examples
    --------
    >>> from ferbench.benchmarks import ConfusionDisplay
    >>> proba = [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]]
    >>> display = ConfusionDisplay.from_predictions(["happy", "sad", "sad"], proba, ["happy", "sad"])
    >>> display.confusion.tolist()
    [[1, 0], [1, 1]]
    """

    figsize: ClassVar[tuple[float, float]] = (7.4, 6.6)

    confusion: NDArray[np.int64]
    shares: NDArray[np.float64]
    classes: tuple[str, ...]
    name: str = ""
    dataset: str = ""

    @classmethod
    def from_scores(cls, scores: Scores, *, name: str = "", dataset: str = "") -> "ConfusionDisplay":
        """Make the display from the scores of one recognizer."""
        support = scores.confusion.sum(axis=1, keepdims=True)
        shares = np.where(support > 0, scores.confusion / np.maximum(support, 1), np.nan)
        return cls(scores.confusion, shares, scores.classes, name, dataset)

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str], *, name: str = "", dataset: str = ""
    ) -> "ConfusionDisplay":
        """Make the display from labels and probabilities (n_images, n_classes) in the order of `classes`."""
        return cls.from_scores(score(y_true, proba, classes, n_bootstrap=0), name=name, dataset=dataset)

    def frame(self) -> pd.DataFrame:
        """One row per label: ``label``, then the number of images predicted as each class."""
        table = pd.DataFrame(self.confusion, columns=list(self.classes))
        table.insert(0, "label", list(self.classes))
        return table

    def _draw(self, ax: Axes) -> None:
        places = range(len(self.classes))
        image = ax.imshow(self.shares, cmap=HEAT, vmin=0, vmax=1)
        for row in places:
            for column in places:
                self._write_cell(ax, row, column)
        ax.set_xticks(places, self.classes, rotation=35, ha="right", rotation_mode="anchor")
        ax.set_yticks(places, self.classes)
        ax.set_xlabel("predicted")
        ax.set_ylabel("label")
        bar = ax.get_figure(root=True).colorbar(image, ax=ax, shrink=0.82)  # type: ignore[union-attr]
        bar.set_label("share of the label's images")
        set_title(ax, titled("Confusion matrix", self.name), self.dataset, int(self.confusion.sum()))

    def _write_cell(self, ax: Axes, row: int, column: int) -> None:
        share = self.shares[row, column]
        percent = "" if np.isnan(share) else f"{100 * share:.0f} %\n"
        text = f"{percent}{self.confusion[row, column]:,}"
        weight = "bold" if row == column else "normal"
        ax.text(column, row, text, ha="center", va="center", color=ink_on(share), fontsize=9, fontweight=weight)
