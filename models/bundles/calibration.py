"""Temperature and reject threshold of a bundle. Live mode imports this module, so it avoids heavy imports."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Bounds of a temperature: outside of them the probabilities would be all equal, or ones and zeros.
COOLEST, HOTTEST = 0.05, 20.0
_STEPS = 60
MAX_TEXT = 1000


def with_temperature(proba: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """Divide the log-probabilities by a temperature: above 1 the answers get less sure; their order stays.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
    temperature : float
        From 0.05 to 20.

    Returns
    -------
    ndarray of shape (n_samples, n_classes), float64

    References
    ----------
    Guo et al., "On calibration of modern neural networks", ICML 2017.

    Examples
    --------
    >>> from ferbench.models.bundles import with_temperature
    >>> with_temperature([[0.8, 0.2]], 2.0).round(3).tolist()
    [[0.667, 0.333]]
    """
    logarithms = np.log(np.maximum(np.asarray(proba, np.float64), np.finfo(np.float64).tiny)) / temperature
    raised = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)


def fit_temperature(proba: ArrayLike, number: NDArray[np.intp]) -> float:
    """Return the temperature with the lowest log loss on rows that the recognizer was not fitted on.

    The log loss is convex in the inverse temperature, so a golden-section search finds its minimum within the bounds.

    Parameters
    ----------
    proba : array-like of shape (n_samples, n_classes)
    number : ndarray of shape (n_samples,), int
        Column of the label of each row.

    Raises
    ------
    ValueError
        If there are no rows.
    """
    if not len(number):
        raise ValueError("a temperature needs images of the validation split; got none")
    logarithms = np.log(np.maximum(np.asarray(proba, np.float64), np.finfo(np.float32).eps))
    own = logarithms[np.arange(len(number)), number]

    def loss(inverse: float) -> float:
        scaled = logarithms * inverse
        top = scaled.max(axis=1)
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - own * inverse).mean())

    low, high, golden = 1 / HOTTEST, 1 / COOLEST, (5**0.5 - 1) / 2
    for _ in range(_STEPS):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    return float(np.clip(2 / (low + high), COOLEST, HOTTEST))


def apply_calibration(proba: ArrayLike, info: Mapping[str, Any]) -> Any:
    """Apply the temperature of a bundle's description to its probabilities; without one they stay as they are."""
    temperature = info.get("calibration", {}).get("temperature")
    return proba if temperature is None else with_temperature(proba, float(temperature))


def reject_threshold(info: Mapping[str, Any]) -> float | None:
    """Return the probability below which a bundle's answer is to be called uncertain, or None if it states none."""
    threshold = info.get("calibration", {}).get("reject", {}).get("threshold")
    return None if threshold is None else float(threshold)


def reject_coverage(info: Mapping[str, Any]) -> float | None:
    """Return the share of the validation images with a certain answer, or None if the bundle states none."""
    coverage = info.get("calibration", {}).get("reject", {}).get("coverage")
    return None if coverage is None else float(coverage)


def uncertain_text(info: Mapping[str, Any]) -> str | None:
    """Say below which probability an answer is uncertain, and on what share of which images; None without a threshold.

    Examples
    --------
    >>> from ferbench.models.bundles import uncertain_text
    >>> reject = {"threshold": 0.61, "coverage": 0.8, "accuracy": 0.75}
    >>> uncertain_text({"calibration": {"temperature": 1.2, "split": "PublicTest", "reject": reject}})
    'uncertain: probability below 0.61; on PublicTest 80 % of the answers are certain, and 75 % of these right'
    """
    threshold, coverage = reject_threshold(info), reject_coverage(info)
    if threshold is None:
        return None
    said = f"uncertain: probability below {threshold:.2f}"
    if coverage is None:
        return f"{said}, as the bundle states"
    split = info["calibration"].get("split", "the validation split")
    right = info["calibration"]["reject"].get("accuracy")
    rest = "" if right is None else f", and {100 * right:.0f} % of these right"
    return f"{said}; on {split} {100 * coverage:.0f} % of the answers are certain{rest}"


def check_calibration(value: Any) -> str:
    """Return what is wrong with the field ``calibration`` of a description, or an empty string."""
    if not isinstance(value, dict):
        return "calibration must be an object {…}"
    bounds = {
        "temperature": (COOLEST, HOTTEST),
        "ece_before": (0, 1),
        "ece_after": (0, 1),
        "n_images": (1, 2**53),
        "n_copies": (0, 2**53),
    }
    if problem := _out_of_bounds(value, bounds, "calibration"):
        return problem
    if "temperature" not in value:
        return "calibration lacks 'temperature'"
    for name in ("split", "dataset", "fingerprint"):
        if not isinstance(text := value.get(name, ""), str) or len(text) > MAX_TEXT:
            return f"calibration.{name} must be a string of at most {MAX_TEXT} characters; got {text!r:.80}"
    reject = value.get("reject", {})
    if not isinstance(reject, dict):
        return "calibration.reject must be an object {…}"
    limits = dict.fromkeys(("threshold", "coverage", "accuracy", "accuracy_all"), (0, 1))
    return _out_of_bounds(reject, limits, "calibration.reject")


def _out_of_bounds(value: dict[Any, Any], bounds: Mapping[str, tuple[float, float]], where: str) -> str:
    for name, (low, high) in bounds.items():
        given = value.get(name, low)
        number = isinstance(given, int | float) and not isinstance(given, bool)
        if not number or not low <= given <= high:
            return f"{where}.{name} must be a number from {low:g} to {high:g}; got {given!r:.80}"
    return ""
