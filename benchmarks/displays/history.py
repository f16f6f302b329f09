"""Plot the training curves of a network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ferbench.benchmarks.displays.base import GRAY, PALETTE, Display, clear_frame, label_log_axis, set_title, titled
from ferbench.benchmarks.displays.labels import label_ends

# One panel each if the history has these keys: title, key of the training curve, key of the validation curve.
_PANELS = (
    ("loss", "loss", "val_loss"),
    ("accuracy", "train_accuracy", "val_accuracy"),
    ("learning rate", "learning_rate", ""),
)

# Panel of histories without the accuracy on unaugmented training images.
_AUGMENTED = ("accuracy", "accuracy", "val_accuracy")

# Longer names of lines do not fit beside their ends.
_LONGEST = 24


@dataclass(frozen=True, eq=False, repr=False)
class HistoryDisplay(Display):
    """Training curves: loss and accuracy on the training and validation splits, and the learning rate.

    Attributes
    ----------
    history : dict of str to tuple of float
        One value per epoch of ``loss``, ``accuracy``, ``val_loss``, ``val_accuracy``, ``learning_rate`` and any other
        recorded value. None becomes NaN.
    best_epoch : int or None
        The epoch, from 1, with the highest validation accuracy, or the lowest validation loss without accuracies.
    name, dataset : str
        The recognizer and the data, for the title.
    distilled : bool
        Whether the network had teachers. Then ``accuracy`` is the agreement with their soft targets.

    Notes
    -----
    ``train_accuracy`` is the accuracy on the true labels of unaugmented training images, at some epochs. Only a history
    without it shows ``accuracy``, which is on augmented images, and its label says so.
    """

    figsize: ClassVar[tuple[float, float]] = (7.4, 8.0)

    history: dict[str, tuple[float, ...]]
    best_epoch: int | None
    name: str = ""
    dataset: str = ""
    distilled: bool = False

    @classmethod
    def from_history(
        cls,
        history: Mapping[str, Sequence[float | None]],
        *,
        name: str = "",
        dataset: str = "",
        distilled: bool = False,
    ) -> "HistoryDisplay":
        """Make the display from the ``history`` of a record: lists with one value per epoch.

        Raises
        ------
        ValueError
            If the history has neither loss, accuracy nor learning rate, or the lists differ in length.
        """
        curves = {key: tuple(np.nan if v is None else float(v) for v in values) for key, values in history.items()}
        if not any(_has_values(curves, key) for _, *keys in (*_PANELS, _AUGMENTED) for key in keys):
            raise ValueError(f"history must hold loss, accuracy or learning_rate; got {sorted(curves)}")
        lengths = {key: len(values) for key, values in curves.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"history must hold one value per epoch in each list; got lengths {lengths}")
        return cls(curves, _best_epoch(curves), name, dataset, distilled)

    def frame(self) -> pd.DataFrame:
        """One row per epoch, from 1: ``epoch`` and every recorded curve."""
        table = pd.DataFrame({key: list(values) for key, values in self.history.items()})
        table.insert(0, "epoch", np.arange(1, len(table) + 1))
        return table

    def _draw(self, ax: Axes) -> None:
        measured = _has_values(self.history, "train_accuracy")
        possible = [panel if measured or "train_accuracy" not in panel else _AUGMENTED for panel in _PANELS]
        panels = [panel for panel in possible if any(_has_values(self.history, key) for key in panel[1:])]
        set_title(ax, titled("Training", self.name), self.dataset)
        ax.set_axis_off()
        height = 1 / len(panels)
        for place, (label, train, validation) in enumerate(panels):
            inset = ax.inset_axes((0, 1 - (place + 1) * height + 0.04, 1, height - 0.05))
            self._draw_panel(inset, label, train, validation)
            if place < len(panels) - 1:
                inset.tick_params(labelbottom=False)
            else:
                inset.set_xlabel("epoch")

    def _draw_panel(self, ax: Axes, label: str, train: str, validation: str) -> None:
        lines = ((train, self._legend(train), PALETTE[0], "-"), (validation, "validation", PALETTE[1], "--"))
        named: list[tuple[float, float, str, str]] = []
        for key, legend, color, dashes in lines:
            if _has_values(self.history, key):
                values = np.asarray(self.history[key], np.float64)
                # Epochs without a value are left out, so that the line joins the others.
                known = np.flatnonzero(np.isfinite(values)) if key == "train_accuracy" else np.arange(len(values))
                steps = "steps-mid" if label == "learning rate" else "default"
                # Long names stay in the legend: beside the line they would narrow the plot.
                shown: dict[str, Any] = {"label": legend} if len(legend) > _LONGEST else {}
                ax.plot(known + 1, values[known], color=color, linestyle=dashes, marker=".", drawstyle=steps, **shown)
                if not shown:
                    named.append((float(known[-1] + 1), float(values[np.isfinite(values)][-1]), legend, color))
        if self.best_epoch is not None:
            ax.axvline(self.best_epoch, color=GRAY, linestyle=":", label=f"best epoch ({self.best_epoch})")
        clear_frame(ax)
        ax.set_ylabel(label)
        ax.set_xlim(0.5, len(next(iter(self.history.values()))) + 0.5)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if label == "learning rate":
            ax.set_yscale("log")
            label_log_axis(ax.yaxis)
        else:
            label_ends(ax, named)
            if ax.get_legend_handles_labels()[0]:
                ax.legend(fontsize=9)

    def _legend(self, key: str) -> str:
        if key == "train_accuracy":
            return "training images, not augmented, true labels"
        if key == "accuracy" and self.distilled:
            return "agreement with soft targets on augmented training images, not an accuracy"
        return "training, augmented images" if key == "accuracy" else "training"


def _has_values(curves: Mapping[str, tuple[float, ...]], key: str) -> bool:
    return bool(np.isfinite(curves.get(key, ())).any())


def _best_epoch(curves: Mapping[str, tuple[float, ...]]) -> int | None:
    for key, sign in (("val_accuracy", -1), ("val_loss", 1)):
        values = sign * np.asarray(curves.get(key, ()))
        if len(values) and not np.isnan(values).all():
            return int(np.nanargmin(values)) + 1
    return None
