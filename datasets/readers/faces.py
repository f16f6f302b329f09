"""Image files without labels, as a recognizer takes them."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.utils.pictures import read_gray


def read_faces(paths: Sequence[str | Path], size: int = 48) -> NDArray[np.uint8]:
    """Read image files as gray squares.

    Parameters
    ----------
    paths : sequence of str or Path
        Image files, each one cropped face of any size, gray or color.
    size : int, default=48
        Height and width to resize to, in pixels.

    Returns
    -------
    ndarray of shape (n_paths, size, size), uint8

    Raises
    ------
    FileNotFoundError
        If a file does not exist.
    ValueError
        If a file is no image, a damaged one, or too large; the message names it.
    """
    with ThreadPoolExecutor() as pool:
        images = list(pool.map(lambda path: read_gray(path, size), paths))
    return np.stack(images) if images else np.empty((0, size, size), np.uint8)
