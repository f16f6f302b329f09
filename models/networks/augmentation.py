"""Augmentation of batches of face images and their targets, independent of the Keras backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Augmentation:
    """Settings of the random changes of training images: geometry, erasing, mixing, light and sharpness.

    Attributes
    ----------
    rotation : float
        Largest rotation in either direction, in degrees.
    shift : float
        Largest shift in x and in y, as a fraction of the image's side.
    zoom : float
        Largest relative change of scale.
    flip : bool
        Whether to mirror half of the images.
    erase : float
        Fraction of images in which a random rectangle, 2 to 20 % of the area, is replaced by noise (random erasing;
        Zhong et al., 2020).
    mixup : float
        Parameter of the Beta distribution of the weights with which two images and their targets are mixed (Zhang et
        al., 2018); 0 disables mixing.
    cutmix : float
        Parameter of the Beta distribution of the area that is replaced by a rectangle of another image (Yun et al.,
        2019); 0 disables it. If `mixup` and `cutmix` are both set, each batch uses one of them.
    brighten : float
        Fraction of images whose gray levels are multiplied by a factor from 1.5 to 2.
    contrast : float
        Largest relative change of the contrast, and of the mean gray level.
    coarsen : float
        Fraction of images whose resolution is reduced to between a third and all of their size, like small faces.
    """

    rotation: float = 10.0
    shift: float = 0.1
    zoom: float = 0.1
    flip: bool = True
    erase: float = 0.0
    mixup: float = 0.0
    cutmix: float = 0.0
    brighten: float = 0.0
    contrast: float = 0.0
    coarsen: float = 0.0

    @classmethod
    def of(cls, value: "Augmentation | Mapping[str, Any] | bool | None") -> "Augmentation | None":
        """Return the augmentation for a parameter: an `Augmentation`, a table of its fields, True, False or None.

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
        """Return augmented copies of `images`, an array of shape (n_samples, height, width)."""
        return self._seen(images, self._matrices(images.shape, rng), cv2.BORDER_REFLECT_101, rng)

    def with_points(
        self,
        images: NDArray[np.uint8],
        points: NDArray[np.float32],
        mirrored: Sequence[int],
        rng: np.random.Generator,
        offset: float = 0.0,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return augmented copies of images and the coordinates of their points in them.

        Parameters
        ----------
        images : ndarray of shape (n_samples, height, width), uint8
        points : ndarray of shape (n_samples, n_points, 2), float32
            Points (x, y) in pixels; NaN stays NaN.
        mirrored : sequence of int, length n_points
            For each point, the index of its counterpart in a mirror image.
        rng : numpy.random.Generator
        offset : float, default=0.0
            Constant horizontal offset of the annotations, in pixels to the right (``ferbench.features.mark_offset``).
            The copies have the same offset, also if they are mirrored.

        Returns
        -------
        images, points
            Arrays of the same shapes. A point may lie outside its image.
        """
        matrices = self._matrices(images.shape, rng)
        beside = np.array([offset, 0.0])
        moved = (points - beside) @ matrices[:, :, :2].transpose(0, 2, 1) + matrices[:, None, :, 2] + beside
        flipped = np.linalg.det(matrices[:, :, :2]) < 0
        moved[flipped] = moved[flipped][:, list(mirrored)]
        # Do not pad by reflection: it would add a second mouth if the border cuts off the mouth.
        return self._seen(images, matrices, cv2.BORDER_REPLICATE, rng), moved.astype(np.float32)

    def _seen(
        self, images: NDArray[np.uint8], matrices: NDArray[np.float64], border: int, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Transform images by their matrices, then change light and sharpness, and erase rectangles."""
        seen = np.empty_like(images)
        height, width = images.shape[1:]
        for target, image, matrix in zip(seen, images, matrices, strict=True):
            cv2.warpAffine(image, matrix, (width, height), target, borderMode=border)
        for i in self._chosen(self.coarsen, len(seen), rng):
            seen[i] = _coarse(seen[i], rng.uniform(1 / 3, 1))
        if self.contrast:
            gain, lift = 1 + rng.uniform(-self.contrast, self.contrast, (2, len(seen), 1, 1))
            mean = seen.mean(axis=(1, 2), keepdims=True)
            seen = np.clip(np.rint((seen - mean) * gain + mean * lift), 0, 255).astype(np.uint8)
        for i in self._chosen(self.brighten, len(seen), rng):
            seen[i] = cv2.convertScaleAbs(seen[i], alpha=rng.uniform(1.5, 2.0))
        for i in self._chosen(self.erase, len(seen), rng):
            rows, columns = _rectangle(height, width, rng.uniform(0.02, 0.2), rng)
            seen[i, rows, columns] = rng.integers(0, 256, seen[i, rows, columns].shape, np.uint8)
        return seen

    @staticmethod
    def _chosen(share: float, n_samples: int, rng: np.random.Generator) -> Sequence[int]:
        """Choose a random fraction of the images; a disabled change draws no numbers, so seeds stay reproducible."""
        return np.flatnonzero(rng.random(n_samples) < share).tolist() if share else ()

    def mix(
        self, images: NDArray[np.float32], targets: NDArray[np.float32], rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mix images (n_samples, height, width) and targets (n_samples, n_columns) in pairs (mixup or CutMix)."""
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
        center = np.array([(width - 1) / 2, (height - 1) / 2])
        translation = center - linear @ center + offset
        return np.concatenate([linear, translation[:, :, None]], axis=2)

    def _checked(self) -> Self:
        upper = {"rotation": 180.0, "shift": 1.0, "zoom": 0.9, "erase": 1.0, "mixup": np.inf, "cutmix": np.inf}
        upper |= {"brighten": 1.0, "contrast": 0.9, "coarsen": 1.0}
        for name, most in upper.items():
            if not 0 <= (value := getattr(self, name)) <= most:
                raise ValueError(f"augmentation.{name} must be from 0 to {most:g}; got {value!r}")
        return self


def _coarse(image: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """Reduce the resolution of an image to a fraction of its size, and enlarge it again."""
    height, width = image.shape
    small = (max(1, round(width * share)), max(1, round(height * share)))
    shrunk = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _rectangle(height: int, width: int, area: float, rng: np.random.Generator) -> tuple[slice, slice]:
    """Draw a random rectangle with a fraction of the image's area and a ratio of 1:2 to 2:1, clipped at the border."""
    ratio = np.exp(rng.uniform(np.log(0.5), np.log(2.0)))
    tall = min(height, max(1, round(height * np.sqrt(area * ratio))))
    wide = min(width, max(1, round(width * np.sqrt(area / ratio))))
    top, left = int(rng.integers(0, height - tall + 1)), int(rng.integers(0, width - wide + 1))
    return slice(top, top + tall), slice(left, left + wide)
