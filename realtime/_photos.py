"""Image files as sources, refused before they are decoded if they are too large."""

import io
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from ferbench.realtime._events import Frame, Image
from ferbench.realtime._sources import Source

SUFFIXES = frozenset(
    [".bmp", ".jpeg", ".jpg", ".jp2", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"]
)
MAX_PIXELS = 50_000_000
MAX_BYTES = 100 * 2**20


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
        self.path = path
        self.name = str(path)
        self.files = _files(path) if path.is_dir() else [path]
        self.n_frames = len(self.files)
        # A lone image is read at once, so that what is wrong with it is said before anything starts.
        self._first = None if path.is_dir() else read_image(path)
        width, height = image_size(self.files[0].read_bytes()) or (0, 0)
        self.size = (width, height)

    def __iter__(self) -> Iterator[Frame]:
        """One still frame for each file that can be read; the others are noted."""
        index = 0
        for file in self.files:
            if self._stopped.is_set():
                return
            try:
                image = read_image(file) if self._first is None else self._first
            except (ValueError, OSError) as error:
                self.note(f"skipped {error}")
                continue
            yield Frame(index, float(index), image, still=True, name=file.name)
            index += 1
        if not index:
            raise ValueError(f"{self.path}: none of its {len(self.files)} images can be read; {self.notes[0]}")


def is_image(path: Path) -> bool:
    """Whether the file's name is that of an image."""
    return path.suffix.lower() in SUFFIXES


def read_image(file: Path) -> Image:
    """Colour image of shape (height, width, 3), blue-green-red, from a file.

    Raises
    ------
    ValueError
        If the file is empty, no image, damaged, or larger than 50 megapixels.
    """
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"{file}: expected at most {MAX_BYTES:,} bytes; got {file.stat().st_size:,}; make it smaller")
    return decode_image(file.read_bytes(), str(file))


def decode_image(data: bytes, name: str) -> Image:
    """Colour image from the bytes of an image file; `name` stands in the error.

    Raises
    ------
    ValueError
        As in :func:`read_image`.
    """
    if not data:
        raise ValueError(f"{name}: the file is empty; expected an image")
    size = image_size(data)
    if size is None:
        raise ValueError(f"{name}: not an image, or a damaged one; expected JPEG, PNG, WebP, TIFF or BMP")
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(
            f"{name}: {size[0]:,} x {size[1]:,} pixels are too many; expected at most {MAX_PIXELS:,} in all; "
            "make it smaller first"
        )
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise ValueError(f"{name}: a damaged image; expected JPEG, PNG, WebP, TIFF or BMP")
    return np.asarray(image, np.uint8)


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that an image's header promises; None if it is no image."""
    import warnings

    from PIL import Image as Header
    from PIL import UnidentifiedImageError

    limit, Header.MAX_IMAGE_PIXELS = Header.MAX_IMAGE_PIXELS, None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Header.open(io.BytesIO(data)) as header:
                return header.size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return None
    finally:
        Header.MAX_IMAGE_PIXELS = limit


def _files(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if is_image(file) and file.is_file())
    if not files:
        raise ValueError(f"{folder}: the folder holds no images; expected JPEG, PNG, WebP, TIFF or BMP")
    return files
