"""Image files as sources, refused before they are decoded if they are too large."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ferbench.realtime.events import Frame, Image
from ferbench.realtime.sources.source import MAX_PIXELS, Source

SUFFIXES = frozenset(
    [".bmp", ".jpeg", ".jpg", ".jp2", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"]
)
# How JPEG, PNG, BMP and TIFF begin, whatever they are called; "RIFF" could also be an AVI.
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG", b"BM", b"II*\0", b"MM\0*")
MAX_BYTES = 100 * 2**20
EXPECTED = "expected JPEG, PNG, WebP, TIFF or BMP"


class PhotoSource(Source):
    """An image, or the images of a folder in the order of their names.

    Parameters
    ----------
    path : Path
        The image or folder.

    Raises
    ------
    ValueError
        If the folder holds no image, or the single image cannot be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.name, self._path = str(path), path
        self._files = _images_in(path) if path.is_dir() else [path]
        self.n_frames = len(self._files)
        # A lone image is read at once, so that what is wrong with it is said before anything starts.
        self._only = None if path.is_dir() else read_image(path)
        if self._only is not None:
            self.size = (self._only.shape[1], self._only.shape[0])

    def __iter__(self) -> Iterator[Frame]:
        """One still frame for each file; what cannot be read is skipped and noted.

        Raises
        ------
        ValueError
            If no file of the folder can be read.
        """
        index = 0
        for file in self._files:
            if self._stopped.is_set():
                return
            try:
                image = read_image(file) if self._only is None else self._only
            except (ValueError, OSError) as error:
                self.note(f"skipped {error}")
                continue
            # Photographs have no time: a second each keeps them apart.
            yield Frame(index, float(index), image, still=True, name=file.name)
            index += 1
        if index == 0:
            raise ValueError(f"{self._path}: none of its {len(self._files)} images can be read; {self.notes[0]}")


def is_image(path: Path) -> bool:
    """Whether the file is an image by its name or its first bytes."""
    if path.suffix.lower() in SUFFIXES:
        return True
    with path.open("rb") as stream:
        return stream.read(4).startswith(BEGINNINGS)


def read_image(file: Path) -> Image:
    """Color image of shape (height, width, 3), blue-green-red, from a file.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is empty, no image, damaged, or larger than 50 megapixels.
    """
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"{file}: an image file of {size:,} bytes; expected at most {MAX_BYTES:,}; make it smaller")
    return decode_image(file.read_bytes(), str(file))


def decode_image(data: bytes, name: str) -> Image:
    """Color image from the bytes of an image file; `name` stands in the errors.

    Raises
    ------
    ValueError
        As in :func:`read_image`.
    """
    if not data:
        raise ValueError(f"{name}: the file is empty; {EXPECTED}")
    _refuse_huge(data, name)
    if data.startswith(b"\xff\xd8") and b"\xff\xd9" not in data[-1024:]:
        # OpenCV would fill the missing part with gray and say nothing.
        raise ValueError(f"{name}: a damaged JPEG, cut off before its end; get it again")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise ValueError(f"{name}: a damaged image, or none that OpenCV can read; {EXPECTED}")
    return np.asarray(image, np.uint8)


def _refuse_huge(data: bytes, name: str) -> None:
    """Look at the size in the header, so that a few kilobytes cannot unpack to gigabytes."""
    from PIL import Image as Header
    from PIL import UnidentifiedImageError

    limit = f"expected at most {MAX_PIXELS:,} pixels; make it smaller first"
    try:
        with Header.open(io.BytesIO(data)) as header:
            width, height = header.size
    except (Header.DecompressionBombError, Header.DecompressionBombWarning) as error:
        count = int(re.findall(r"\d+", str(error))[0])
        raise ValueError(f"{name}: {count:,} pixels are too many; {limit}") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise ValueError(f"{name}: not an image, or a damaged one; {EXPECTED}") from None
    if width * height > MAX_PIXELS:
        raise ValueError(f"{name}: {width:,} x {height:,} pixels are too many; {limit}")


def _images_in(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    if not files:
        raise ValueError(f"{folder}: the folder holds no images; {EXPECTED}")
    return files
