"""Occlusion sensitivity: how much the probability of a label falls when a part of the face is covered."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Of the side of the image: an eye or half a mouth. Steps of half a patch cover each pixel four times.
_PATCH, _STEPS = 4, 2


def occlusion_maps(recognizer: Any, images: NDArray[np.uint8], columns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return how much the probability of one label falls when the surroundings of each pixel are covered.

    A square of a quarter of the side is filled with the mean gray of the image and moved in steps of half its side. The
    value of a pixel is the mean fall over the squares that cover it; below 0 the cover makes the label more probable.
    It works for any recognizer, since it needs probabilities only.

    Parameters
    ----------
    recognizer : classifier
        With `predict_proba` for images.
    images : ndarray of shape (n_images, height, width), uint8
    columns : ndarray of shape (n_images,), int
        Column of the label of each image.

    Returns
    -------
    ndarray of shape (n_images, height, width), float64

    References
    ----------
    Zeiler and Fergus, "Visualizing and understanding convolutional networks", ECCV 2014.
    """
    maps = np.zeros(images.shape, np.float64)
    counts = np.zeros(images.shape[1:], np.float64)
    rows = np.arange(len(images))
    before = recognizer.predict_proba(images)[rows, columns]
    fills = np.rint(images.mean(axis=(1, 2))).astype(np.uint8)
    for window in _windows(images.shape[1], images.shape[2]):
        covered = images.copy()
        covered[:, *window] = fills[:, None, None]
        fall = before - recognizer.predict_proba(covered)[rows, columns]
        maps[:, *window] += fall[:, None, None]
        counts[window] += 1
    return maps / counts


def _windows(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Squares over the whole image; those at the border are cut, so that each pixel is covered as often."""
    side = max(2, round(min(height, width) / _PATCH))
    step = max(1, side // _STEPS)
    for top in range(step - side, height, step):
        for left in range(step - side, width, step):
            yield slice(max(top, 0), min(top + side, height)), slice(max(left, 0), min(left + side, width))
