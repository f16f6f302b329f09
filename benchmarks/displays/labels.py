"""Place names beside points so that they cover neither each other nor the points."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from numpy.typing import NDArray

from ferbench.benchmarks.displays.base import DARK, GRAY

_POINTS_PER_INCH = 72
# Candidate positions: near before far, and at each distance on the right first, where readers expect a name.
_DISTANCES = (9, 16, 24, 34, 46, 60, 78, 100, 126)
_ANGLES = (0, 30, -30, 150, -150, 180, 60, -60, 120, -120, 90, -90)
_LEADER_FROM = 20

Box = NDArray[np.float64]  # left, bottom, right, top in pixels


def place_labels(ax: Axes, points: Sequence[tuple[float, float]], names: Sequence[str], lines: Box) -> None:
    """Write each name at the first free place near its point.

    Parameters
    ----------
    ax : Axes
        Axes with final limits and scales.
    points : sequence of (x, y)
        In data coordinates.
    names : sequence of str
        One name per point.
    lines : ndarray of shape (n_lines, 4)
        Vertical or horizontal lines that names must not cover: x0, y0, x1, y1 in data coordinates. Names do not cover
        the legend either.
    """
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    pixel = figure.dpi / _POINTS_PER_INCH
    places = ax.transData.transform(np.asarray(points, dtype=np.float64))
    taken = [_around(place, 5 * pixel) for place in places]
    taken += [np.append(*_corners(ax, line)) for line in lines]
    if legend := ax.get_legend():
        taken.append(np.asarray(legend.get_window_extent().extents))
    inside = np.asarray(ax.get_window_extent().extents)
    for point, place, name in zip(points, places, names, strict=True):
        label = ax.annotate(name, point, (0, 0), textcoords="offset points", fontsize=9, color=DARK)
        label.set(in_layout=False, ha="left", va="bottom")
        size = label.get_window_extent()
        box, offset = _free_place(place, np.array([size.width, size.height]), np.stack(taken), inside, pixel)
        taken.append(box)
        _move(ax, label, offset)


def _free_place(
    place: NDArray, size: NDArray, taken: Box, inside: Box, pixel: float
) -> tuple[Box, tuple[float, float]]:
    """Return box and offset (in points from `place`) of the candidate that covers the least area."""
    best, least = None, np.inf
    for distance in _DISTANCES:
        for angle in np.deg2rad(_ANGLES):
            direction = np.array([np.cos(angle), np.sin(angle)])
            # The distance counts from the near side of the label, not from its center.
            center = place + direction * distance * pixel + direction * size / 2
            box = np.append(center - size / 2, center + size / 2)
            covered = _overlap(box, taken, margin=1.5 * pixel) + 10 * _outside(box, inside)
            if distance > _LEADER_FROM:
                covered += _crossed(place, np.clip(place, box[:2], box[2:]), taken)
            if covered < least:
                best, least = box, covered
            if covered == 0:
                break
        if least == 0:
            break
    assert best is not None
    return best, tuple((best[:2] - place) / pixel)


def _move(ax: Axes, label: Annotation, offset: tuple[float, float]) -> None:
    label.set_position(offset)
    size = label.get_window_extent()
    pixel = ax.get_figure(root=True).dpi / _POINTS_PER_INCH  # type: ignore[union-attr]
    width, height = size.width / pixel, size.height / pixel
    nearest = np.clip(0, offset[0], offset[0] + width), np.clip(0, offset[1], offset[1] + height)
    if np.hypot(*nearest) > _LEADER_FROM:
        arrow = {"arrowstyle": "-", "color": GRAY, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 3}
        ax.annotate("", label.xy, nearest, textcoords="offset points", arrowprops=arrow, zorder=1).set_in_layout(False)


def _around(place: NDArray, radius: float) -> Box:
    return np.append(place - radius, place + radius)


def _corners(ax: Axes, line: NDArray) -> tuple[NDArray, NDArray]:
    ends = ax.transData.transform(line.reshape(2, 2))
    return ends.min(axis=0), ends.max(axis=0)


def _overlap(box: Box, taken: Box, margin: float) -> float:
    """Return the area in pixels that `box` shares with the others, each enlarged by `margin`."""
    low = np.maximum(box[:2], taken[:, :2] - margin)
    high = np.minimum(box[2:], taken[:, 2:] + margin)
    return float(np.clip(high - low, 0, None).prod(axis=1).sum())


def _crossed(start: NDArray, end: NDArray, taken: Box) -> float:
    """Return the area of the boxes that a line from `start` to `end` crosses, without those it starts in."""
    steps = np.linspace(0, 1, 24)[:, None, None]
    path = start + steps * (end - start)
    hit = ((path >= taken[:, :2]) & (path <= taken[:, 2:])).all(axis=2)
    crossed = hit[1:].any(axis=0) & ~hit[0]
    return float((taken[:, 2:] - taken[:, :2])[crossed].prod(axis=1).sum())


def _outside(box: Box, inside: Box) -> float:
    """Return the area of `box` outside of `inside`."""
    shared = np.clip(np.minimum(box[2:], inside[2:]) - np.maximum(box[:2], inside[:2]), 0, None)
    return float((box[2:] - box[:2]).prod() - shared.prod())
