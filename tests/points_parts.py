"""A key-point model that tests can see through: it finds the bright spot of a face."""

from pathlib import Path
from typing import Any

import numpy as np

from ferbench.features import POINT_NAMES
from ferbench.realtime import KeyPoints


class SpotBundle:
    """A bundle whose model puts all points on the middle of what is brighter than its ground, each a little to the right."""

    point_names = POINT_NAMES
    image_shape = (64, 64)
    path = Path("spot")
    # What one point lies to the right of the one before, in pixels of the model's images.
    STEP = 0.25

    def __init__(self, *, margin: float = 0.2) -> None:
        self.info: dict[str, Any] = {"task": "keypoints", "margin": margin, "recipe": {"name": "spot"}}
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
