"""Draw antialiased text on images, fast enough for every frame of a video."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=16)
def _font(size: int) -> Any:
    from PIL import ImageFont

    # This font is part of Pillow, so the text looks the same on every machine.
    return ImageFont.load_default(size)


# Larger masks are not cached, because they need much memory and occur only on photographs.
_LARGEST_KEPT = 40


def text_mask(text: str, size: int) -> NDArray[np.uint8]:
    """Return the coverage (0 to 255) of a line of text, of shape (line height, width); all lines have one height."""
    return _kept_mask(text, size) if size <= _LARGEST_KEPT else _mask(text, size)


@lru_cache(maxsize=256)
def _kept_mask(text: str, size: int) -> NDArray[np.uint8]:
    return _mask(text, size)


def _mask(text: str, size: int) -> NDArray[np.uint8]:
    font = _font(size)
    mask, (left, top) = font.getmask2(text, mode="L")
    ascent, descent = font.getmetrics()
    canvas = np.zeros((ascent + descent, max(1, mask.size[0] + max(0, left))), np.uint8)
    ink = np.asarray(mask, dtype=np.uint8).reshape(mask.size[::-1])[: max(0, len(canvas) - top)]
    canvas[top : top + len(ink), max(0, left) : max(0, left) + ink.shape[1]] = ink
    canvas.flags.writeable = False
    return canvas


def text_size(text: str, size: int) -> tuple[int, int]:
    """Return width and height of a line of text in pixels."""
    height, width = text_mask(text, size).shape
    return width, height


def draw_text(
    image: NDArray[np.uint8], text: str, position: tuple[int, int], size: int, color: tuple[int, int, int]
) -> None:
    """Draw a line of text on a BGR image, with its upper left corner at `position`; it is clipped at the border."""
    mask = text_mask(text, size)
    (x, y), (height, width) = position, mask.shape
    left, top = max(0, x), max(0, y)
    region = image[top : max(0, y + height), left : max(0, x + width)]
    if region.size:
        part = mask[top - y :, left - x :][: region.shape[0], : region.shape[1], None].astype(np.float32) / 255
        region[...] = (region + (np.asarray(color, np.float32) - region) * part + 0.5).astype(np.uint8)
