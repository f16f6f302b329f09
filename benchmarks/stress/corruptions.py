"""Corrupt face images: twelve kinds, five severities, the same result for the same image in every run."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.stress import covers, optics
from ferbench.features import LandmarkExtractor, check_images

Image = NDArray[np.uint8]
Points = NDArray[np.float32]
#: The severities, from barely visible to hard, where a person can still recognize the expression.
SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Corruption:
    """One kind of corruption.

    Attributes
    ----------
    name : str
        Name in tables and options, such as ``motion-blur``.
    title : str
        Name in plots and texts.
    levels : tuple of five floats
        Strength at each severity.
    unit : str
        What the levels are, for the page.
    function : callable
        Takes the image (height, width), a level, a random generator and the 68 landmarks (68, 2) in pixels.
    """

    name: str
    title: str
    levels: tuple[float, float, float, float, float]
    unit: str
    function: Callable[[Image, float, np.random.Generator, Points], Image]


_ALL = (
    Corruption("gaussian-noise", "Gaussian noise", (3, 7, 12, 20, 30), "standard deviation, gray levels", optics.noise),
    Corruption("motion-blur", "Motion blur", (1.5, 3, 4.5, 6.5, 8.5), "length, px of 48", optics.motion_blur),
    Corruption("defocus-blur", "Defocus blur", (0.7, 1.0, 1.5, 2.1, 2.8), "radius, px of 48", optics.defocus_blur),
    Corruption("low-light", "Low light", (0.75, 0.5, 0.35, 0.25, 0.18), "share of the light", optics.low_light),
    Corruption(
        "over-exposure",
        "Over-exposure",
        (0.06, 0.15, 0.3, 0.5, 0.65),
        "share of the pixels at white",
        optics.over_exposure,
    ),
    Corruption("contrast", "Low contrast", (0.7, 0.5, 0.35, 0.25, 0.18), "share of the contrast", optics.contrast),
    Corruption("jpeg", "JPEG", (60, 35, 22, 14, 9), "quality of 100", optics.jpeg),
    Corruption("low-resolution", "Low resolution", (36, 28, 22, 17, 13), "px a side", optics.low_resolution),
    Corruption("rotation", "Rotation", (5, 12, 20, 30, 45), "degrees", optics.rotation),
    Corruption("eyes-covered", "Eyes covered", (0.15, 0.35, 0.55, 0.8, 1.1), "height, 1 hides the brows", covers.eyes),
    Corruption("mouth-covered", "Mouth covered", (0.2, 0.45, 0.7, 0.9, 1.1), "size, 1 hides the mouth", covers.mouth),
    Corruption("sunglasses", "Sunglasses", (0.3, 0.5, 0.7, 0.85, 1.0), "opacity", covers.sunglasses),
)
CORRUPTIONS: dict[str, Corruption] = {each.name: each for each in _ALL}


def corrupt(
    images: NDArray[np.uint8],
    name: str,
    severity: int,
    *,
    landmarks: NDArray[np.float32] | None = None,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """Corrupt a batch of gray faces.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
    name : str
        One of :data:`CORRUPTIONS`.
    severity : int
        From 1, barely visible, to 5, hard.
    landmarks : ndarray of shape (n_samples, 68, 2), optional
        Where covers lie; by default they are located with the landmark model of ferbench.
    seed : int, default=0
        What is random (noise, directions) depends on this, on the kind and on the image alone: neither on its place in
        the batch nor on the severity.

    Returns
    -------
    ndarray of shape (n_samples, height, width), uint8

    Raises
    ------
    ValueError
        If the kind or the severity is unknown, or the images are no batch of gray images.

    References
    ----------
    Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations",
    ICLR 2019 (the five severities). The kinds and levels are our own: theirs are made for color photographs of
    224 pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.benchmarks.stress import corrupt
    >>> dark = corrupt(np.full((1, 48, 48), 200, np.uint8), "contrast", 5)
    >>> dark.shape, dark.dtype.name
    ((1, 48, 48), 'uint8')
    """
    images = check_images(images)
    if name not in CORRUPTIONS:
        raise ValueError(f"unknown corruption {name!r}; expected one of {', '.join(CORRUPTIONS)}")
    if severity not in SEVERITIES:
        raise ValueError(f"severity must be a whole number from 1 to 5; got {severity!r}")
    kind = CORRUPTIONS[name]
    points = landmarks if landmarks is not None else find_points(images) if _covers(kind) else _nowhere(images)
    out = np.empty_like(images)
    for row, image in enumerate(images):
        random = np.random.default_rng([seed, zlib.crc32(name.encode()), zlib.crc32(image.tobytes())])
        out[row] = kind.function(image, kind.levels[severity - 1], random, points[row])
    return out


def find_points(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Locate the 68 landmarks of each face: (n_samples, 68, 2) in pixels."""
    return LandmarkExtractor().predict_landmarks(images)


def _covers(kind: Corruption) -> bool:
    return kind.function.__module__ == covers.__name__


def _nowhere(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.zeros((len(images), 68, 2), np.float32)
