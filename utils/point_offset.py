"""Estimate a constant horizontal offset of annotated points from the symmetry of the faces, without a model."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.utils.points import MIRRORED

# Side of the window around the center of the points as a fraction of the image, its side in samples, and the largest
# distance of the symmetry axis from the points, in samples.
_WINDOW, _SAMPLES, _REACH = 5 / 12, 81, 12
# Smallest correlation between a face and its mirror image for the face to be used, and smallest number of faces.
_ALIKE, _FEWEST = 0.5, 50


def mark_offset(images: NDArray[np.uint8], points: NDArray[np.float32]) -> float:
    """Estimate the constant horizontal offset of the annotated points of a data set.

    Annotations with coordinates that start at 1, or from a tool with an error of one pixel, have a constant offset. In
    mirrored images, this offset has the opposite sign, so mirroring as an augmentation gives contradictory targets.

    The estimate needs no model. Each face is rotated so that the symmetry axis of its points is vertical. The symmetry
    axis of its gray levels is found by comparison with its mirror image. The offset is the median distance between the
    two axes; the effects of the poses cancel in the median. A vertical offset cannot be estimated in this way.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
        Gray faces.
    points : ndarray of shape (n_samples, 15, 2), float32
        Points (x, y) in pixels, in the order of ``POINT_NAMES``; NaN where one is missing.

    Returns
    -------
    float
        Offset in pixels to the right. It is 0 if there are too few faces, if the faces are not symmetric enough, or if
        the median is within three standard errors of 0.
    """
    distances = np.array([axis for image, marks in zip(images, points, strict=True) for axis in _axis(image, marks)])
    if len(distances) < _FEWEST:
        return 0.0
    # For normal values, the standard error of the median is 1.25 times that of the mean. Half the interquartile range
    # divided by 0.6745 is a robust estimate of the standard deviation.
    low, middle, high = np.percentile(distances, [25, 50, 75])
    error = 1.25 * (high - low) / (2 * 0.6745) / np.sqrt(len(distances))
    return -float(middle) if abs(middle) > 3 * error else 0.0


def _axis(image: NDArray[np.uint8], marks: NDArray[np.float32]) -> list[float]:
    """Return the distance in pixels from the axis of the points to that of the image; empty if it is not found."""
    left_right = marks - marks[list(MIRRORED)]
    middles = (marks + marks[list(MIRRORED)]) / 2
    # Points on the person's left are on the right of the image.
    pairs = left_right[:, 0] > 0
    if pairs.sum() < 2:
        return []
    across = left_right[pairs].mean(axis=0)
    across /= np.hypot(*across)
    center = np.nanmean(middles, axis=0)
    # Convert samples of the window to pixels of the image.
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
    # Remove the effect of lighting from one side, which is not an asymmetry of the face.
    window -= cv2.blur(window, (41, 41))
    scores = _mirror_scores(window)
    best = int(scores.argmax())
    if scores[best] < _ALIKE or best in (0, len(scores) - 1):
        return []
    before, peak, after = scores[best - 1 : best + 2]
    # Maximum of a parabola through three scores. The axis moves by half the shift of the mirror image.
    top = best + (before - after) / (2 * (before - 2 * peak + after)) - _REACH
    return [float(step * top / 2)]


def _mirror_scores(window: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the correlations of a window's inner columns with its mirror image, for shifts of up to `_REACH`."""
    inner = window[:, _REACH:-_REACH]
    # Columns of the mirror image count from the right, so a shift of the axis to the right reduces their index.
    mirrored = np.lib.stride_tricks.sliding_window_view(window[:, ::-1], inner.shape[1], axis=1)
    norms = np.sqrt((mirrored.astype(np.float64) ** 2).sum(axis=(0, 2)) * (inner.astype(np.float64) ** 2).sum())
    scores = np.einsum("ij,ikj->k", inner, mirrored, dtype=np.float64) / np.maximum(norms, 1e-9)
    return np.asarray(scores[::-1])
