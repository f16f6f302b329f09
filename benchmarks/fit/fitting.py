"""Fit a recognizer on the training images, with the validation images for model selection."""

import inspect
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import FeatureUnion, Pipeline

from ferbench import models
from ferbench.benchmarks.fit.features_cache import CachedExtractor
from ferbench.benchmarks.fit.memory import check_memory
from ferbench.datasets import Dataset, PointDataset
from ferbench.models.base import group_options
from ferbench.utils import brief_repr

# Called after each epoch with its number, from 1, and its metrics; an exception in it ends the fit.
OnEpoch = Callable[[int, Mapping[str, float]], None]
# Families whose `fit` takes the validation split, with the names of its two arguments.
_VALIDATED = {"deep": ("X_val", "y_val"), "keypoints": ("X_val", "points_val")}


@dataclass(frozen=True, repr=False)
class FitData:
    """The data for `fit`. It has no field for PrivateTest, so that no fit can get it by mistake.

    Attributes
    ----------
    X, y : ndarray of shape (n_samples, height, width) and (n_samples,) or (n_samples, n_points, 2)
        Images of Training with their labels or points.
    X_val, y_val : like X and y
        The same for the validation split, for choices such as the epoch.
    fingerprint : str
        Fingerprint of the data set.
    groups : ndarray of shape (n_samples,) or None
        Person of each image of Training, where people are known; calibrations draw their part by person then.
    """

    X: NDArray[np.uint8]
    y: NDArray[Any]
    X_val: NDArray[np.uint8]
    y_val: NDArray[Any]
    fingerprint: str
    groups: NDArray[np.str_] | None = None

    __repr__ = brief_repr

    @classmethod
    def of(cls, dataset: Dataset | PointDataset, validation: str = "PublicTest") -> "FitData":
        """Take Training and the validation split; no memory is shared with the data set.

        Images of a large read-only memory map are not copied where their rows lie one after the other.
        """
        X, y = dataset.part("Training")
        X_val, y_val = dataset.part(validation)
        return cls(X, y, X_val, y_val, dataset.fingerprint, _people(dataset))


@dataclass
class Fitted:
    """A fitted recognizer with its fit time, as :func:`fit_recognizer` returns it.

    Attributes
    ----------
    recognizer : classifier
        The complete recognizer, which takes images.
    fit_s : float
        Seconds of the fit, without the features.
    """

    recognizer: Any
    fit_s: float
    _cached: CachedExtractor | None = None

    @property
    def extract_s(self) -> float | None:
        """Seconds of the feature extraction, as measured when it ran; None without an extractor."""
        return self._cached.seconds if self._cached else None

    def predict_proba(self, split: str, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """Return the probabilities of one split and the seconds of the prediction without feature extraction.

        Returns
        -------
        ndarray of shape (n_images, n_classes), float32, and float
        """
        return self._answer("predict_proba", split, images)

    def predict(self, split: str, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """Return the points (n_images, n_points, 2) of one split and the seconds without feature extraction."""
        return self._answer("predict", split, images)

    def _answer(self, method: str, split: str, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        whole, X = self.recognizer, images
        if self._cached is not None:
            whole, X = self.recognizer[1:], self._cached.features(split, images)  # type: ignore[assignment]
        start = time.perf_counter()
        in_stream = models.can_stream(self.recognizer)
        answers = models.predict_in_stream(whole, X, method) if in_stream else getattr(whole, method)(X)
        return np.asarray(answers, dtype=np.float32), time.perf_counter() - start


def fit_recognizer(
    recognizer: Any,
    family: str,
    data: FitData,
    *,
    on_epoch: OnEpoch | None = None,
    memory_mb: float | None = None,
) -> Fitted:
    """Fit a recognizer; the features of a classical one come from the cache.

    Parameters
    ----------
    recognizer : classifier
        Unfitted recognizer. If it is a pipeline whose first step is named ``features``, that step is cached.
    family : str
        The family ``deep`` gets the validation split as ``X_val`` and ``y_val``, the family ``keypoints`` as
        ``X_val`` and ``points_val``.
    data : FitData
    on_epoch : callable, optional
        Passed to ``fit`` if it has a parameter of this name, else ignored.
    memory_mb : float, optional
        Memory that the fit may use, in MiB; the limits of the machine and of its control groups hold in any case.

    Raises
    ------
    TooLarge
        If a classical recognizer surely needs more memory; nothing has been extracted then.
    """
    if isinstance(recognizer, Pipeline) and recognizer.steps[0][0] == "features":
        return _fit_on_features(recognizer, data, memory_mb)
    options: dict[str, Any] = dict(zip(_VALIDATED.get(family, ()), (data.X_val, data.y_val), strict=False))
    if on_epoch is not None and "on_epoch" in inspect.signature(recognizer.fit).parameters:
        options["on_epoch"] = on_epoch
    start = time.perf_counter()
    recognizer.fit(data.X, data.y, **options, **group_options(recognizer, data.groups))
    seconds = time.perf_counter() - start
    # After a resume from a checkpoint the fit time is the sum of all epochs.
    history = getattr(recognizer, "history_", None) or {}
    return Fitted(recognizer, max(seconds, sum(history.get("seconds", ()))))


def seed_recognizer(recognizer: Any, seed: int) -> Any:
    """Set every ``random_state`` of a recognizer and its parts."""
    names = [name for name in recognizer.get_params() if name.split("__")[-1] == "random_state"]
    return recognizer.set_params(**dict.fromkeys(names, seed))


def _people(dataset: Dataset | PointDataset) -> NDArray[np.str_] | None:
    """Return the person of each image of Training; None where nobody is known, as at home in some cross protocols."""
    if not isinstance(dataset, Dataset) or dataset.groups is None:
        return None
    people = dataset.groups[dataset.rows("Training")]
    if not (people != "").any():
        return None
    # Rows without a name are a person each: nothing says that two of them show the same one.
    return np.array([person or f"row {place}" for place, person in enumerate(people.tolist())])


def _fit_on_features(recognizer: Pipeline, data: FitData, memory_mb: float | None) -> Fitted:
    in_stream = models.can_stream(recognizer)
    # The number of columns is known when the extractor is fitted, that of the rows of a kernel matrix now.
    if not in_stream:
        check_memory(recognizer, len(data.X), 1, memory_mb)
    if in_stream and isinstance(recognizer.steps[0][1], FeatureUnion):
        # The cache has the features of each member; joined, they are computed block by block.
        start = time.perf_counter()
        fitted = models.fit_in_stream(clone(recognizer), data.X, data.y, groups=data.groups)
        return Fitted(fitted, time.perf_counter() - start)
    cached = CachedExtractor(recognizer.steps[0][1], data.fingerprint, data.X, data.y)
    if not in_stream:
        check_memory(recognizer, len(data.X), cached.count_features("Training", data.X), memory_mb)
    features = cached.features("Training", data.X)
    rest = clone(recognizer[1:])
    start = time.perf_counter()
    if in_stream:
        models.fit_in_stream(rest, features, data.y, groups=data.groups)
    else:
        rest.fit(features, data.y, **group_options(rest, data.groups))
    seconds = time.perf_counter() - start
    return Fitted(Pipeline([("features", cached.extractor), *rest.steps]), seconds, cached)
