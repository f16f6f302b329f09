"""Validate, equalize and resize batches of gray images."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Images = NDArray[np.uint8]

EXPECTED = "a uint8 array of shape (n_samples, height, width) with gray levels from 0 to 255"


def check_images(X: ArrayLike) -> Images:
    """Check that `X` is a batch of gray images, and return it as an array.

    Parameters
    ----------
    X : array-like of shape (n_samples, height, width), uint8
        Gray images; a memory map is not loaded into memory.

    Returns
    -------
    ndarray of shape (n_samples, height, width), uint8
        The same memory, not copied.

    Raises
    ------
    ValueError
        If the dtype or the number of dimensions of `X` is wrong, or if `X` is empty.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import check_images
    >>> check_images(np.zeros((2, 48, 48), np.uint8)).shape
    (2, 48, 48)
    >>> check_images(np.zeros((48, 48), np.uint8))
    Traceback (most recent call last):
    ...
    ValueError: X must be a uint8 array of shape (n_samples, height, width) with gray levels from 0 to 255; \
got uint8 of shape (48, 48); pass one image as X[np.newaxis]
    """
    images = _as_array(X)
    got = f"X must be {EXPECTED}; got {images.dtype} of shape {images.shape}"
    if images.dtype != np.uint8:
        raise ValueError(f"{got}; {_remedy_for_type(images)}")
    if images.ndim == 2:
        raise ValueError(f"{got}; pass one image as X[np.newaxis]")
    if images.ndim == 4:
        raise ValueError(f"{got}; turn color images gray with cv2.cvtColor")
    if images.ndim != 3:
        raise ValueError(f"{got}; pass a batch of images")
    if images.size == 0:
        raise ValueError(f"{got}; pass at least one image of at least one pixel")
    return images


def equalize_histograms(images: Images) -> Images:
    """Equalize the histogram of each image with :func:`cv2.equalizeHist`."""
    return np.stack([cv2.equalizeHist(np.ascontiguousarray(image)) for image in images])


def _as_array(X: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(X)
    except ValueError:
        raise ValueError(
            f"X must be {EXPECTED}; got images of different sizes; resize them to one size first"
        ) from None


def _remedy_for_type(images: NDArray[Any]) -> str:
    if images.dtype.kind == "f" and images.size and np.isnan(images).any():
        row = int(np.argwhere(np.isnan(images))[0][0])
        return f"row {row} holds NaN: drop or repair it, then convert with X.round().astype(np.uint8)"
    if images.dtype.kind == "f":
        return "convert with (X * 255).round().astype(np.uint8) if its values lie between 0 and 1"
    if images.dtype.kind in "iub":
        return "convert with X.astype(np.uint8) if its values lie between 0 and 255"
    return "pass numbers"


def resize_faces(images: Images, shape: tuple[int, int]) -> Images:
    """Resize gray images of shape (n_samples, height, width) to (height, width); images of that size are not copied."""
    if images.shape[1:] == shape:
        return images
    return np.stack([resize_face(image, shape) for image in images])


def resize_face(image: Images, shape: tuple[int, int]) -> Images:
    """Resize a gray image to (height, width), as the readers of data sets do.

    Pixels are averaged to reduce the image, and interpolated to enlarge it.
    """
    if image.shape == shape:
        return image
    shrinks = image.shape[0] > shape[0] or image.shape[1] > shape[1]
    resized = cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)
