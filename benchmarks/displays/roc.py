"""Plot ROC curves, one class against the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.displays.base import DARK, DASHES, GRAY, PALETTE, Display, clear_frame, set_title, titled
from ferbench.benchmarks.scores import check_predictions, score

Curve = tuple[NDArray[np.float64], NDArray[np.float64]]
MACRO = "macro average"


@dataclass(frozen=True, eq=False, repr=False)
class RocDisplay(Display):
    """One ROC curve per class against the rest, and their macro average.

    Attributes
    ----------
    curves : dict of str to (false positive rate, true positive rate)
        In class order, then ``macro average``: the mean of the class curves at each false positive rate. A
        class without images has no curve.
    auc : dict of str to float
        Area under each curve; the macro average is the mean of the others.
    n_images : int
    name, dataset : str
        The recognizer and the data, for the title.
    """

    figsize: ClassVar[tuple[float, float]] = (6.8, 6.8)

    curves: dict[str, Curve]
    auc: dict[str, float]
    n_images: int
    name: str = ""
    dataset: str = ""

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str], *, name: str = "", dataset: str = ""
    ) -> "RocDisplay":
        """Make the display from labels and probabilities (n_images, n_classes) in the order of `classes`."""
        from sklearn.metrics import roc_curve

        true, probabilities = check_predictions(y_true, proba, classes)
        scores = score(y_true, proba, classes, n_bootstrap=0)
        curves: dict[str, Curve] = {}
        auc = {}
        for place, label in enumerate(scores.classes):
            area = scores.class_values["auc"][place]
            if not np.isnan(area):
                false_rate, true_rate, _ = roc_curve(true == place, probabilities[:, place])
                curves[label], auc[label] = (false_rate, true_rate), float(area)
        if curves:
            curves[MACRO], auc[MACRO] = _mean_curve(list(curves.values())), scores.macro_auc
        return cls(curves, auc, len(true), name, dataset)

    def frame(self) -> pd.DataFrame:
        """One row per point of a curve: ``class, auc, false_positive_rate, true_positive_rate``."""
        parts = [
            pd.DataFrame(
                {
                    "class": label,
                    "auc": self.auc[label],
                    "false_positive_rate": false_rate,
                    "true_positive_rate": true_rate,
                }
            )
            for label, (false_rate, true_rate) in self.curves.items()
        ]
        columns = pd.DataFrame(columns=["class", "auc", "false_positive_rate", "true_positive_rate"])
        return pd.concat(parts, ignore_index=True) if parts else columns

    def _draw(self, ax: Axes) -> None:
        ax.plot([0, 1], [0, 1], color=GRAY, linewidth=1, linestyle=":", label="chance (0.500)")
        for place, (label, curve) in enumerate(self.curves.items()):
            macro = label == MACRO
            ax.plot(
                *curve,
                color=DARK if macro else PALETTE[place % len(PALETTE)],
                linestyle="-" if macro else DASHES[place % len(DASHES)],
                linewidth=2.8 if macro else 1.6,
                label=f"{label} ({self.auc[label]:.3f})",
            )
        clear_frame(ax)
        ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
        ax.set_xlabel("false positive rate")
        ax.set_ylabel("true positive rate")
        ax.legend(title="class (AUC)", loc="lower right", fontsize=9, handlelength=3.2)
        set_title(ax, titled("ROC, one class against the rest", self.name), self.dataset, self.n_images)


def _mean_curve(curves: list[Curve]) -> Curve:
    """Return the mean true positive rate of the curves on a grid of 201 false positive rates."""
    grid = np.linspace(0, 1, 201)
    mean = np.mean([np.interp(grid, false_rate, true_rate) for false_rate, true_rate in curves], axis=0)
    return np.insert(grid, 0, 0.0), np.insert(mean, 0, 0.0)
