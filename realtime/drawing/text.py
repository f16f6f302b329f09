"""Text on images: antialiased, any Latin letter, quick enough for every frame of a video."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=16)
def _font(size: int) -> Any:
    from PIL import ImageFont

    # Travels inside Pillow, so that the text looks the same on every machine.
    return ImageFont.load_default(size)


# Above this the masks of photographs would fill the memory, and there is no hurry with them.
_LARGEST_KEPT = 40


def text_mask(text: str, size: int) -> NDArray[np.uint8]:
    """Coverage of a line of text, of shape (line height, width), 0 to 255; the same height for every text of a size."""
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
    """Width and height in pixels of a line of text."""
    height, width = text_mask(text, size).shape
    return width, height


def draw_text(
    image: NDArray[np.uint8], text: str, position: tuple[int, int], size: int, color: tuple[int, int, int]
) -> None:
    """Draw a line of text into a BGR image, its upper left corner at `position`; what lies outside is cut off."""
    mask = text_mask(text, size)
    (x, y), (height, width) = position, mask.shape
    left, top = max(0, x), max(0, y)
    region = image[top : max(0, y + height), left : max(0, x + width)]
    if region.size:
        part = mask[top - y :, left - x :][: region.shape[0], : region.shape[1], None].astype(np.float32) / 255
        region[...] = (region + (np.asarray(color, np.float32) - region) * part + 0.5).astype(np.uint8)
