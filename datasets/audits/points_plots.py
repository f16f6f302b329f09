"""Draw the figures of a key-point exploration."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ferbench.datasets.points import POINT_SPLITS, PointDataset

# Okabe and Ito's colors for points on the person's left side, right side and the midline.
_SIDES = {"left": "#0072B2", "right": "#D55E00", "middle": "#009E73"}
_SPLITS = {"Training": "#0072B2", "Validation": "#E69F00", "Test": "#009E73"}
_COLUMNS, _ROWS = 9, 4


def plot_missing(findings: Mapping[str, Any]) -> Figure:
    """Draw, for each point and split, the share of faces in which the point is not annotated."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    names = list(findings["missing"]["Training"])
    places = np.arange(len(names))
    for number, split in enumerate(POINT_SPLITS):
        missing = np.array([findings["missing"][split][name] for name in names])
        heights = 100 * missing / max(1, findings["counts"][split])
        bars = axes.barh(places + 0.28 * (1 - number), heights, 0.27, color=_SPLITS[split], label=split)
        axes.bar_label(bars, [f"{n:,}" for n in missing], fontsize=6.5, padding=2)
    axes.set_yticks(places, [name.replace("_", " ") for name in names], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("faces without this point, %")
    axes.set_xlim(0, max(5.0, 1.1 * axes.get_xlim()[1]))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="lower right")
    return figure


def plot_positions(dataset: PointDataset) -> Figure:
    """Draw the annotations of each point in Training, their mean, and an ellipse of two standard deviations."""
    from matplotlib.patches import Ellipse

    figure = Figure(figsize=(6.4, 6.4), layout="constrained")
    axes = figure.subplots()
    points = dataset.part("Training")[1]
    for point, name in enumerate(dataset.names):
        known = points[np.isfinite(points[:, point]).all(axis=1), point].astype(np.float64)
        color = _SIDES[next((side for side in ("left", "right") if side in name.split("_")), "middle")]
        axes.scatter(known[:, 0], known[:, 1], s=3, color=color, alpha=min(0.5, 400 / len(known)), linewidths=0)
        center = known.mean(axis=0)
        if len(known) > 2:
            spread, turn = np.linalg.eigh(np.cov(known.T))
            angle = float(np.degrees(np.arctan2(turn[1, 1], turn[0, 1])))
            width, height = (4 * float(np.sqrt(max(value, 0))) for value in spread[::-1])
            outline = {"fill": False, "edgecolor": color, "linewidth": 1.4}
            axes.add_patch(Ellipse(tuple(center), width, height, angle=angle, **outline))
        axes.scatter(center[0], center[1], s=18, color="#222222", zorder=3)
    side = dataset.images.shape[1]
    axes.set_xlim(-0.5, side - 0.5)
    axes.set_ylim(side - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xlabel("x, pixels")
    axes.set_ylabel("y, pixels")
    axes.set_title("The person's left in blue, right in red, middle in green", fontsize=9, loc="left")
    return figure


def plot_samples(dataset: PointDataset, seed: int) -> Figure:
    """Draw random faces with their annotated points."""
    rows = np.random.default_rng(seed).permutation(len(dataset))[: _COLUMNS * _ROWS]
    n_rows = -(-len(rows) // _COLUMNS)
    figure = Figure(figsize=(9, 9 / _COLUMNS * n_rows), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0, hspace=0)  # type: ignore[union-attr, call-arg]
    colors = [_SIDES[next((s for s in ("left", "right") if s in name.split("_")), "middle")] for name in dataset.names]
    grid = np.atleast_1d(figure.subplots(n_rows, _COLUMNS)).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, row in zip(grid, rows, strict=False):
        axes.imshow(dataset.images[row], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        points = dataset.points[row]
        axes.scatter(points[:, 0], points[:, 1], s=9, c=colors, edgecolors="white", linewidths=0.4)
        axes.set_xlim(-0.5, dataset.images.shape[2] - 0.5)
        axes.set_ylim(dataset.images.shape[1] - 0.5, -0.5)
    return figure
