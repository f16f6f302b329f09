"""Encode pictures as PNG, and label the pictures of a sheet."""

import base64
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.utils import write_atomically


def write_png(picture: NDArray[np.uint8], path: Path) -> None:
    """Write a picture atomically as PNG."""
    write_atomically(path, _png(picture))


def picture_url(picture: NDArray[np.uint8]) -> str:
    """Return a picture as a URL that holds its PNG."""
    return f"data:image/png;base64,{base64.b64encode(_png(picture)).decode()}"


def label_sheet(sheet: NDArray[np.uint8], text: str, x: int, y: int, size: float = 0.45) -> None:
    """Write a black text on a sheet, gray or in color, with its base line at the pixel (x, y)."""
    cv2.putText(sheet, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, cv2.LINE_AA)


def _png(picture: NDArray[np.uint8]) -> bytes:
    good, content = cv2.imencode(".png", np.ascontiguousarray(picture))
    if not good:
        raise OSError(f"OpenCV cannot write a PNG of shape {picture.shape}")
    return bytes(content)
