"""Run dlib's shape predictor on whole images. Bundles import this module without scikit-learn."""

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Images are enlarged to this side, in pixels, since dlib returns whole pixels and compares single pixels.
RESOLUTION = 192


class ShapePredictor:
    """Shape predictor of dlib that locates the points of a face that fills the image.

    Parameters
    ----------
    content : bytes
        Content of a file of dlib's ``shape_predictor.save``.

    Raises
    ------
    ValueError
        If the content is not a valid shape predictor.
    """

    def __init__(self, content: bytes) -> None:
        import dlib

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "points.dat"
            file.write_bytes(content)
            try:
                self.predictor: Any = dlib.shape_predictor(str(file))
            except (RuntimeError, MemoryError) as error:
                reason = (str(error).splitlines() or [type(error).__name__])[0]
                raise ValueError(f"damaged, or no shape predictor of dlib ({reason})") from None

    def find(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return points of shape (n_samples, n_points, 2) in pixels, for images of shape (n_samples, height, width)."""
        import dlib

        found = []
        for image in enlarged(images):
            box = dlib.rectangle(0, 0, image.shape[1] - 1, image.shape[0] - 1)
            found.append([(point.x, point.y) for point in self.predictor(image, box).parts()])
        return reduced(np.array(found, np.float32), (images.shape[1], images.shape[2]))


def enlarged(images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the images enlarged for dlib."""
    shape = _size((images.shape[1], images.shape[2]))
    return [np.asarray(cv2.resize(image, shape[::-1], interpolation=cv2.INTER_CUBIC), np.uint8) for image in images]


def reduced(points: NDArray[np.float32], image_shape: tuple[int, int], *, inverse: bool = False) -> NDArray[np.float32]:
    """Convert points of enlarged images to pixels of images of `image_shape`; `inverse` converts in reverse."""
    scale = np.array(image_shape[::-1], np.float32) / np.array(_size(image_shape)[::-1], np.float32)
    # Coordinates refer to pixel centers, so half a pixel is added before scaling and subtracted after it.
    half = np.float32(0.5)
    moved = (points + half) / scale if inverse else (points + half) * scale
    return np.asarray(moved - half, np.float32)


def _size(image_shape: tuple[int, int]) -> tuple[int, int]:
    scale = max(1.0, RESOLUTION / min(image_shape))
    return round(image_shape[0] * scale), round(image_shape[1] * scale)
