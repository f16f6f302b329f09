"""Draw key points: eyes, brows and mouth as thin connected lines, other points as small dots."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.events import Points

_DARK, _POINT = (24, 24, 24), (250, 250, 235)
# Lines are drawn with a precision of 1/16 pixel, because rounding to whole pixels makes them jitter.
_FINE_BITS = 4
_FINE = 1 << _FINE_BITS
_LINES = tuple(
    names
    for side in ("left", "right")
    for names in (
        (f"{side}_eyebrow_outer_end", f"{side}_eyebrow_inner_end"),
        (f"{side}_eye_outer_corner", f"{side}_eye_center", f"{side}_eye_inner_corner"),
    )
)
# Curves from the first point to the last one, through the middle one.
_ARCS = tuple(("mouth_left_corner", f"mouth_center_{lip}_lip", "mouth_right_corner") for lip in ("top", "bottom"))
_STEPS = np.linspace(0, 1, 13)[:, None]


def draw_contours(canvas: NDArray[np.uint8], points: Points, names: Sequence[str], *, face_width: int) -> None:
    """Draw the points of one face on an image.

    Parameters
    ----------
    canvas : ndarray of shape (height, width, 3), uint8
        Image in BGR order, which is changed.
    points : ndarray of shape (n_points, 2)
        x, y in pixels of the image; points without finite coordinates, and those far outside, are left out.
    names : sequence of str
        Names of the points; those of eyes, brows and mouth are connected.
    face_width : int
        Width of the face in pixels.
    """
    lines, alone = _split(points, names, reach=max(canvas.shape))
    thin = 1 if face_width < 250 else 2
    radius = max(1.0, min(face_width / 60, 1.5 + thin))
    # Light with a dark rim: visible on any skin, and different from all emotion colors.
    for color, more in ((_DARK, 2), (_POINT, 0)):
        for line in lines:
            fine = np.round(line * _FINE).astype(np.int32)
            cv2.polylines(canvas, [fine], False, color, thin + more, cv2.LINE_AA, _FINE_BITS)
        for x, y in alone:
            size = round((radius + (max(0.8, 0.45 * radius) if more else 0.0)) * _FINE)
            place = round(float(x) * _FINE), round(float(y) * _FINE)
            cv2.circle(canvas, place, size, color, cv2.FILLED, cv2.LINE_AA, _FINE_BITS)


def _split(points: Points, names: Sequence[str], *, reach: int) -> tuple[list[Points], list[Points]]:
    """Return the lines, and the points that belong to none of them."""
    known = {name: point for name, point in zip(names, points, strict=True) if (np.abs(point) < reach).all()}
    lines: list[Points] = []
    used: set[str] = set()
    for group in (*_LINES, *_ARCS):
        if all(name in known for name in group):
            places = np.stack([known[name] for name in group])
            lines.append(_arc(places) if group in _ARCS else places)
            used.update(group)
    return lines, [point for name, point in known.items() if name not in used]


def _arc(places: Points) -> Points:
    """Return a curve through three points: the quadratic one that is in the middle at half its way."""
    first, middle, last = places
    control = 2 * middle - (first + last) / 2
    curve = (1 - _STEPS) ** 2 * first + 2 * _STEPS * (1 - _STEPS) * control + _STEPS**2 * last
    return np.asarray(curve, np.float64)
