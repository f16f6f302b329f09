"""Whether marked points stand beside what they mark: the faces' own symmetry tells, without any model."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.utils.points import MIRRORED

# A window of this share of the image about the middle of the marks, in this many samples a side, and how far the axis
# may stand from the marks, in samples.
_WINDOW, _SAMPLES, _REACH = 5 / 12, 81, 12
# How like its mirror image a face must be (correlation) to count, and how many faces are needed.
_ALIKE, _FEWEST = 0.5, 50


def mark_offset(images: NDArray[np.uint8], points: NDArray[np.float32]) -> float:
    """How far the points of a data set stand to the right of the places that they mark.

    Marks made with coordinates that count from 1, or with a tool that is off by a pixel, are all moved the same way. A
    mirror image of such a face has its marks moved to the other side, so that mirroring as an augmentation teaches a
    contradiction. The offset shows without a model: each face is turned upright about the axis of symmetry of its
    marks, and compared with its own mirror image to find the axis of its gray levels. Poses cancel in the median.
    Nothing tells the offset in height in this way.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
        Gray faces.
    points : ndarray of shape (n_samples, 15, 2), float32
        Points (x, y) in pixels, in the order of ``POINT_NAMES``; NaN where one is missing.

    Returns
    -------
    float
        Pixels to the right; 0 where the faces are too few, too unlike their mirror images, or the median is within
        three of its standard errors of 0.
    """
    distances = np.array([axis for image, marks in zip(images, points, strict=True) for axis in _axis(image, marks)])
    if len(distances) < _FEWEST:
        return 0.0
    # The standard error of a median of normal values is 1.25 that of their mean; half the distance between the
    # quartiles, over 0.6745, is their standard deviation without the outliers.
    low, middle, high = np.percentile(distances, [25, 50, 75])
    error = 1.25 * (high - low) / (2 * 0.6745) / np.sqrt(len(distances))
    return -float(middle) if abs(middle) > 3 * error else 0.0


def _axis(image: NDArray[np.uint8], marks: NDArray[np.float32]) -> list[float]:
    """Pixels from the axis of the marks to that of the image, to the right; nothing where it does not show."""
    left_right = marks - marks[list(MIRRORED)]
    middles = (marks + marks[list(MIRRORED)]) / 2
    # Points on the person's left are on the right of the image.
    pairs = left_right[:, 0] > 0
    if pairs.sum() < 2:
        return []
    across = left_right[pairs].mean(axis=0)
    across /= np.hypot(*across)
    center = np.nanmean(middles, axis=0)
    # From samples of the window to pixels of the image.
    step = _WINDOW * image.shape[1] / (_SAMPLES - 1)
    linear = step * np.array([[across[0], -across[1]], [across[1], across[0]]])
    corner = center - linear @ np.full(2, (_SAMPLES - 1) / 2)
    window = cv2.warpAffine(
        image,
        np.column_stack([linear, corner]),
        (_SAMPLES, _SAMPLES),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.float32)
    # Light from one side is no asymmetry of the face.
    window -= cv2.blur(window, (41, 41))
    scores = _mirror_scores(window)
    best = int(scores.argmax())
    if scores[best] < _ALIKE or best in (0, len(scores) - 1):
        return []
    before, peak, after = scores[best - 1 : best + 2]
    # The top of a parabola through three scores; the axis moves by half of what the mirror image does.
    top = best + (before - after) / (2 * (before - 2 * peak + after)) - _REACH
    return [float(step * top / 2)]


def _mirror_scores(window: NDArray[np.float32]) -> NDArray[np.float64]:
    """Correlation of a window's inner columns with its mirror image, moved from `_REACH` left to as far right."""
    inner = window[:, _REACH:-_REACH]
    # Mirrored, columns count from the right: an axis further right meets them earlier.
    mirrored = np.lib.stride_tricks.sliding_window_view(window[:, ::-1], inner.shape[1], axis=1)
    norms = np.sqrt((mirrored.astype(np.float64) ** 2).sum(axis=(0, 2)) * (inner.astype(np.float64) ** 2).sum())
    scores = np.einsum("ij,ikj->k", inner, mirrored, dtype=np.float64) / np.maximum(norms, 1e-9)
    return np.asarray(scores[::-1])
