"""Convert the pixels of an opened image to gray or blue-green-red bytes."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.utils.pictures.formats import EXPECTED, Opened, PictureError

# Larger images are decoded by OpenCV, which needs a third of Pillow's memory.
_LARGE = 12_000_000
_READ_BY_OPENCV = ("BMP", "JPEG", "JPEG2000", "PNG", "PNM", "TIFF", "WEBP")
_ORIENTATION = 0x0112
# Weights of red, green and blue in the library of each format, so that gray levels equal those of earlier versions.
_WEIGHTS = {"PNG": (9797, 19234, 3737, 0, 15), **dict.fromkeys(("BMP", "PNM", "TIFF"), (4899, 9617, 1868, 8192, 14))}


def to_color(opened: Opened, max_side: int | None = None) -> NDArray[np.uint8]:
    """Return blue-green-red pixels of shape (height, width, 3), rotated according to the metadata."""
    array, turn = _pixels(opened, gray=False, max_side=max_side)
    if array.ndim == 2:
        array = np.asarray(cv2.cvtColor(array, cv2.COLOR_GRAY2BGR), np.uint8)
    return _turned(array, turn)


def to_gray(opened: Opened) -> NDArray[np.uint8]:
    """Return gray pixels of shape (height, width), rotated according to the metadata."""
    array, turn = _pixels(opened, gray=True)
    return _turned(array if array.ndim == 2 else _weighed(array, opened.format), turn)


def to_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert 16-bit, 32-bit and floating-point pixels to bytes.

    Integers are shifted according to the bit depth of the largest value (8, 10, 12, 14 or 16), since cameras store 12
    bits in 16. Floating-point values between 0 and 1, or between 0 and 255, are scaled from that range. Other values
    are scaled from their minimum and maximum.
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    finite = np.isfinite(array)
    if not finite.any():
        raise PictureError("broken_picture", "an image without a single finite pixel; get it again")
    low, high = array[finite].min(), array[finite].max()
    if array.dtype.kind in "iu" and low >= 0 and high < 65536:
        bits = next(bits for bits in (8, 10, 12, 14, 16) if high < 2**bits)
        return np.right_shift(array, bits - 8).astype(np.uint8)
    values = np.where(finite, array, low).astype(np.float32)
    if low >= 0 and high <= 1:
        values *= 255
    elif low < 0 or high > 255:
        values = (values - np.float32(low)) * (255 / max(float(high) - float(low), 1e-12))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _pixels(opened: Opened, *, gray: bool, max_side: int | None = None) -> tuple[NDArray[np.uint8], int]:
    """Return the pixels, and the rotation that is still to be applied."""
    image, large = opened.image, opened.width * opened.height > _LARGE
    if image is None or _is_deep_color(image):
        return to_bytes(_by_opencv(opened, cv2.IMREAD_UNCHANGED)), 1
    try:
        turn = _turn(image, opened.format)
        if max_side is not None and image.mode not in ("F", "I") and not image.mode.startswith("I;"):
            # The JPEG decoder can reduce the image by powers of two while decoding.
            image.thumbnail((max_side, max_side), 2)
        elif large and opened.format in _READ_BY_OPENCV and image.mode in ("L", "P", "RGB", "RGBA", "1"):
            flags = cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR
            return _by_opencv(opened, flags | cv2.IMREAD_IGNORE_ORIENTATION), turn
        if gray and opened.format == "JPEG":
            image.draft("L", None)
        image.load()
        return _from_pillow(image), turn
    except PictureError:
        raise
    except Exception as error:  # decoders raise many types of errors for damaged files
        detail = " ".join(str(error).split())[:80]
        raise PictureError("broken_picture", f"a damaged image ({detail}); {EXPECTED}") from None


def _from_pillow(image: Any) -> NDArray[np.uint8]:
    if image.mode in ("L", "1", "F", "I") or image.mode.startswith("I;"):
        return to_bytes(np.asarray(image))
    if image.mode == "LA":
        return np.asarray(image.getchannel("L"))
    return np.asarray(cv2.cvtColor(np.asarray(image.convert("RGB")), cv2.COLOR_RGB2BGR), np.uint8)


def _by_opencv(opened: Opened, flags: int) -> NDArray[Any]:
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # we report errors ourselves, in one line
    try:
        array = cv2.imdecode(np.frombuffer(opened.data, np.uint8), flags)
    except cv2.error:
        array = None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if array is None:
        raise PictureError("broken_picture", f"a damaged image, or of a kind that cannot be read; {EXPECTED}")
    return array[:, :, :3] if array.ndim == 3 and array.shape[2] == 4 else array


def _is_deep_color(image: Any) -> bool:
    """Return whether an image has 16-bit colors, of which Pillow would keep only the upper eight bits."""
    tile = image.tile[0] if image.tile else None
    mode = tile[3] if tile else ""
    mode = mode[0] if isinstance(mode, tuple) else mode
    return image.mode in ("RGB", "RGBA") and isinstance(mode, str) and ";16" in mode


def _turn(image: Any, name: str) -> int:
    if name == "TIFF":  # Pillow rotates TIFF images itself.
        return 1
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # ignore damaged metadata
        return 1


def _turned(array: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    if turn in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if turn in (2, 3, 6, 7):
        array = array[:, ::-1]
    if turn in (3, 4, 7, 8):
        array = array[::-1]
    return np.ascontiguousarray(array)


def _weighed(array: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    if name not in _WEIGHTS:
        return np.asarray(cv2.cvtColor(array, cv2.COLOR_BGR2GRAY), np.uint8)
    red, green, blue, half, shift = _WEIGHTS[name]
    channels = array.astype(np.uint32)
    return ((channels @ np.array([blue, green, red], np.uint32) + half) >> shift).astype(np.uint8)
