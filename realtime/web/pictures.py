"""Decode untrusted pictures: check the size in the header before decoding."""

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.web.refusal import Refusal
from ferbench.utils.pictures import PictureError, open_picture, to_color

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "HEIC")
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "image/bmp", "image/gif", "image/heic")


def read_picture(data: bytes, *, max_pixels: int, max_side: int = 1920) -> NDArray[np.uint8]:
    """Decode a picture from a client.

    Parameters
    ----------
    data : bytes
        JPEG, PNG, WebP, BMP or GIF file, or HEIC where `pillow-heif` is installed; of a GIF, the first frame is used.
    max_pixels : int
        Maximum number of pixels, checked in the header.
    max_side : int
        Larger pictures are scaled down so that no side has more pixels.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Image in BGR order, rotated according to its EXIF orientation.

    Raises
    ------
    Refusal
        413 if it has too many pixels; 422 if it is empty, damaged or not a picture.
    """
    if not data:
        raise Refusal(422, "empty", "the picture is empty (0 bytes); send the bytes of a JPEG, PNG or WebP file")
    try:
        opened = open_picture(data, max_pixels=max_pixels, formats=FORMATS)
        if min(opened.width, opened.height) < 8:
            size = f"{opened.width} × {opened.height}"
            raise Refusal(422, "too_small", f"the picture has {size} pixels; a face needs at least 8 × 8")
        return to_color(opened, max_side)
    except PictureError as error:
        raise _refusal(error, len(data), max_pixels) from error


def _refusal(error: PictureError, n_bytes: int, max_pixels: int) -> Refusal:
    if error.kind == "too_many_pixels":
        return _too_many_pixels(max_pixels, str(error).partition(" pixels are")[0].replace(" x ", " × "))
    if error.kind == "no_picture":
        message = f"these {n_bytes} bytes are no picture; send a JPEG, PNG, WebP, BMP or GIF file"
        return Refusal(422, "no_picture", message)
    if error.kind == "no_reader":
        message = "this server cannot read HEIC photographs, because pillow-heif is not installed; send a JPEG file"
        return Refusal(422, "no_picture", message)
    return Refusal(422, "broken_picture", f"the picture cannot be decoded: {error}; save it anew")


def _too_many_pixels(max_pixels: int, came: str = "more") -> Refusal:
    message = f"the picture has too many pixels: at most {max_pixels / 1e6:g} million, got {came}; make it smaller"
    return Refusal(413, "too_many_pixels", message)
