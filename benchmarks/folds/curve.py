"""Learning curves: accuracy against the share of Training, and where two recipes cross."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench.benchmarks.folds.reading import FoldContent
from ferbench.benchmarks.folds.table import is_constant, right_share, with_metrics
from ferbench.benchmarks.folds.tally import TEST, spread, tally
from ferbench.benchmarks.scores import plugin_metrics

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Crossing:
    """Where one recipe overtakes another as the training set grows.

    Attributes
    ----------
    a, b : str
        `a` is ahead on the smallest share, `b` on the largest.
    share, low, high : float
        Share of Training at which `b` overtakes `a` for the last time, with the 95 % interval over resampled people.
        A bound of 0 lies below the smallest share, an infinite one beyond the largest.
    n_images : float
        Training images at this share.
    """

    a: str
    b: str
    share: float
    low: float
    high: float
    n_images: float


def is_curve(content: FoldContent) -> bool:
    """Whether the folds are parts of a learning curve."""
    return content.protocol.partition(":")[0].strip() == "curve"


def shares(content: FoldContent) -> list[float]:
    """The measured shares of Training, rising."""
    return sorted({_share(fold.name) for fold in content.folds})


def curve_table(content: FoldContent) -> pd.DataFrame:
    """One row for each recipe and share.

    Returns
    -------
    DataFrame
        ``recipe``, ``share``, ``n_training`` (mean over seeds), ``status``, ``seeds`` measured; ``accuracy`` with
        bounds that resample people, ``sd_seeds``, a ``note``, and a column for each metric plug-in.
    """
    rows, known = [], plugin_metrics()
    for recipe, cells in content.cells.items():
        for share in shares(content):
            planned = [place for place, fold in enumerate(content.folds) if _share(fold.name) == share]
            own = [cell for cell in cells if cell.fold in planned and cell.ok]
            figures = tally(content, own).accuracy()
            row = {
                "recipe": recipe,
                "share": share,
                "n_training": float(np.mean([content.folds[place].n_training for place in planned])),
                "status": "ok" if len(own) == len(planned) else "incomplete",
                "seeds": len(own),
                "accuracy": figures.value,
                "accuracy_low": figures.low,
                "accuracy_high": figures.high,
                "sd_seeds": spread([right_share(content, cell, TEST) for cell in own]),
                "note": "",
            }
            rows.append(with_metrics(row, content, own, known))
    return pd.DataFrame(rows)


def crossings(content: FoldContent) -> list[Crossing]:
    """The pairs of complete recipes of which one leads on the smallest share and the other on the largest."""
    at = np.array(shares(content))
    size = [float(np.mean([fold.n_training for fold in content.folds if _share(fold.name) == share])) for share in at]
    curves = {name: _curves(content, name) for name in content.cells if not is_constant(content, name)}
    known = {name: values for name, values in curves.items() if values is not None}
    found = []
    for pair in combinations(known, 2):
        first, second = (known[name] for name in pair)
        gap, drawn = first[0] - second[0], first[1] - second[1]
        if gap[0] * gap[-1] >= 0:
            continue
        a, b = pair if gap[0] > 0 else pair[::-1]
        sign = 1.0 if gap[0] > 0 else -1.0
        share = crossing_point(at, sign * gap)
        places = np.array([crossing_point(at, sign * row) for row in drawn])
        low, high = _interval(places)
        found.append(
            Crossing(a, b, share, low, high, float(np.exp(np.interp(np.log(share), np.log(at), np.log(size)))))
        )
    return found


def crossing_frame(found: list[Crossing]) -> pd.DataFrame | None:
    """The crossing points as a table; None without one."""
    return pd.DataFrame([vars(each) for each in found]) if found else None


def crossing_text(each: Crossing, at: list[float]) -> str:
    """One crossing in words."""
    low = f"below {at[0]:.0%}" if each.low == 0 else f"{each.low:.0%}"
    high = f"beyond {at[-1]:.0%}" if np.isinf(each.high) else f"{each.high:.0%}"
    return (
        f"{each.b} overtakes {each.a} at {each.share:.0%} of Training (about {each.n_images:,.0f} images; "
        f"95 % interval: {low} to {high})."
    )


def crossing_point(at: Floats, gap: Floats) -> float:
    """The share at which a gap falls below zero for the last time, interpolated over the logarithm of the share.

    0 if it is never above zero, infinity if it is above zero at the end.
    """
    ahead = np.flatnonzero(gap > 0)
    if not len(ahead):
        return 0.0
    last = int(ahead[-1])
    if last == len(at) - 1:
        return float("inf")
    part = gap[last] / (gap[last] - gap[last + 1])
    return float(np.exp(np.log(at[last]) + part * (np.log(at[last + 1]) - np.log(at[last]))))


def _interval(places: Floats) -> tuple[float, float]:
    """Percentile interval; the resamples are ranked, so that open ends need no arithmetic."""
    ranked = np.sort(places)
    tail = round(0.025 * (len(ranked) - 1))
    return float(ranked[tail]), float(ranked[-1 - tail])


def _curves(content: FoldContent, recipe: str) -> tuple[Floats, Floats] | None:
    """Accuracy by share, and the same for each resample of the people; None where a cell is missing."""
    values, drawn = [], []
    for share in shares(content):
        planned = {place for place, fold in enumerate(content.folds) if _share(fold.name) == share}
        own = [cell for cell in content.cells[recipe] if cell.fold in planned and cell.ok]
        if len(own) != len(planned):
            return None
        counted = tally(content, own)
        values.append(counted.accuracy().value)
        drawn.append(counted.resampled_accuracy)
    return np.array(values), np.stack(drawn, axis=1)


def _share(name: str) -> float:
    return float(name.removeprefix("curve-"))
