"""What cameras and files do to an image: noise, blur, light, compression, size and rotation."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float32]

# Levels in pixels are given for a face of this side.
SIDE = 48
# Photons that a white pixel counts in full light; the fewer, the more shot noise.
_PHOTONS = 1500.0


def noise(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Add Gaussian noise of a standard deviation in gray levels."""
    return _gray(image + level * random.standard_normal(image.shape))


def motion_blur(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Smear the image along a line of a length in pixels, in a random direction."""
    half = level * _scale(image) / 2
    angle = random.uniform(0, np.pi)
    step = half * np.array([np.cos(angle), np.sin(angle)])
    return _filtered(image, _coverage(half, lambda x, y: _near_segment(x, y, step)))


def defocus_blur(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Spread each pixel over a disk of a radius in pixels, as a lens out of focus does."""
    radius = level * _scale(image)
    return _filtered(image, _coverage(radius, lambda x, y: np.hypot(x, y) <= max(radius, 0.5)))


def low_light(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Keep a share of the light, with the shot noise of the photons that are left."""
    photons = image / 255.0 * level * _PHOTONS
    return _gray(random.poisson(photons) / _PHOTONS * 255.0)


def over_exposure(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Multiply the light by at most ``1 + 3 * level``, and cut at most this share of the pixels at white."""
    gain = 255.0 / max(float(np.quantile(image, 1 - level)), 1.0)
    return _gray(image * np.clip(gain, 1.0, 1.0 + 3.0 * level))


def contrast(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Keep a share of the distance to the mean gray."""
    mean = float(image.mean())
    return _gray(mean + level * (image - mean))


def jpeg(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Compress as JPEG of a quality from 1 to 100, and decode again."""
    good, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(level)])
    if not good:
        raise OSError(f"OpenCV cannot write a JPEG of shape {image.shape}")
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_GRAYSCALE), np.uint8)


def low_resolution(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Reduce to a number of pixels a side, and enlarge again."""
    height, width = image.shape
    factor = level / SIDE * _scale(image)
    small = (max(2, round(width * factor / _scale(image))), max(2, round(height * factor / _scale(image))))
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def rotation(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Turn the image around its center by an angle in degrees, to a random side; the border is mirrored."""
    height, width = image.shape
    side = 1 if random.random() < 0.5 else -1
    turn = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), side * level, 1.0)
    turned = cv2.warpAffine(image, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(turned, np.uint8)


def _scale(image: Image) -> float:
    return min(image.shape) / SIDE


def _coverage(radius: float, inside: Callable[..., NDArray[np.bool_]]) -> NDArray[np.float64]:
    """Kernel that holds the share of each pixel inside a shape, sampled 9 times a side."""
    reach, fine = int(np.ceil(radius + 0.5)), 9
    ticks = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    x, y = np.meshgrid(ticks, ticks)
    share = inside(x, y).astype(np.float64)
    kernel = share.reshape(2 * reach + 1, fine, 2 * reach + 1, fine).mean(axis=(1, 3))
    return kernel / kernel.sum()


def _near_segment(x: NDArray[np.float64], y: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether points are within half a pixel of the segment from -end to end."""
    length2 = float(end @ end) or 1.0
    along = np.clip((x * end[0] + y * end[1]) / length2, -1, 1)
    return np.hypot(x - along * end[0], y - along * end[1]) <= 0.5


def _filtered(image: Image, kernel: NDArray[np.float64]) -> Image:
    return _gray(cv2.filter2D(image.astype(np.float64), -1, kernel, borderType=cv2.BORDER_REFLECT_101))


def _gray(values: NDArray[np.floating]) -> Image:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
