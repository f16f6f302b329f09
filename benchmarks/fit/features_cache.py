"""Features of a data set, computed once per extractor and shared by all cells through the cache."""

import fcntl
import hashlib
import inspect
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import FeatureUnion

from ferbench.utils import atomic_file, cache_dir, sha256_of, write_atomically

_LIBRARIES = ("ferbench", "numpy", "scikit-learn", "scipy", "opencv-python-headless", "dlib-bin")


class CachedExtractor:
    """A feature extractor fitted on the training images, and its features of each part, through the cache.

    Parameters
    ----------
    extractor : transformer
        Unfitted. A ``FeatureUnion`` is taken apart: its members are cached one by one.
    fingerprint : str
        Fingerprint of the data set.
    images : ndarray of shape (n_samples, height, width), uint8
        The training images; no other part is ever handed to ``fit``.
    labels : ndarray of shape (n_samples,), str
        Their labels.

    Attributes
    ----------
    extractor : transformer
        Fitted.
    seconds : float
        Time that fitting and transforming took when they were computed, of all parts asked for so far.

    Notes
    -----
    The cache is keyed by the fingerprint, the extractor's class, its parameters and the files they name, the
    files of its package, and the versions of the libraries below it. Arrays are float32, written under another
    name and then renamed.
    """

    def __init__(self, extractor: Any, fingerprint: str, images: NDArray[np.uint8], labels: NDArray[np.str_]) -> None:
        self.seconds = 0.0
        self.extractor: Any = extractor
        self._members: list[CachedExtractor] = []
        if isinstance(extractor, FeatureUnion) and not extractor.transformer_weights:
            parts = dict(extractor.transformer_list)
            cached = {name: CachedExtractor(part, fingerprint, images, labels) for name, part in parts.items()}
            self._members = list(cached.values())
            self.seconds = sum(member.seconds for member in self._members)
            self.extractor = clone(extractor)
            self.extractor.transformer_list = [(name, member.extractor) for name, member in cached.items()]
            return
        self._folder = cache_dir() / "features" / _key(extractor, fingerprint)
        self.extractor = self._fitted(extractor, images, labels)

    def features(self, split: str, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features of one part.

        Parameters
        ----------
        split : str
            Name of the part, under which its features are cached.
        images : ndarray of shape (n_samples, height, width), uint8
            All images of that part, in order.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float32
            A read-only memory map, or for a union a new array.
        """
        if self._members:
            before = sum(member.seconds for member in self._members)
            parts = [member.features(split, images) for member in self._members]
            self.seconds += sum(member.seconds for member in self._members) - before
            return np.hstack(parts)
        path = self._folder / f"{split}.npy"
        with _alone(self._folder):
            if (features := _open(path, len(images))) is None:
                start = time.perf_counter()
                features = np.asarray(self.extractor.transform(images), dtype=np.float32)
                self._save(path, features, time.perf_counter() - start)
        self.seconds += _seconds(path)
        return features

    def _fitted(self, extractor: Any, images: NDArray[np.uint8], labels: NDArray[np.str_]) -> Any:
        path = self._folder / "extractor.joblib"
        with _alone(self._folder):
            if not path.is_file():
                start = time.perf_counter()
                fitted = clone(extractor).fit(images, labels)
                self._save(path, fitted, time.perf_counter() - start)
        self.seconds += _seconds(path)
        # Our own cache, written by this user on this machine: not a bundle, which is never unpickled.
        return joblib.load(path)

    def _save(self, path: Path, content: Any, seconds: float) -> None:
        with atomic_file(path, durable=False) as part, part.open("wb") as handle:
            if path.suffix == ".npy":
                np.save(handle, content, allow_pickle=False)
            else:
                joblib.dump(content, handle)
            write_atomically(path.with_suffix(".json"), json.dumps({"seconds": seconds}).encode(), durable=False)


def _open(path: Path, n_samples: int) -> NDArray[np.float32] | None:
    try:
        features = np.load(path, mmap_mode="r", allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError):
        return None
    return features if len(features) == n_samples else None


def _seconds(path: Path) -> float:
    return float(json.loads(path.with_suffix(".json").read_text())["seconds"])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # Two cells that need the same features at once: the second waits and then finds them.
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _key(extractor: BaseEstimator, fingerprint: str) -> str:
    kind = type(extractor)
    params = extractor.get_params(deep=True)
    content = {
        "data": fingerprint,
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "params": {name: repr(params[name]) for name in sorted(params) if not name.endswith("n_jobs")},
        "files": _named_files([*params.values(), *_own_files(extractor)]) | _package_files(kind),
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
    return f"{kind.__name__}-{digest}"


def _own_files(extractor: Any) -> list[Path]:
    """The file behind a parameter that does not name it, such as a bundle's network."""
    return [extractor.network_file()] if hasattr(extractor, "network_file") else []


def _named_files(values: Iterable[Any]) -> dict[str, str]:
    paths = [Path(value) for value in values if isinstance(value, str | Path) and value]
    return {str(path): sha256_of(path) for path in paths if path.is_file()}


def _package_files(kind: type) -> dict[str, str]:
    """Source and models beside the extractor's class: whoever edits them gets new features."""
    module = inspect.getmodule(kind)
    if module is None or not module.__file__:
        return {}
    file = Path(module.__file__)
    # A module that is no part of a package has all others of the machine beside it.
    paths = sorted(file.parent.glob("*")) if module.__package__ else [file]
    return {path.name: sha256_of(path) for path in paths if path.suffix in (".py", ".dat")}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
