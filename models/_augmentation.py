"""Random geometric changes of face images, in batches, the same for every network and backend."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """How far a training image may be moved.

    Attributes
    ----------
    rotation : float
        Largest rotation either way, in degrees.
    shift : float
        Largest shift in x and in y, as a fraction of the image's side.
    zoom : float
        Largest relative change of scale.
    flip : bool
        Whether half of the images are mirrored left to right.
    """

    rotation: float = 10.0
    shift: float = 0.1
    zoom: float = 0.1
    flip: bool = True

    def __call__(self, images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return randomly moved copies of `images`, an array of shape (n_samples, height, width)."""
        moved = np.empty_like(images)
        height, width = images.shape[1:]
        for target, image, matrix in zip(moved, images, self._matrices(images.shape, rng), strict=True):
            cv2.warpAffine(image, matrix, (width, height), target, borderMode=cv2.BORDER_REFLECT_101)
        return moved

    def _matrices(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
        n_samples, height, width = shape
        angle = np.deg2rad(rng.uniform(-self.rotation, self.rotation, n_samples))
        scale = 1 + rng.uniform(-self.zoom, self.zoom, n_samples)
        offset = rng.uniform(-self.shift, self.shift, (n_samples, 2)) * (width, height)
        mirror = np.where(rng.random(n_samples) < 0.5, -1.0, 1.0) if self.flip else np.ones(n_samples)
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        linear = np.stack([np.stack([cos * mirror, -sin], -1), np.stack([sin * mirror, cos], -1)], 1)
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        translation = centre - linear @ centre + offset
        return np.concatenate([linear, translation[:, :, None]], axis=2)
