"""Checks of the labels that a classifier is fitted on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets


def check_classes(y: NDArray[Any]) -> NDArray[Any]:
    """Return the sorted classes of the labels.

    Raises
    ------
    ValueError
        If the labels are not class labels, or there are fewer than two classes.
    """
    check_classification_targets(y)
    classes = np.unique(y)
    if len(classes) < 2:
        raise ValueError(f"y must hold at least two classes; got 1 class: {classes.tolist()[0]!r}")
    return classes


def check_covered(y: NDArray[Any], classes: NDArray[Any]) -> None:
    """Raise ValueError if a class has no calibration rows; the message names the first such class."""
    missing = np.setdiff1d(classes, y)
    if len(missing):
        raise ValueError(
            f"class {str(missing[0])!r} has 0 of the {len(y)} training images that the probabilities are calibrated "
            "on; expected at least 1; add images of the class, or leave the class out"
        )


def check_counts(y: NDArray[Any], least: int, purpose: str, remedy: str) -> None:
    """Raise ValueError if a class has too few images; the message names the smallest, its count and the remedy.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    least : int
        Smallest allowed number of images of a class.
    purpose : str
        Start of the message: what needs the images.
    remedy : str
        End of the message: what to do instead of adding images.
    """
    classes, counts = np.unique(y, return_counts=True)
    if counts.min() < least:
        name, count = str(classes[counts.argmin()]), counts.min()
        raise ValueError(
            f"{purpose} needs at least {least} training images of each class; class {name!r} has {count}; "
            f"add images of it, or {remedy}"
        )
