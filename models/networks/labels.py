"""Split and encode the labels that a network is trained on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from ferbench.models.base import check_counts

Rows = NDArray[np.intp]


def split_rows(labels: NDArray[Any], classes: NDArray[Any], fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Split the rows into a training part and a stratified validation part.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        Labels of the training images.
    classes : ndarray of shape (n_classes,)
        The different labels among them.
    fraction : float
        Share of the rows to validate on.
    seed : int
        Seed of the random choice.

    Returns
    -------
    two ndarrays of int
        Rows to train on and rows to validate on.

    Raises
    ------
    ValueError
        If a class has fewer than two images.
    """
    check_counts(labels, 2, "CNN without X_val", "give validation images (X_val, y_val)")
    if fraction < 1:
        # A stratified part needs at least one row of each class.
        fraction = max(fraction, len(classes) / len(labels))
    rest, held_out = train_test_split(np.arange(len(labels)), test_size=fraction, stratify=labels, random_state=seed)
    return rest, held_out


def class_columns(labels: NDArray[Any], classes: NDArray[Any], name: str) -> Rows:
    """Encode labels as the columns of their classes; raise ValueError for a label that is not among the classes."""
    unknown = np.setdiff1d(labels, classes)
    if len(unknown):
        raise ValueError(f"{name} holds labels that are missing from the training labels: {', '.join(unknown)}")
    return np.searchsorted(classes, labels)
