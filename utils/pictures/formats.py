"""Detect the format of an image from its first bytes, and check its size before it is decoded."""

import importlib
import io
import re
import struct
from collections.abc import Collection
from typing import Any, NamedTuple

MAX_FILE_BYTES = 64 * 2**20
# Largest number of pixels; a color image of 50 megapixels takes 150 MB of memory.
MAX_PIXELS = 50_000_000
IMAGE_SUFFIXES = frozenset(
    [
        ".avif",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".jfif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tif",
        ".tiff",
        ".webp",
    ]
)
EXPECTED = "expected JPEG, PNG, WebP, AVIF, GIF, TIFF, BMP or JPEG 2000"
_CLASSES = {
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "HEIC": ("pillow_heif.as_plugin", "HeifImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "JPEG2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "PNM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
}
_MISSING = {
    "HEIC": 'a HEIC photograph, which needs pillow-heif: pip install "ferbench[heic]", or save it as JPEG',
    "AVIF": "an AVIF image, which needs a newer Pillow: pip install -U pillow, or save it as JPEG",
}
_HEADS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG", "PNG"),
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  ", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"BM", "BMP"),
)
_HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
# Next marker in the pixel data of a JPEG file, except escaped bytes and restart markers.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


class PictureError(ValueError):
    """Error for an image that cannot be read or is not allowed.

    Attributes
    ----------
    kind : {"empty", "no_picture", "no_reader", "too_many_pixels", "broken_picture"}
        Kind of the problem; `no_reader` if an optional library is missing.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Opened(NamedTuple):
    """Image whose header was read: format, Pillow object (None if only OpenCV can read the format) and size."""

    format: str
    image: Any
    width: int
    height: int
    data: bytes


def sniff(head: bytes) -> str | None:
    """Return the format of an image from its first 32 bytes, or None if it is unknown.

    Examples
    --------
    >>> sniff(b"GIF89a")
    'GIF'
    >>> sniff(b"no image") is None
    True
    """
    for start, name in _HEADS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if re.match(rb"P[1-6]\s", head):
        return "PNM"
    if head[4:8] == b"ftyp":
        brands = {head[start : start + 4] for start in (8, *range(16, min(len(head), 64), 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        return "HEIC" if brands & _HEIC_BRANDS else None
    return None


def open_picture(data: bytes, *, max_pixels: int = MAX_PIXELS, formats: Collection[str] | None = None) -> Opened:
    """Read the header of an image without decoding it, so that a small file cannot fill the memory.

    Parameters
    ----------
    data : bytes
        Whole content of the file.
    max_pixels : int
        Largest number of pixels.
    formats : collection of str, optional
        Allowed formats; by default all.

    Raises
    ------
    PictureError
        If the bytes are not an image, the file is truncated, or the header gives too many pixels.
    """
    if not data:
        raise PictureError("empty", f"the file is empty; {EXPECTED}")
    name = sniff(data[:64])
    if name is None or (formats is not None and name not in formats):
        raise PictureError("no_picture", f"not an image, or a damaged one; {EXPECTED}")
    if name == "WEBP":  # Pillow would allocate all pixels when it opens the file.
        _check_size(*_webp_size(data), max_pixels)
    image, width, height = _header(name, data)
    _check_size(width, height, max_pixels)
    return Opened(name, image, width, height, _whole(name, data))


def _header(name: str, data: bytes) -> tuple[Any, int, int]:
    module, kind = _CLASSES[name]
    try:
        make = getattr(importlib.import_module(module), kind)
    except ImportError:
        raise PictureError("no_reader", _MISSING.get(name, f"{name} images cannot be read here")) from None
    try:
        # Use the class of the format; Image.open would try all formats, and warn about large images.
        image = make(io.BytesIO(data))
    except Exception as error:  # Pillow raises many types of errors for damaged headers
        if name == "TIFF" and (size := _tiff_size(data)) is not None:
            return None, *size
        detail = " ".join(str(error).split())[:80]
        raise PictureError("broken_picture", f"not an image, or a damaged one ({detail}); {EXPECTED}") from None
    return image, *image.size


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        message = f"{width:,} x {height:,} pixels are too many; expected at most {max_pixels:,} pixels; make it smaller"
        raise PictureError("too_many_pixels", f"{message} first")
    if width < 1 or height < 1:
        raise PictureError("broken_picture", f"a damaged image of {width} x {height} pixels; get it again")


def _whole(name: str, data: bytes) -> bytes:
    """Return the image without trailing data, such as the video in a motion photo of a phone."""
    if name not in ("JPEG", "PNG"):
        return data
    end = _jpeg_end(data) if name == "JPEG" else _png_end(data)
    if end is None:
        # Decoders would fill the missing part with gray, without an error.
        raise PictureError("broken_picture", f"a damaged {name}, cut off before its end; get it again")
    return data if end == len(data) else data[:end]


def _jpeg_end(data: bytes) -> int | None:
    """Return the offset after the end marker, without the end markers of thumbnails in the header."""
    place = 2
    while place + 4 <= len(data) or data[place : place + 2] == b"\xff\xd9":
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xD9:
            return place + 2
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8:
            place += 1 if marker == 0xFF else 2
            continue
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
        if marker == 0xDA:
            if (found := _MARKER.search(data, place)) is None:
                return None
            place = found.start()
    return None


def _png_end(data: bytes) -> int | None:
    place = 8
    while place + 12 <= len(data):
        length = struct.unpack_from(">I", data, place)[0]
        kind = data[place + 4 : place + 8]
        place += 12 + length
        if kind == b"IEND":
            return place if place <= len(data) else None
    return None


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    try:
        if kind == b"VP8X":
            return tuple(1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))  # type: ignore[return-value]
        if kind == b"VP8L":
            bits = struct.unpack_from("<I", data, 21)[0]
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        width, height = struct.unpack_from("<HH", data, 26)
    except struct.error:
        raise PictureError("broken_picture", "a damaged WEBP, cut off before its end; get it again") from None
    return width & 0x3FFF, height & 0x3FFF


def _tiff_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height from the first directory of a TIFF file, for pixel types that Pillow does not support."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        start = struct.unpack_from(f"{order}I", data, 4)[0]
        found: dict[int, int] = {}
        for number in range(struct.unpack_from(f"{order}H", data, start)[0]):
            at = start + 2 + 12 * number
            tag, kind = struct.unpack_from(f"{order}HH", data, at)
            if tag in (256, 257) and kind in (3, 4):
                found[tag] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, at + 8)[0]
        return found[256], found[257]
    except (struct.error, KeyError):
        return None
