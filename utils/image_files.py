"""Bytes of an image file to a gray square, or the reason why not."""

import io
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

MAX_FILE_BYTES = 64 * 2**20
MAX_PIXELS = 2**26
# An image file this small cannot hold more than MAX_PIXELS (deflate packs 1,032 to 1, a byte holds 8 pixels).
_SURELY_SMALL = 4096


class Decoded(NamedTuple):
    """A decoded image and its original size in pixels."""

    image: NDArray[np.uint8]
    width: int
    height: int


def decode(data: bytes, size: int) -> Decoded:
    """Decode an image file to gray and resize it to `size` × `size` pixels.

    Raises
    ------
    ValueError
        With the reason, when the bytes are no whole image or a huge one.
    """
    _refuse_huge(data)
    _refuse_cut_off(data)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        image = None
    if image is None:
        raise ValueError("not an image, or a damaged one: it cannot be decoded")
    height, width = image.shape
    return Decoded(resize(image, size), width, height)


def resize(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize a gray image to a square, averaging over areas when it shrinks."""
    if image.shape == (size, size):
        return image
    shrinks = image.shape[0] > size or image.shape[1] > size
    resized = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


def _refuse_huge(data: bytes) -> None:
    """Read the size from the header, so that a few kilobytes cannot unpack to gigabytes."""
    if len(data) <= _SURELY_SMALL:
        if not data:
            raise ValueError("the file is empty")
        return
    from PIL import Image, UnidentifiedImageError

    limit = f"expected at most {MAX_PIXELS:,} pixels"
    try:
        with Image.open(io.BytesIO(data)) as header:
            width, height = header.size
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError(f"{limit}; the header promises far more") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise ValueError("not an image, or a damaged one: its header cannot be read") from None
    if width * height > MAX_PIXELS:
        raise ValueError(f"{limit}; got {width} x {height}")


def _refuse_cut_off(data: bytes) -> None:
    """OpenCV fills the missing end of a JPEG or PNG with gray and says nothing: look for the end mark."""
    end = data[-1024:]
    if data.startswith(b"\xff\xd8") and b"\xff\xd9" not in end:
        raise ValueError("damaged JPEG: the file is cut off before its end")
    if data.startswith(b"\x89PNG") and b"IEND" not in end:
        raise ValueError("damaged PNG: the file is cut off before its end")
