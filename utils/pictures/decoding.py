"""Decode the bytes of an image file to pixels."""

from collections.abc import Collection
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.utils.pictures.formats import MAX_PIXELS, open_picture
from ferbench.utils.pictures.pixels import to_color, to_gray


class Decoded(NamedTuple):
    """Decoded image and its original size in pixels."""

    image: NDArray[np.uint8]
    width: int
    height: int


def decode(data: bytes, size: int) -> Decoded:
    """Decode an image file to gray and resize it to `size` × `size` pixels.

    Raises
    ------
    ValueError
        If the bytes are not a complete image, or the image is too large; the message gives the reason.
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
    """Decode an image file to blue-green-red pixels.

    Parameters
    ----------
    data : bytes
        Whole content of the file. The first frame of an animation is decoded.
    max_pixels : int
        Largest number of pixels, according to the header.
    max_side : int, optional
        Larger images are reduced, so that no side has more pixels.
    formats : collection of str, optional
        Allowed formats; by default all.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Pixels, rotated according to the orientation in the metadata.

    Raises
    ------
    PictureError
        If the bytes are not a complete image, or the image is too large.
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
    """Convert an image in memory to blue-green-red pixels.

    Parameters
    ----------
    image : PIL.Image.Image or ndarray
        A Pillow image of any mode, or a uint8 array. An array is blue-green-red as in OpenCV, of shape
        (height, width, 3), or gray, of shape (height, width).

    Raises
    ------
    ValueError
        If the image is neither.
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
