"""Plot the accuracy of the most confident predictions against the coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.displays import PALETTE, Display, clear_frame, label_ends, line_styles, set_title
from ferbench.benchmarks.scores import check_predictions

if TYPE_CHECKING:
    from ferbench.benchmarks.report import Measured, Results

# More would lie upon each other.
_MOST_CURVES = len(PALETTE)
_STEPS = 50
# Letters of a name; the table has the whole name.
_LONGEST = 40


@dataclass(frozen=True, eq=False, repr=False)
class CoverageDisplay(Display):
    """Accuracy against coverage, the share of images that are kept (El-Yaniv and Wiener, 2010).

    Use it to see how much accuracy a threshold on the confidence gains.

    Attributes
    ----------
    names : tuple of str
        Recognizers, by falling accuracy on all images.
    coverage : ndarray of shape (n_steps,)
        Share of images that are kept, the most confident ones first.
    accuracy : ndarray of shape (n_recognizers, n_steps)
    n_images : int
    dataset : str
        The data, for the title.
    groups : tuple of str
        The group of each recognizer, which gives its color; empty if there is none.
    narrow : bool
        Whether it is for a narrow screen.
    """

    figsize: ClassVar[tuple[float, float]] = (9.0, 5.2)

    names: tuple[str, ...]
    coverage: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    n_images: int
    dataset: str = ""
    groups: tuple[str, ...] = ()
    narrow: bool = False

    @classmethod
    def from_results(cls, results: "Results") -> Self | None:
        """The recognizers with the highest accuracy on PublicTest, drawn on the scored split; None without any."""
        cells = [cell for cell in results.contestants if results.split in cell.proba]
        if not cells or not len(results.labels[results.split]):
            return None
        best = sorted(cells, key=lambda cell: -_accuracy(results, cell))[:_MOST_CURVES]
        probas = {cell.label: cell.proba[results.split] for cell in best}
        groups = {cell.label: cell.kind for cell in best}
        about = f"{results.dataset.get('name')} {results.split}".replace("$", r"\$")
        return cls.from_predictions(
            results.labels[results.split], probas, results.classes, dataset=about, groups=groups
        )

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        probas: Mapping[str, ArrayLike],
        classes: Sequence[str],
        *,
        dataset: str = "",
        groups: Mapping[str, str] | None = None,
    ) -> Self:
        """Make the display from labels and the probabilities of each recognizer, in the order of `classes`."""
        curves = {name: _curve(y_true, proba, classes) for name, proba in probas.items()}
        ranked = sorted(curves, key=lambda name: (-curves[name][-1], name))
        n_images = len(np.asarray(y_true))
        kinds = tuple((groups or {}).get(name, "") for name in ranked)
        accuracy = np.stack([curves[name] for name in ranked])
        return cls(tuple(ranked), _steps(n_images) / n_images, accuracy, n_images, dataset, kinds)

    def frame(self) -> pd.DataFrame:
        """One row per recognizer and step: ``recipe, coverage, accuracy``."""
        parts = [
            pd.DataFrame({"recipe": name, "coverage": self.coverage, "accuracy": values})
            for name, values in zip(self.names, self.accuracy, strict=True)
        ]
        return pd.concat(parts, ignore_index=True)

    def for_phone(self) -> "CoverageDisplay":
        """Return the display with its names in one column."""
        return replace(self, narrow=True)

    def _size(self) -> tuple[float, float]:
        return (4.0, 4.0 + 0.2 * len(self.names)) if self.narrow else self.figsize

    def _draw(self, ax: Axes) -> None:
        groups, ends = self.groups or ("",) * len(self.names), []
        for place, (color, marker, dashes) in enumerate(line_styles(groups)):
            line = {"color": color, "linestyle": dashes, "marker": marker, "markevery": (place, 7), "markersize": 5}
            name, group = _short(self.names[place], _LONGEST), _short(groups[place], _LONGEST // 2)
            label = f"{name} ({group})" if group else name
            ax.plot(100 * self.coverage, self.accuracy[place], **line, linewidth=1.6, label=label)
            ends.append((100.0, float(self.accuracy[place, -1]), name, color))
        clear_frame(ax)
        ax.set(xlim=(0, 100), ylim=(max(0.0, float(self.accuracy.min()) - 0.05), 1.02))
        ax.set_xlabel("coverage: share of images kept,{}most confident first, %".format("\n" if self.narrow else " "))
        ax.set_ylabel("accuracy on these images")
        what = "Accuracy against coverage"
        if self.narrow:
            # A phone has no room beside the lines.
            ax.legend(fontsize=7, handlelength=3.5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.2))
            set_title(ax, f"{what}\n{self.dataset}", "", self.n_images)
        else:
            label_ends(ax, ends)
            set_title(ax, what, self.dataset, self.n_images)


def _short(text: str, longest: int) -> str:
    """Cut a text to so many letters, and escape what matplotlib would read as a formula."""
    return (text if len(text) <= longest else f"{text[: longest - 1]}…").replace("$", r"\$")


def _accuracy(results: "Results", cell: "Measured") -> float:
    """On PublicTest, where everything is chosen."""
    given = np.array(results.classes)[cell.proba["PublicTest"].argmax(axis=1)]
    return float((given == results.labels["PublicTest"]).mean())


def _steps(n_images: int) -> NDArray[np.intp]:
    """Return the number of images kept at each step."""
    return np.unique(np.ceil(np.linspace(0, 1, _STEPS + 1)[1:] * n_images).astype(np.intp))


def _curve(y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str]) -> NDArray[np.float64]:
    true, probabilities = check_predictions(y_true, proba, classes)
    surest = np.argsort(-probabilities.max(axis=1), kind="stable")
    right = np.cumsum(probabilities.argmax(axis=1)[surest] == true[surest])
    steps = _steps(len(true))
    return right[steps - 1] / steps


DISPLAY = CoverageDisplay
