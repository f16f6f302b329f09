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
    """Write each name at the first free place near its point; a name without one is left out.

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
        box, offset, covered = _free_place(place, np.array([size.width, size.height]), np.stack(taken), inside, pixel)
        if covered:
            label.remove()
            continue
        taken.append(box)
        _move(ax, label, offset)


def label_ends(ax: Axes, ends: Sequence[tuple[float, float, str, str]], size: float = 9) -> None:
    """Write a name beside the right end of each line, pushed apart where ends are close, instead of a legend.

    Parameters
    ----------
    ax : Axes
        Axes with final limits and scales.
    ends : sequence of (x, y, name, color)
        The last point of each line in data coordinates, with the color of the line.
    size : float
        Font size in points.
    """
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    pixel, gap = figure.dpi / _POINTS_PER_INCH, 1.3 * size
    ends = sorted(ends, key=lambda end: end[1])
    heights = [float(ax.transData.transform((x, y))[1]) / pixel for x, y, _, _ in ends]
    for (x, y, name, color), height, place in zip(ends, heights, _apart(heights, gap), strict=True):
        moved = place - height
        arrow = {"arrowstyle": "-", "color": color, "linewidth": 0.7, "shrinkA": 0, "shrinkB": 0}
        # To the left end of the text: a line to its middle would strike through the names beside it.
        arrow["relpos"] = (0, 0.5)
        ax.annotate(
            name, (x, y), (14 if abs(moved) > 1 else 6, moved), textcoords="offset points", color=DARK, fontsize=size,
            va="center", annotation_clip=False, arrowprops=arrow if abs(moved) > 1 else None,
        )  # fmt: skip


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Return rising heights that are at least `gap` apart; those that were closer share their middle."""
    groups: list[tuple[float, int]] = []  # lowest height and number of members
    for height in heights:
        groups.append((height, 1))
        while len(groups) > 1 and groups[-1][0] - groups[-2][0] < gap * groups[-2][1]:
            (low, n), (high, m) = groups[-2:]
            middle = (n * (low + gap * (n - 1) / 2) + m * (high + gap * (m - 1) / 2)) / (n + m)
            groups[-2:] = [(middle - gap * (n + m - 1) / 2, n + m)]
    return [low + gap * place for low, n in groups for place in range(n)]


def _free_place(
    place: NDArray, size: NDArray, taken: Box, inside: Box, pixel: float
) -> tuple[Box, tuple[float, float], float]:
    """Return box, offset (in points from `place`) and covered area of the candidate that covers the least area."""
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
    return best, tuple((best[:2] - place) / pixel), float(least)


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
