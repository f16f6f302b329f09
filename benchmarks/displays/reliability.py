"""Plot the calibration of a recognizer: accuracy against confidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.displays.base import GRAY, PALETTE, Display, clear_frame, set_title, titled
from ferbench.benchmarks.scores import (
    N_BINS,
    calibration_bins,
    check_predictions,
    expected_calibration_error,
    wilson_interval,
)


@dataclass(frozen=True, eq=False, repr=False)
class ReliabilityDisplay(Display):
    """Reliability diagram of the most probable class in 15 bins of equal width, with the number of images per bin.

    Attributes
    ----------
    images : ndarray of shape (15,), int
        Images in each bin.
    confidence, accuracy, accuracy_low, accuracy_high : ndarray of shape (15,)
        Mean probability of the predicted class, accuracy, and its 95 % Wilson interval; NaN in an empty bin.
    ece : float
        Expected calibration error.
    name, dataset : str
        The recognizer and the data, for the title.

    See Also
    --------
    ConfusionDisplay : Which labels are taken for which.

    Examples
    --------
    >>> from ferbench.benchmarks import ReliabilityDisplay
    >>> proba = [[0.75, 0.25], [0.25, 0.75]]
    >>> round(ReliabilityDisplay.from_predictions(["happy", "happy"], proba, ["happy", "sad"]).ece, 2)
    0.25
    """

    figsize: ClassVar[tuple[float, float]] = (6.4, 7.4)

    images: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    accuracy_low: NDArray[np.float64]
    accuracy_high: NDArray[np.float64]
    ece: float
    name: str = ""
    dataset: str = ""

    @classmethod
    def from_predictions(
        cls, y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str], *, name: str = "", dataset: str = ""
    ) -> "ReliabilityDisplay":
        """Make the display from labels and probabilities (n_images, n_classes) in the order of `classes`."""
        true, probabilities = check_predictions(y_true, proba, classes)
        sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == true
        images, confident, correct = calibration_bins(sure, right)
        n = np.where(images > 0, images, np.nan)
        low, high = wilson_interval(correct / n, n)
        ece = expected_calibration_error(sure, right)
        counts = images.astype(np.int64)
        return cls(counts, confident / n, correct / n, low, high, ece, name, dataset)

    def frame(self) -> pd.DataFrame:
        """One row per bin: its bounds, ``images``, ``confidence``, ``accuracy`` with its interval."""
        edges = np.linspace(0, 1, N_BINS + 1)
        return pd.DataFrame(
            {
                "bin_low": edges[:-1],
                "bin_high": edges[1:],
                "images": self.images,
                "confidence": self.confidence,
                "accuracy": self.accuracy,
                "accuracy_low": self.accuracy_low,
                "accuracy_high": self.accuracy_high,
            }
        )

    def _draw(self, ax: Axes) -> None:
        set_title(ax, titled("Calibration", self.name), self.dataset, int(self.images.sum()))
        # Panels are insets of the given axes, so that the display works in any figure of the caller.
        ax.set_axis_off()
        above = ax.inset_axes((0, 0.32, 1, 0.68))
        self._draw_reliability(above)
        above.tick_params(labelbottom=False)
        below = ax.inset_axes((0, 0, 1, 0.26), sharex=above)
        edges = np.linspace(0, 1, N_BINS + 1)
        below.bar(edges[:-1], self.images, width=1 / N_BINS, align="edge", color=PALETTE[0], edgecolor="white")
        clear_frame(below)
        below.set_xlabel("probability of the predicted class")
        below.set_ylabel("images")

    def _draw_reliability(self, ax: Axes) -> None:
        filled = self.images > 0
        x, y = self.confidence[filled], self.accuracy[filled]
        spread = np.abs(np.stack([self.accuracy_low[filled], self.accuracy_high[filled]]) - y)
        ax.plot([0, 1], [0, 1], color=GRAY, linestyle=":", label="perfect calibration")
        ax.errorbar(x, y, yerr=spread, color=PALETTE[1], marker="o", linewidth=1.8, capsize=3, label="measured")
        clear_frame(ax)
        ax.set(xlim=(0, 1), ylim=(0, 1.02))
        ax.set_ylabel("accuracy, with 95 % interval")
        ax.legend(loc="upper left", title=f"calibration error {self.ece:.3f}", alignment="left")
