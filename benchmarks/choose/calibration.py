"""Calibrate a measured recognizer on the validation split, and choose the threshold of its reject option."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.scores import check_predictions, expected_calibration_error
from ferbench.models.bundles import fit_temperature, with_temperature

COVERAGE = 0.8


def measure_calibration(
    y: ArrayLike, proba: ArrayLike, classes: Sequence[str], *, coverage: float = COVERAGE, split: str = "PublicTest"
) -> dict[str, Any]:
    """Fit a temperature and a reject threshold on a validation split.

    ``ece_after`` is not flattered by the fit: each half of the images is scored with the temperature of the other one.
    The temperature that is kept is fitted on all of them.

    Parameters
    ----------
    y : array-like of shape (n_images,), str
        Labels of the validation images.
    proba : array-like of shape (n_images, n_classes)
        Probabilities of the recognizer, without a temperature.
    classes : sequence of str
        Labels in the order of the columns.
    coverage : float, default=0.8
        Share of the validation images that get a certain answer.
    split : str, default="PublicTest"
        Name of the validation split.

    Returns
    -------
    dict
        ``temperature, split, n_images, ece_before, ece_after`` and ``reject``: ``threshold, coverage``, the accuracy of
        the certain answers (``accuracy``) and of all (``accuracy_all``). The key ``calibration`` of ``bundle.json``.

    Raises
    ------
    ValueError
        If the probabilities do not fit the labels, or the coverage is not above 0 and up to 1.

    References
    ----------
    Guo et al., "On calibration of modern neural networks", ICML 2017.
    Geifman and El-Yaniv, "Selective classification for deep neural networks", NeurIPS 2017 (risk and coverage).

    Examples
    --------
    >>> from ferbench.benchmarks.choose import measure_calibration
    >>> shy = [[0.6, 0.4], [0.4, 0.6]] * 10
    >>> found = measure_calibration(["happy", "sad"] * 10, shy, ["happy", "sad"])
    >>> found["temperature"] < 1, found["reject"]["accuracy"]
    (True, 1.0)
    """
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage must be a fraction above 0 and up to 1; got {coverage}")
    number, probabilities = check_predictions(y, proba, classes)
    temperature = fit_temperature(probabilities, number)
    right = probabilities.argmax(axis=1) == number
    sure = with_temperature(probabilities, temperature).max(axis=1)
    # Rounded down, so that the image at the threshold is certain in whatever precision it is computed again.
    threshold = np.floor(1e6 * np.sort(sure)[len(sure) - max(1, round(coverage * len(sure)))]) / 1e6
    kept = sure >= threshold
    return {
        **{"temperature": temperature, "split": split, "n_images": len(number)},
        "ece_before": expected_calibration_error(probabilities.max(axis=1), right),
        "ece_after": expected_calibration_error(_crossed(probabilities, number).max(axis=1), right),
        "reject": {
            **{"threshold": float(threshold), "coverage": float(kept.mean())},
            **{"accuracy": float(right[kept].mean()), "accuracy_all": float(right.mean())},
        },
    }


def _crossed(probabilities: NDArray[np.float64], number: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probabilities of each half of the images with the temperature of the other half."""
    if len(number) < 2:
        return probabilities
    order = np.random.default_rng(0).permutation(len(number))
    out = np.empty_like(probabilities)
    for rest, half in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        out[half] = with_temperature(probabilities[half], fit_temperature(probabilities[rest], number[rest]))
    return out
