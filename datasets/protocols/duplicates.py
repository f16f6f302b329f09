"""Find exact copies of images and the leaks they cause between splits."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import Dataset
from ferbench.utils import row_blocks


def image_groups(images: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Number the distinct images: rows with equal pixels get the same number."""
    digests = [
        hashlib.blake2b(image, digest_size=16).digest()
        for block in row_blocks(images)
        for image in np.ascontiguousarray(block)
    ]
    return np.asarray(np.unique(np.array(digests, "V16"), return_inverse=True)[1], np.intp)


def find_leaks(dataset: Dataset) -> NDArray[np.bool_]:
    """Find the rows outside Training whose exact image is also in Training.

    Parameters
    ----------
    dataset : Dataset
        Faces with their split.

    Returns
    -------
    ndarray of shape (n_samples,), bool
        True if the same image is in the training set.

    See Also
    --------
    audit : Everything that is wrong with a data set, as a page.

    Examples
    --------
    >>> from ferbench.datasets import find_leaks, make_faces
    >>> int(find_leaks(make_faces(70, random_state=0)).sum())
    0
    """
    groups = image_groups(dataset.images)
    training = dataset.split == "Training"
    return np.isin(groups, groups[training]) & ~training
