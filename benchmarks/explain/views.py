"""Draw the features of classical recognizers: cells of HOG, landmarks."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.features import HOGExtractor, LandmarkExtractor
from ferbench.models import LoadedBundle
from ferbench.models.base import parts_of

#: Side of a drawing in pixels.
SIDE = 288


def extractor_views(bundle: LoadedBundle, image: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """Draw the image as the extractors of a classical recognizer see it.

    Parameters
    ----------
    bundle : LoadedBundle
    image : ndarray of shape (height, width), uint8

    Returns
    -------
    dict of str to ndarray of shape (288, 288, 3), uint8
        Drawings in BGR order by title; empty if no extractor has a view.
    """
    return dict(_views(bundle, image))


def _views(bundle: LoadedBundle, image: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for part in parts_of(bundle.estimator):
        if isinstance(part, HOGExtractor):
            yield f"HOG, cells of {part.cell_size} pixels", draw_hog(image, part)
        elif isinstance(part, LandmarkExtractor):
            yield "landmarks", draw_points(image, part.predict_landmarks(image[None])[0])


def draw_hog(image: NDArray[np.uint8], extractor: Any) -> NDArray[np.uint8]:
    """Draw each cell as a star: the lines lie along the edges, as bright as their direction is strong."""
    cell, bins = extractor.cell_size, extractor.bins
    dx, dy = (cv2.Sobel(image.astype(np.float32), cv2.CV_32F, *order, ksize=1) for order in ((1, 0), (0, 1)))
    strength, angle = np.hypot(dx, dy), np.arctan2(dy, dx) % np.pi
    number = np.minimum((angle / np.pi * bins).astype(int), bins - 1)
    rows, columns = image.shape[0] // cell, image.shape[1] // cell
    scale = SIDE / max(image.shape)
    drawing = np.zeros((SIDE, SIDE), np.float32)
    for row in range(rows):
        for column in range(columns):
            box = (slice(row * cell, (row + 1) * cell), slice(column * cell, (column + 1) * cell))
            totals = np.bincount(number[box].ravel(), strength[box].ravel(), minlength=bins)
            center = scale * cell * (np.array([column, row]) + 0.5)
            for place, total in enumerate(totals):
                along = np.pi * (place + 0.5) / bins + np.pi / 2
                reach = 0.45 * scale * cell * np.array([np.cos(along), np.sin(along)])
                ends = [tuple(int(value) for value in center + side * reach) for side in (-1, 1)]
                line = np.zeros_like(drawing)
                cv2.line(line, ends[0], ends[1], float(total), 1, cv2.LINE_AA)
                drawing = np.maximum(drawing, line)
    gray = np.clip(255 * np.sqrt(drawing / max(float(drawing.max()), 1e-6)), 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)


def draw_points(image: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Draw points on the face."""
    face = np.asarray(cv2.cvtColor(enlarged(image), cv2.COLOR_GRAY2BGR), np.uint8)
    for x, y in (points + 0.5) * SIDE / max(image.shape):
        cv2.circle(face, (round(float(x)), round(float(y))), 3, (0, 94, 213), -1, cv2.LINE_AA)
    return face


def enlarged(image: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.uint8]:
    """Resize a gray image to the side of the drawings."""
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def heat_on(image: NDArray[np.uint8], values: NDArray[np.float64], limit: float, side: int = SIDE) -> NDArray[np.uint8]:
    """Color the face where the values are: orange above 0, blue below, full color at `limit`."""
    face = cv2.cvtColor(enlarged(image, side), cv2.COLOR_GRAY2BGR).astype(np.float64)
    share = cv2.resize(values / max(limit, 1e-9), (side, side), interpolation=cv2.INTER_LINEAR)[:, :, None]
    color = np.where(share > 0, np.array([0, 94, 213.0]), np.array([178, 114, 0.0]))
    opacity = 0.75 * np.clip(np.abs(share), 0, 1)
    return np.rint((1 - opacity) * face + opacity * color).astype(np.uint8)
