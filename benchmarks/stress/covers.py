"""Cover parts of a face: a bar over the eyes, a patch over the mouth, sunglasses."""

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.float32]

# Landmarks in iBUG order: left eye, right eye, mouth.
_LEFT, _RIGHT, _MOUTH = slice(36, 42), slice(42, 48), slice(48, 68)
# Covers are drawn at this multiple of the size and reduced, so that their edges are smooth.
_FINE = 8


def eyes(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Lay a dark bar over both eyes, from a thin line to one that hides the brows as well; `level` is its height."""
    left, right = points[_LEFT].mean(axis=0), points[_RIGHT].mean(axis=0)
    half = (0.85, 0.42 * level)
    return _barred(image, points, (left + right) / 2, half, gray=float(random.uniform(20, 60)))


def mouth(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Lay a light patch over the mouth, like a hand or a mask; `level` scales it."""
    half = (0.25 + 0.4 * level, 0.4 * level)
    return _barred(image, points, points[_MOUTH].mean(axis=0), half, gray=float(random.uniform(150, 210)))


def sunglasses(image: Image, level: float, random: np.random.Generator, points: Points) -> Image:
    """Put on dark glasses; `level` is how dark they are, from 0 to 1."""
    left, right = points[_LEFT].mean(axis=0), points[_RIGHT].mean(axis=0)
    apart = float(np.hypot(*(right - left)))
    angle = float(np.degrees(np.arctan2(*(right - left)[::-1])))
    mask = np.zeros([side * _FINE for side in image.shape], np.float32)
    for center in (left, right):
        axes = tuple(round(_FINE * share * apart) for share in (0.36, 0.28))
        cv2.ellipse(mask, _place(center), axes, angle, 0, 360, 1.0, -1)
    cv2.line(mask, _place(left), _place(right), 1.0, max(1, round(_FINE * 0.07 * apart)))
    return _blended(image, mask, level, gray=15.0)


def _barred(image: Image, points: Points, center: Points, half: tuple[float, float], *, gray: float) -> Image:
    """Fill a box with a gray. It is turned as the line between the eyes; its half sides are shares of that line."""
    mask = np.zeros([side * _FINE for side in image.shape], np.float32)
    across = points[_RIGHT].mean(axis=0) - points[_LEFT].mean(axis=0)
    down = np.array([-across[1], across[0]])
    corners = [center + x * half[0] * across + y * half[1] * down for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    cv2.fillPoly(mask, [np.array([_place(corner) for corner in corners], np.int32)], 1.0)
    return _blended(image, mask, 1.0, gray=gray)


def _place(point: NDArray[np.floating]) -> tuple[int, int]:
    """Pixel of the enlarged mask; the center of the top left pixel of the image is (0, 0)."""
    x, y = (round(float((value + 0.5) * _FINE)) for value in point)
    return x, y


def _blended(image: Image, mask: NDArray[np.float32], opacity: float, *, gray: float) -> Image:
    height, width = image.shape
    share = opacity * cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(image * (1 - share) + gray * share), 0, 255).astype(np.uint8)
