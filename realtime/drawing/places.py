"""Rectangles on an image: the face in a box, what fits, and what covers what."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

# Left, top, right and bottom in pixels.
Rect = tuple[int, int, int, int]
# From the square that recognizers see to the face in it, as shares of its side. With YuNet, whose own boxes are tight,
# the square of `Framing` is 1.15 times the root of the face's area: a face with the ratio 0.78 fills 77 % of its width.
LEFT, TOP, RIGHT, BOTTOM = 0.11, 0.05, 0.11, 0.02


def face_rect(box: Rect) -> Rect:
    """Return the face inside the square that the recognizer sees.

    Examples
    --------
    >>> face_rect((0, 0, 100, 100))
    (11, 5, 89, 98)
    """
    width, height = box[2] - box[0], box[3] - box[1]
    left, top = box[0] + round(LEFT * width), box[1] + round(TOP * height)
    return left, top, max(left + 1, box[2] - round(RIGHT * width)), max(top + 1, box[3] - round(BOTTOM * height))


def scaled(box: tuple[int, int, int, int], scale: tuple[float, float], mirror_width: int | None) -> Rect:
    """Return a box (x, y, width, height) as a rectangle of the scaled and mirrored image."""
    x, y, width, height = box
    left, right = round(x * scale[0]), round((x + width) * scale[0])
    if mirror_width is not None:
        left, right = mirror_width - right, mirror_width - left
    return left, round(y * scale[1]), right, round((y + height) * scale[1])


def within(rect: Rect, canvas: NDArray[np.uint8]) -> Rect:
    """Move a rectangle into the image, as far as it fits."""
    height, width = canvas.shape[:2]
    left = max(0, min(rect[0], width - (rect[2] - rect[0])))
    top = max(0, min(rect[1], height - (rect[3] - rect[1])))
    return left, top, left + rect[2] - rect[0], top + rect[3] - rect[1]


def inside(rect: Rect, canvas: NDArray[np.uint8]) -> bool:
    """Whether a rectangle lies in the image."""
    return rect[0] >= 0 and rect[1] >= 0 and rect[2] <= canvas.shape[1] and rect[3] <= canvas.shape[0]


def hidden(rect: Rect, others: Iterable[Rect]) -> int:
    """Return how many pixels of the other rectangles a rectangle covers."""
    return sum(
        max(0, min(rect[2], other[2]) - max(rect[0], other[0]))
        * max(0, min(rect[3], other[3]) - max(rect[1], other[1]))
        for other in others
    )


def hits(rect: Rect, others: Iterable[Rect]) -> bool:
    """Whether a rectangle covers a part of another one."""
    return hidden(rect, others) > 0
