"""Check labels and probabilities before they are scored."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_predictions(
    y_true: ArrayLike, proba: ArrayLike, classes: Sequence[str], *, name: str = "proba"
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return labels as class indices and probabilities as float64 rows that sum to 1; raise ValueError if invalid."""
    labels, probabilities = np.asarray(y_true), np.asarray(proba, dtype=np.float64)
    names = [str(label) for label in classes]
    if len(set(names)) != len(names) or len(names) < 2:
        raise ValueError(f"classes must be two or more different labels; got {names}")
    if labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"y_true must be a non-empty list of labels; got an array of shape {labels.shape}")
    if probabilities.shape != (len(labels), len(names)):
        raise ValueError(
            f"{name} must have one row per label and one column per class, {(len(labels), len(names))}; "
            f"got {probabilities.shape}"
        )
    _check_distributions(probabilities, name)
    return _class_numbers(labels, names), probabilities


def _class_numbers(labels: NDArray, names: list[str]) -> NDArray[np.intp]:
    number = {label: place for place, label in enumerate(names)}
    numbers = np.array([number.get(str(label), -1) for label in labels], dtype=np.intp)
    if (numbers < 0).any():
        row = int(np.argmin(numbers))
        raise ValueError(f"y_true row {row} is {str(labels[row])!r}; expected one of {', '.join(names)}")
    return numbers


def _check_distributions(probabilities: NDArray[np.float64], name: str) -> None:
    # A network in half precision rounds its softmax to about three digits, so its sums are not exact.
    near_one = np.abs(probabilities.sum(axis=1) - 1) <= 1e-3
    bad = ~((probabilities >= 0).all(axis=1) & near_one)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{name} row {row} is {probabilities[row].tolist()}; expected non-negative numbers that sum to 1"
        )
