"""Crop faces from frames in the format of the models."""

import cv2
import numpy as np

from ferbench.realtime.events import Box, Image
from ferbench.utils import resize_face


def crop_face(image: Image, box: Box, shape: tuple[int, int], margin: float = 0.0) -> Image:
    """Crop a box from an image, and convert it to gray and to the size of the training images.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3) or (height, width), uint8
        The picture.
    box : tuple of int
        x, y, width, height in pixels.
    shape : tuple of int
        Height and width of the result in pixels.
    margin : float
        Margin added on each side, as a fraction of the box.

    Returns
    -------
    ndarray of `shape`, uint8
        Gray levels; outside the image its border is repeated.
    """
    x, y, width, height = box
    left, top = round(x - margin * width), round(y - margin * height)
    right, bottom = max(left + 1, round(x + (1 + margin) * width)), max(top + 1, round(y + (1 + margin) * height))
    face = _cut(image, left, top, right, bottom)
    if face.ndim == 3:
        face = cv2.cvtColor(face, cv2.COLOR_BGR2GRAY)
    return resize_face(face, shape)


def _cut(image: Image, left: int, top: int, right: int, bottom: int) -> Image:
    height, width = image.shape[:2]
    if left >= 0 and top >= 0 and right <= width and bottom <= height:
        return image[top:bottom, left:right]
    rows = np.clip(np.arange(top, bottom), 0, height - 1)
    columns = np.clip(np.arange(left, right), 0, width - 1)
    return np.ascontiguousarray(image[rows[:, None], columns])
