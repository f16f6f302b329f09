"""Bytes from strangers to pixels: the header is read first, and nothing is decoded that is too large."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ferbench.realtime.web.refusal import Refusal

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "image/bmp", "image/gif")


def read_picture(data: bytes, *, max_pixels: int, max_side: int = 1920) -> NDArray[np.uint8]:
    """Decode a picture that somebody sent.

    Parameters
    ----------
    data : bytes
        A JPEG, PNG, WebP, BMP or GIF file (of which the first frame is taken).
    max_pixels : int
        Most pixels it may have, by its header.
    max_side : int
        Larger pictures are made smaller, so that no side has more pixels.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        Blue, green, red; turned as the camera's note in the file says.

    Raises
    ------
    Refusal
        413 when it has too many pixels, 422 when it is empty, broken or no picture.
    """
    if not data:
        raise Refusal(422, "empty", "the picture is empty (0 bytes); send the bytes of a JPEG, PNG or WebP file")
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as picture:
            _check_size(picture.size, max_pixels)
            # First of all, as it holds the large picture only once, and JPEG is decoded straight to half its size.
            picture.thumbnail((max_side, max_side), Image.Resampling.BILINEAR)
            turned = ImageOps.exif_transpose(picture).convert("RGB")
            return np.ascontiguousarray(np.asarray(turned)[:, :, ::-1])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(max_pixels) from error
    except UnidentifiedImageError as error:
        message = f"these {len(data)} bytes are no picture; send a JPEG, PNG, WebP, BMP or GIF file"
        raise Refusal(422, "no_picture", message) from error
    except Refusal:
        raise
    except Exception as error:
        # Decoders meet broken files with errors of many kinds (OSError, SyntaxError, struct.error …); none is ours.
        raise Refusal(422, "broken_picture", f"the picture cannot be decoded: {error}; save it anew") from error


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise _too_many_pixels(max_pixels, f"{width} × {height}")
    if min(size) < 8:
        raise Refusal(422, "too_small", f"the picture has {width} × {height} pixels; a face needs at least 8 × 8")


def _too_many_pixels(max_pixels: int, came: str = "more") -> Refusal:
    message = f"the picture has too many pixels: at most {max_pixels / 1e6:g} million, got {came}; make it smaller"
    return Refusal(413, "too_many_pixels", message)
