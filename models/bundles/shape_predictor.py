"""dlib's shape predictor as a finder of key points in whole images. Light: bundles run it without scikit-learn."""

import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# dlib answers in whole pixels and looks up single ones: images are enlarged to this side, in pixels, for it.
RESOLUTION = 192


class ShapePredictor:
    """A file of dlib's, which finds the points of a face that fills the image.

    Parameters
    ----------
    content : bytes
        What dlib's ``shape_predictor.save`` wrote.

    Raises
    ------
    ValueError
        If it is no such file.
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
        """Points of shape (n_samples, n_points, 2) in pixels of images of shape (n_samples, height, width), uint8."""
        import dlib

        found = []
        for image in enlarged(images):
            box = dlib.rectangle(0, 0, image.shape[1] - 1, image.shape[0] - 1)
            found.append([(point.x, point.y) for point in self.predictor(image, box).parts()])
        return reduced(np.array(found, np.float32), (images.shape[1], images.shape[2]))


def enlarged(images: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Images in the size that dlib sees."""
    shape = _size((images.shape[1], images.shape[2]))
    return [np.asarray(cv2.resize(image, shape[::-1], interpolation=cv2.INTER_CUBIC), np.uint8) for image in images]


def reduced(points: NDArray[np.float32], image_shape: tuple[int, int], *, inverse: bool = False) -> NDArray[np.float32]:
    """Points of enlarged images in pixels of the images of `image_shape`, or the inverse of that."""
    scale = np.array(image_shape[::-1], np.float32) / np.array(_size(image_shape)[::-1], np.float32)
    # Centers of pixels, not corners, correspond: half a pixel before and after scaling.
    half = np.float32(0.5)
    moved = (points + half) / scale if inverse else (points + half) * scale
    return np.asarray(moved - half, np.float32)


def _size(image_shape: tuple[int, int]) -> tuple[int, int]:
    scale = max(1.0, RESOLUTION / min(image_shape))
    return round(image_shape[0] * scale), round(image_shape[1] * scale)
