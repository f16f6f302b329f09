"""Calibrate a measured recognizer on the validation split, and choose the threshold of its reject option."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.benchmarks.scores import check_predictions, expected_calibration_error
from ferbench.datasets import Dataset, find_leaks
from ferbench.models.bundles import LoadedBundle, fit_temperature, with_temperature

COVERAGE = 0.8
VALIDATION = "PublicTest"


def measure_calibration(
    y: ArrayLike,
    proba: ArrayLike,
    classes: Sequence[str],
    *,
    coverage: float = COVERAGE,
    split: str = VALIDATION,
    copies: ArrayLike | None = None,
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
    copies : array-like of shape (n_images,), bool, optional
        Whether the image is also in Training. These images are left out: the recognizer is too sure of them.

    Returns
    -------
    dict
        ``temperature, split, n_images, ece_before, ece_after`` and ``reject``: ``threshold, coverage``, the accuracy of
        the certain answers (``accuracy``) and of all (``accuracy_all``). With `copies` also ``n_copies``, the number of
        images left out. The key ``calibration`` of ``bundle.json``.

    Raises
    ------
    ValueError
        If the probabilities do not fit the labels, no image is left, or the coverage is not above 0 and up to 1.

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
    check_coverage(coverage)
    number, probabilities = check_predictions(y, proba, classes)
    left_out: dict[str, Any] = {}
    if copies is not None:
        kept = ~np.asarray(copies, np.bool_)
        number, probabilities, left_out = number[kept], probabilities[kept], {"n_copies": int((~kept).sum())}
    temperature = fit_temperature(probabilities, number)
    right = probabilities.argmax(axis=1) == number
    sure = with_temperature(probabilities, temperature).max(axis=1)
    # Rounded down, so that the image at the threshold is certain in whatever precision it is computed again.
    threshold = np.floor(1e6 * np.sort(sure)[len(sure) - max(1, round(coverage * len(sure)))]) / 1e6
    kept = sure >= threshold
    return {
        **{"temperature": temperature, "split": split, "n_images": len(number), **left_out},
        "ece_before": expected_calibration_error(probabilities.max(axis=1), right),
        "ece_after": expected_calibration_error(_crossed(probabilities, number).max(axis=1), right),
        "reject": {
            **{"threshold": float(threshold), "coverage": float(kept.mean())},
            **{"accuracy": float(right[kept].mean()), "accuracy_all": float(right.mean())},
        },
    }


def check_coverage(coverage: float) -> None:
    """Raise ValueError if a coverage is not above 0 and up to 1; call it before a long fit."""
    if not 0 < coverage <= 1:
        raise ValueError(f"coverage must be a fraction above 0 and up to 1; got {coverage}")


def calibrate_on(
    bundle: LoadedBundle, dataset: Dataset, *, coverage: float = COVERAGE, copies: ArrayLike | None = None
) -> dict[str, Any]:
    """Fit a temperature and a reject threshold of a bundle on the validation split of a data set.

    Parameters
    ----------
    bundle : LoadedBundle
        Any recognizer; a calibration that it has is not used.
    dataset : Dataset
        PublicTest is the validation split. Its copies of training images are left out. PrivateTest is not predicted.
    coverage : float, default=0.8
        Share of the validation images that get a certain answer.
    copies : array-like of shape (n_images,), bool, optional
        Whether each image of PublicTest is also in Training, where that is known; by default it is searched for.

    Returns
    -------
    dict
        As :func:`measure_calibration` returns it, with the ``dataset`` and its ``fingerprint``.

    Raises
    ------
    ValueError
        If the data have a label that the bundle does not know, or images of another size.
    """
    if unknown := sorted(set(dataset.label_names) - set(map(str, bundle.classes_))):
        raise ValueError(
            f"{dataset.name} has the label {unknown[0]!r}, and {bundle.path} knows {', '.join(bundle.classes_)}; give "
            "the data that the bundle was trained on"
        )
    images, labels = dataset.part(VALIDATION)
    found = measure_calibration(
        labels,
        bundle.without_calibration().predict_proba(images),
        [str(label) for label in bundle.classes_],
        coverage=coverage,
        copies=find_leaks(dataset)[dataset.rows(VALIDATION)] if copies is None else copies,
    )
    return {**found, "dataset": dataset.name, "fingerprint": dataset.fingerprint}


def _crossed(probabilities: NDArray[np.float64], number: NDArray[np.intp]) -> NDArray[np.float64]:
    """Probabilities of each half of the images with the temperature of the other half."""
    if len(number) < 2:
        return probabilities
    order = np.random.default_rng(0).permutation(len(number))
    out = np.empty_like(probabilities)
    for rest, half in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        out[half] = with_temperature(probabilities[half], fit_temperature(probabilities[rest], number[rest]))
    return out
