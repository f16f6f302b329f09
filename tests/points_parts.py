"""A key-point model that tests can see through: it finds the bright spot of a face."""

from pathlib import Path
from typing import Any

import numpy as np

from ferbench.features import POINT_NAMES
from ferbench.models import MeanShape, save_bundle
from ferbench.realtime import KeyPoints


class SpotBundle:
    """A bundle whose model puts all points on what is brighter than its ground, each a little further right."""

    point_names = POINT_NAMES
    image_shape = (64, 64)
    path = Path("spot")
    # What one point lies to the right of the one before, in pixels of the model's images.
    STEP = 0.25

    def __init__(self, *, margin: float = 0.2, offset: float = 0.0) -> None:
        self.info: dict[str, Any] = {"task": "keypoints", "margin": margin, "offset": offset}
        self.calls: list[int] = []

    def predict(self, X: np.ndarray) -> np.ndarray:
        assert X.dtype == np.uint8 and X.shape[1:] == self.image_shape
        self.calls.append(len(X))
        return np.stack([self._one(image) for image in X]).astype(np.float32)

    def _one(self, image: np.ndarray) -> np.ndarray:
        weights = np.clip(image - np.median(image), 0, None)
        if not weights.any():
            return np.full((15, 2), 31.5)
        rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
        middle = np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()
        return middle + np.arange(15)[:, None] * (self.STEP, 0)


def spot_finder(**options: Any) -> KeyPoints:
    return KeyPoints(SpotBundle(**options))


def with_spot(image: np.ndarray, x: int, y: int, radius: int = 2) -> np.ndarray:
    """The image with a white square of `2 radius + 1` pixels around x, y."""
    image[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1] = 255
    return image


# A face of 96 x 96 pixels as the data sets cut it: its points in their order.
EYES = ((64, 38), (32, 38), (57, 38), (71, 38), (39, 38), (25, 38))
BROWS = ((56, 29), (76, 29), (40, 29), (20, 29))
FACE = (*EYES, *BROWS, (48, 58), (62, 76), (34, 76), (48, 73), (48, 83))
MARGIN, OFFSET = 0.15, 0.07


def face_bundle(path: Path) -> Path:
    """A real key-point bundle, which finds the points of `FACE` in every face."""
    points = np.array([FACE], float)
    regressor = MeanShape().fit(np.zeros((1, 96, 96), np.uint8), points)
    info = {"recipe": {"name": "mean-shape"}, "margin": MARGIN, "offset": OFFSET}
    return save_bundle(path, regressor, image_shape=(96, 96), info=info)


def face_in(x: float, y: float, width: float, height: float) -> np.ndarray:
    """Where the points of `FACE` lie in a box, to the rounding of whole pixels."""
    longer = max(width, height)
    side = (1 + MARGIN) * longer
    corner = np.array([x + (width - side) / 2, y + (height - side) / 2 + OFFSET * longer])
    return (np.array(FACE) + 0.5) * side / 96 - 0.5 + corner
