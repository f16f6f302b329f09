"""Draw training curves as a PNG file and as a line of text."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ferbench.utils import atomic_file

BLOCKS = "▁▂▃▄▅▆▇█"
UNITS = {"rmse": "root mean squared error, pixels"}


def draw_curves(history: Mapping[str, Sequence[float]], file: Path, title: str) -> None:
    """Draw loss and metric for each epoch into a PNG file.

    The file is replaced atomically, so that a viewer never reads an incomplete file.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    figure.suptitle(title)
    epochs = range(1, len(history["loss"]) + 1)
    names = [name for name in history if f"val_{name}" in history]
    for axes, name in zip(figure.subplots(1, 2), names, strict=True):
        axes.plot(epochs, history[name], color="#d55e00", linestyle="--", marker=".", label="training, as augmented")
        axes.plot(epochs, history[f"val_{name}"], color="#0072b2", marker=".", label="validation")
        axes.set(xlabel="epoch", ylabel=UNITS.get(name, name))
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False)
    with atomic_file(file, durable=False) as part:
        FigureCanvasAgg(figure).print_png(part)


def sparkline(values: Sequence[float], width: int = 30) -> str:
    """Draw the newest `width` values as a line of block characters, lowest to highest."""
    shown = list(values)[-width:]
    low, high = min(shown), max(shown)
    step = (high - low) / (len(BLOCKS) - 1) or 1.0
    return "".join(BLOCKS[round((value - low) / step)] for value in shown)
