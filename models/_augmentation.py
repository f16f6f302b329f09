"""Random changes of face images and their targets, in batches, the same for every network and backend."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """How far a training image may be moved, covered and mixed.

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
    erase : float
        Share of images in which a random rectangle, 2 to 20 % of the area, becomes noise (Zhong et al., 2020).
    mixup : float
        Parameter of the Beta distribution by which an image and its target are blended with another's (Zhang et al.,
        2018); 0 never blends.
    cutmix : float
        Likewise for pasting a rectangle of another image (Yun et al., 2019). With both, each batch takes one of them.
    """

    rotation: float = 10.0
    shift: float = 0.1
    zoom: float = 0.1
    flip: bool = True
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0

    @classmethod
    def of(cls, value: "Augmentation | Mapping[str, Any] | bool | None") -> "Augmentation | None":
        """Return the augmentation that a parameter means: itself, a table of its fields, or a yes or no.

        Raises
        ------
        ValueError
            If the table names an unknown field, or a value is out of range.
        """
        if value is None or value is False:
            return None
        if value is True:
            return cls()
        if isinstance(value, Mapping):
            known = [field.name for field in fields(cls)]
            if unknown := sorted(set(value) - set(known)):
                raise ValueError(f"augmentation has no {', '.join(unknown)}; known: {', '.join(known)}")
            value = cls(**value)
        return value._checked()

    def __call__(self, images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        """Return randomly moved and covered copies of `images`, an array of shape (n_samples, height, width)."""
        moved = np.empty_like(images)
        height, width = images.shape[1:]
        for target, image, matrix in zip(moved, images, self._matrices(images.shape, rng), strict=True):
            cv2.warpAffine(image, matrix, (width, height), target, borderMode=cv2.BORDER_REFLECT_101)
        for i in np.flatnonzero(rng.random(len(images)) < self.erase) if self.erase else ():
            rows, columns = _rectangle(height, width, rng.uniform(0.02, 0.2), rng)
            moved[i, rows, columns] = rng.integers(0, 256, moved[i, rows, columns].shape, np.uint8)
        return moved

    def mix(
        self, images: NDArray[np.float32], targets: NDArray[np.float32], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return images (n_samples, height, width) and targets (n_samples, n_columns) blended with one another's."""
        if not (self.mixup or self.cutmix):
            return images, targets
        other = rng.permutation(len(images))
        blend = bool(self.mixup) and (not self.cutmix or rng.random() < 0.5)
        share = float(rng.beta(self.mixup, self.mixup) if blend else rng.beta(self.cutmix, self.cutmix))
        if blend:
            mixed = share * images + (1 - share) * images[other]
        else:
            height, width = images.shape[1:]
            rows, columns = _rectangle(height, width, 1 - share, rng)
            mixed = images.copy()
            mixed[:, rows, columns] = images[other, rows, columns]
            share = 1 - (rows.stop - rows.start) * (columns.stop - columns.start) / (height * width)
        return mixed.astype(np.float32), (share * targets + (1 - share) * targets[other]).astype(np.float32)

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

    def _checked(self) -> Self:
        upper = {"rotation": 180.0, "shift": 1.0, "zoom": 0.9, "erase": 1.0, "mixup": np.inf, "cutmix": np.inf}
        for name, most in upper.items():
            if not 0 <= (value := getattr(self, name)) <= most:
                raise ValueError(f"augmentation.{name} must be from 0 to {most:g}; got {value!r}")
        return self


def _rectangle(height: int, width: int, area: float, rng: np.random.Generator) -> tuple[slice, slice]:
    """A random rectangle of a share of the image's area, with sides in the ratio 1:2 to 2:1, cut at the border."""
    ratio = np.exp(rng.uniform(np.log(0.5), np.log(2.0)))
    tall = min(height, max(1, round(height * np.sqrt(area * ratio))))
    wide = min(width, max(1, round(width * np.sqrt(area / ratio))))
    top, left = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
    return slice(top, top + tall), slice(left, left + wide)
