"""Regions of a face, and how much of a map lies in each."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

# Landmarks in iBUG order.
REGIONS: Mapping[str, slice] = {
    "brows": slice(17, 27),
    "eyes": slice(36, 48),
    "nose": slice(27, 36),
    "mouth": slice(48, 68),
}


def shares_of(values: NDArray[np.floating], landmarks: NDArray[np.floating]) -> dict[str, float]:
    """Share of the positive part of a map in each region, by the region's share of the image: 1 is chance.

    Parameters
    ----------
    values : ndarray of shape (height, width)
    landmarks : ndarray of shape (68, 2)
        Mean places of the landmarks in pixels.

    Returns
    -------
    dict of str to float
        By region; NaN for a map that is nowhere positive.
    """
    positive = np.maximum(values, 0)
    total = positive.sum()
    inside = {name: _box(landmarks[points], values.shape) for name, points in REGIONS.items()}
    return {name: float(positive[box].sum() / total / box.mean()) if total else np.nan for name, box in inside.items()}


def _box(points: NDArray[np.floating], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Box around some landmarks, a tenth of the image wider than they are."""
    side = min(shape)
    (left, top), (right, bottom) = points.min(axis=0) - side / 20, points.max(axis=0) + side / 20
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return np.asarray((columns >= left) & (columns <= right) & (rows >= top) & (rows <= bottom))
