"""Fitting a recognizer on what it may see: the training images, and the validation images where it may choose."""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from ferbench.benchmarks.fit.features_cache import CachedExtractor
from ferbench.datasets import Dataset, PointDataset

# Called after each epoch with its number, from 1, and its figures; what it raises ends the fit.
OnEpoch = Callable[[int, Mapping[str, float]], None]
# Families whose `fit` may look at the validation split, and what it calls images and targets.
_VALIDATED = {"deep": ("X_val", "y_val"), "keypoints": ("X_val", "points_val")}


@dataclass(frozen=True)
class FitData:
    """What `fit` may see. There is no field for PrivateTest, so no fit can be handed it by mistake.

    Attributes
    ----------
    X, y : ndarray of shape (n_samples, height, width) and (n_samples,) or (n_samples, n_points, 2)
        The images of Training and their labels or points.
    X_val, y_val : like X and y
        Those of the validation split, for choices such as the epoch.
    fingerprint : str
        Fingerprint of the data set.
    """

    X: NDArray[np.uint8]
    y: NDArray[Any]
    X_val: NDArray[np.uint8]
    y_val: NDArray[Any]
    fingerprint: str

    @classmethod
    def of(cls, dataset: Dataset | PointDataset, validation: str = "PublicTest") -> "FitData":
        """Copy Training and the validation split out, so that not even the memory behind them is shared."""
        X, y = dataset.part("Training")
        X_val, y_val = dataset.part(validation)
        return cls(X, y, X_val, y_val, dataset.fingerprint)


@dataclass
class Fitted:
    """A fitted recognizer and what its fit took.

    Attributes
    ----------
    recognizer : classifier
        Whole: takes images.
    fit_s : float
        Seconds of the fit, without the features.
    """

    recognizer: Any
    fit_s: float
    _cached: CachedExtractor | None = None

    @property
    def extract_s(self) -> float | None:
        """Seconds that extracting features took when they were computed; None without an extractor."""
        return self._cached.seconds if self._cached else None

    def predict_proba(self, split: str, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """Probabilities of one whole part and the seconds that predicting took, without the features.

        Returns
        -------
        ndarray of shape (n_images, n_classes), float32, and float
        """
        return self._answer("predict_proba", split, images)

    def predict(self, split: str, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """Points of one whole part, of shape (n_images, n_points, 2), and the seconds, without the features."""
        return self._answer("predict", split, images)

    def _answer(self, method: str, split: str, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        whole, X = self.recognizer, images
        if self._cached is not None:
            whole, X = self.recognizer[1:], self._cached.features(split, images)  # type: ignore[assignment]
        start = time.perf_counter()
        answers = getattr(whole, method)(X)
        return np.asarray(answers, dtype=np.float32), time.perf_counter() - start


def fit_recognizer(recognizer: Any, family: str, data: FitData, *, on_epoch: OnEpoch | None = None) -> Fitted:
    """Fit a recognizer, with the features of a classical one taken from the cache.

    Parameters
    ----------
    recognizer : classifier
        Unfitted. A pipeline whose first step is called ``features`` has that step cached.
    family : str
        Recognizers of the family ``deep`` get the validation split as ``X_val`` and ``y_val``, those of ``keypoints``
        as ``X_val`` and ``points_val``.
    data : FitData
    on_epoch : callable, optional
        Handed to a ``fit`` that takes an argument of that name; others do without.
    """
    if isinstance(recognizer, Pipeline) and recognizer.steps[0][0] == "features":
        return _fit_on_features(recognizer, data)
    options: dict[str, Any] = dict(zip(_VALIDATED.get(family, ()), (data.X_val, data.y_val), strict=False))
    if on_epoch is not None and "on_epoch" in inspect.signature(recognizer.fit).parameters:
        options["on_epoch"] = on_epoch
    start = time.perf_counter()
    recognizer.fit(data.X, data.y, **options)
    seconds = time.perf_counter() - start
    # A fit that went on from a checkpoint took, in all, what its epochs took.
    history = getattr(recognizer, "history_", None) or {}
    return Fitted(recognizer, max(seconds, sum(history.get("seconds", ()))))


def seed_recognizer(recognizer: Any, seed: int) -> Any:
    """Set every ``random_state`` of a recognizer and its parts."""
    names = [name for name in recognizer.get_params() if name.split("__")[-1] == "random_state"]
    return recognizer.set_params(**dict.fromkeys(names, seed))


def _fit_on_features(recognizer: Pipeline, data: FitData) -> Fitted:
    cached = CachedExtractor(recognizer.steps[0][1], data.fingerprint, data.X, data.y)
    features = cached.features("Training", data.X)
    rest = clone(recognizer[1:])
    start = time.perf_counter()
    rest.fit(features, data.y)
    seconds = time.perf_counter() - start
    return Fitted(Pipeline([("features", cached.extractor), *rest.steps]), seconds, cached)
