"""Bytes of an image file to pixels, or the reason why not."""

from collections.abc import Collection
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.utils.pictures.formats import MAX_PIXELS, open_picture
from ferbench.utils.pictures.pixels import to_color, to_gray


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
    image = to_gray(open_picture(data))
    height, width = image.shape
    return Decoded(resize(image, size), width, height)


def decode_color(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    max_side: int | None = None,
    formats: Collection[str] | None = None,
) -> NDArray[np.uint8]:
    """Decode an image file to blue, green and red.

    Parameters
    ----------
    data : bytes
        All of the file; of an animation the first frame is taken.
    max_pixels : int
        Most pixels it may have, by its header.
    max_side : int, optional
        Larger images are made smaller, so that no side has more pixels.
    formats : collection of str, optional
        Which formats may come; by default all.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Turned as the camera's note in the file says.

    Raises
    ------
    PictureError
        If the bytes are no whole image or a huge one.
    """
    return to_color(open_picture(data, max_pixels=max_pixels, formats=formats), max_side)


def resize(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize a gray image to a square, averaging over areas when it shrinks."""
    if image.shape == (size, size):
        return image
    shrinks = image.shape[0] > size or image.shape[1] > size
    resized = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


def color_array(image: Any) -> NDArray[np.uint8]:
    """Take an image that is in memory as blue-green-red pixels.

    Parameters
    ----------
    image : PIL.Image.Image or ndarray
        A Pillow image says itself what its channels are. An array is uint8: blue-green-red as OpenCV has it, of shape
        (height, width, 3), or gray of shape (height, width).

    Raises
    ------
    ValueError
        If it is neither.
    """
    if hasattr(image, "getbands") and hasattr(image, "convert"):
        rgb = np.asarray(image.convert("RGB"))
        return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), np.uint8)
    array = np.asarray(image)
    colored = array.ndim == 3 and array.shape[2] == 3
    if array.dtype != np.uint8 or array.size == 0 or not (array.ndim == 2 or colored):
        raise ValueError(
            f"image must be a path or uint8 of shape (height, width, 3) or (height, width); got {array.dtype} of "
            f"shape {array.shape}"
        )
    return np.asarray(cv2.cvtColor(array, cv2.COLOR_GRAY2BGR), np.uint8) if array.ndim == 2 else array
