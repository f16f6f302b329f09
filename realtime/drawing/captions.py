"""Word the labels of faces, and find their places: one form for all faces of a frame."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.drawing.places import Rect, hidden, inside, within
from ferbench.realtime.drawing.text import text_size
from ferbench.realtime.events import FaceEvent

UNCERTAIN = "uncertain"
LEAST_SIZE = 8


class Caption(NamedTuple):
    """Label of a face: its text, the size of the letters and its place."""

    text: str
    size: int
    place: Rect


def values(event: FaceEvent) -> list[float]:
    """Return the smoothed probabilities from 0 to 1."""
    # Invalid probabilities of a third-party model must not stop the drawing.
    return list(np.clip(np.nan_to_num(np.asarray(event.smoothed, float)), 0, 1).tolist())


def captions_of(event: FaceEvent) -> tuple[str, str, str]:
    """Return the full caption of a face, and two shorter ones for limited space."""
    person = "" if event.track_id is None else f"#{event.track_id} "
    if event.compound is not None:
        return f"{person}{event.compound} (derived)", event.compound, event.compound[:3]
    if not event.certain or event.label is None:
        return f"{person}{UNCERTAIN}", UNCERTAIN, "?"
    share = f" {100 * max(values(event)):.0f} %" if event.smoothed is not None else ""
    return f"{person}{event.label}{share}", event.label, event.label[:3]


def place_captions(
    events: Sequence[FaceEvent], faces: Sequence[Rect], taken: Sequence[Rect], canvas: NDArray[np.uint8], size: int
) -> list[Caption]:
    """Return the labels of all faces: in the fullest form that has a free place for each of them.

    A free place covers neither another label nor the face of a neighbor. Where even the shortest form has none, a
    label covers as little as possible.

    Parameters
    ----------
    events, faces : sequence
        The faces, and their rectangles on the canvas.
    taken : sequence of Rect
        Places that are already used.
    canvas : ndarray of shape (height, width, 3), uint8
        The image.
    size : int
        Size of the letters in pixels; the second and the last form are smaller.
    """
    small = max(LEAST_SIZE, round(0.75 * size))
    forms = ((0, size), (0, small), (1, size), (1, small), (2, small))
    captions: list[Caption] = []
    for form, letters in forms:
        captions, free = _arranged(events, faces, taken, canvas, form=form, size=letters)
        if free:
            break
    return captions


def _arranged(
    events: Sequence[FaceEvent],
    faces: Sequence[Rect],
    taken: Sequence[Rect],
    canvas: NDArray[np.uint8],
    *,
    form: int,
    size: int,
) -> tuple[list[Caption], bool]:
    captions: list[Caption] = []
    free = True
    for number, (event, face) in enumerate(zip(events, faces, strict=True)):
        text = captions_of(event)[form]
        others = [other for at, other in enumerate(faces) if at != number]
        used = [*taken, *(caption.place for caption in captions)]
        spots = [within(spot, canvas) for spot in _spots(text, face, size)]
        costs = [_cost(spot, used, others, canvas) for spot in spots]
        least = min(costs)
        free = free and least == 0
        captions.append(Caption(text, size, spots[costs.index(least)]))
    return captions, free


def _cost(spot: Rect, used: Iterable[Rect], others: Iterable[Rect], canvas: NDArray[np.uint8]) -> int:
    """Return 0 for a free place; other labels weigh more than faces."""
    return 4 * hidden(spot, used) + hidden(spot, others) + (0 if inside(spot, canvas) else 1)


def _spots(text: str, face: Rect, size: int) -> list[Rect]:
    """Return places for a label: above the face, below it, inside it, beside it."""
    pad, line = padding(size), max(1, round(size / 9))
    width, height = text_size(text, size)
    width, height = width + 2 * pad, height + pad
    above, below = face[1] - height, face[3]
    corners = [(face[0], above), (face[2] - width, above), (face[0], below), (face[2] - width, below)]
    corners += [(face[0], face[1] + line), (face[0], face[3] - line - height)]
    corners += [(face[0] - width, face[1]), (face[2], face[1])]
    return [(left, top, left + width, top + height) for left, top in corners]


def padding(size: int) -> int:
    """Return the margin around letters of a size, in pixels."""
    return max(2, size // 4)
