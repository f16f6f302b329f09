"""Cache the features of a data set: computed once per extractor, shared by all cells."""

import contextlib
import hashlib
import inspect
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import FeatureUnion
from sklearn.utils.validation import check_is_fitted

from ferbench.models.bundles import check_parts, load_archive, save_archive
from ferbench.utils import atomic_file, cache_dir, lock_file, row_blocks, sha256_of, version_of, write_atomically

# Images whose features are computed at once and written; fewer are kept in memory.
BLOCK = 8192
_LIBRARIES = ("ferbench", "numpy", "scikit-learn", "scipy", "opencv-python-headless", "dlib-bin")


class CachedExtractor:
    """A feature extractor fitted on the training images, with its features of each split in the cache.

    Parameters
    ----------
    extractor : transformer
        Unfitted extractor. The members of a ``FeatureUnion`` are cached one by one.
    fingerprint : str
        Fingerprint of the data set.
    images : ndarray of shape (n_samples, height, width), uint8
        The training images; ``fit`` gets no other split.
    labels : ndarray of shape (n_samples,), str
        Labels of the training images.

    Attributes
    ----------
    extractor : transformer
        Fitted.
    seconds : float
        Seconds of fitting and of transforming the splits requested so far, as measured when they were computed.

    Notes
    -----
    The cache key covers the fingerprint, the extractor's class, its parameters and the files they name, the files of
    its package, and the versions of the libraries it uses. Arrays are float32; they are written under another name
    and then renamed. Fitted extractors are stored with skops, as in bundles, so nothing is unpickled. A file that is
    damaged or does not match is computed again.
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
        """Return the features of one split.

        Parameters
        ----------
        split : str
            Name of the split, part of the cache key.
        images : ndarray of shape (n_samples, height, width), uint8
            All images of the split, in order.

        Returns
        -------
        ndarray of shape (n_samples, n_features), float32
            A read-only memory map, or a new array for a union.
        """
        if self._members:
            before = sum(member.seconds for member in self._members)
            parts = [member.features(split, images) for member in self._members]
            self.seconds += sum(member.seconds for member in self._members) - before
            return np.hstack(parts)
        path = self._folder / f"{split}.npy"
        with _alone(self._folder):
            seconds = _seconds(path)
            features = None if seconds is None else _open(path, len(images))
            if features is None or seconds is None:
                start = time.perf_counter()
                if len(images) > BLOCK:
                    return self._extract_to(path, images)
                features = np.asarray(self.extractor.transform(images), dtype=np.float32)
                seconds = time.perf_counter() - start
                _save(path, seconds, lambda to: _write_array(to, features))
        self.seconds += seconds
        return features

    def count_features(self, split: str, images: NDArray[np.uint8]) -> int:
        """Return the number of columns of the features of one split, without an extraction where they are kept."""
        if self._members:
            return sum(member.count_features(split, images) for member in self._members)
        path = self._folder / f"{split}.npy"
        kept = _open(path, len(images)) if path.is_file() else None
        return int((self.extractor.transform(images[:1]) if kept is None else kept).shape[1])

    def _extract_to(self, path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Extract many images block by block into a file, and return it as a memory map."""
        with atomic_file(path, durable=False) as part:
            seconds = _write_blocks(part, self.extractor, images)
            _note(path, part, seconds)
        self.seconds += seconds
        if (features := _open(path, len(images))) is None:
            raise OSError(f"{path} was changed while it was written; run again")
        return features

    def _fitted(self, extractor: Any, images: NDArray[np.uint8], labels: NDArray[np.str_]) -> Any:
        path = self._folder / "extractor.skops"
        with _alone(self._folder):
            seconds = _seconds(path)
            fitted = None if seconds is None else _read_extractor(path, extractor)
            if fitted is None or seconds is None:
                start = time.perf_counter()
                fitted = clone(extractor).fit(images, labels)
                seconds = time.perf_counter() - start
                # skops cannot write some extractors of other packages; these are fitted each time.
                with contextlib.suppress(ValueError):
                    _save(path, seconds, lambda to: save_archive(fitted, to))
        self.seconds += seconds
        return fitted


def _read_extractor(path: Path, asked: Any) -> Any:
    """Read the fitted extractor from a file; None if it is damaged or does not match the requested one."""
    try:
        fitted = load_archive(path)
        check_parts(fitted)
        same = type(fitted) is type(asked) and _plain_params(fitted) == _plain_params(asked)
        check_is_fitted(fitted)
    except Exception:
        # A damaged archive makes its reader fail in many ways; whatever the reason, the extractor is fitted anew.
        return None
    return fitted if same else None


def _plain_params(extractor: Any) -> dict[str, str]:
    """Return the parameters as text, without the number of jobs, which does not change features."""
    return {name: repr(value) for name, value in extractor.get_params().items() if not name.endswith("n_jobs")}


def _save(path: Path, seconds: float, write: Callable[[Path], None]) -> None:
    """Write a file atomically, and beside it a JSON file with its hash and the seconds that its content took."""
    with atomic_file(path, durable=False) as part:
        write(part)
        _note(path, part, seconds)


def _note(path: Path, part: Path, seconds: float) -> None:
    note = json.dumps({"seconds": seconds, "sha256": sha256_of(part)})
    write_atomically(path.with_suffix(".json"), note.encode(), durable=False)


def _write_blocks(path: Path, extractor: Any, images: NDArray[np.uint8]) -> float:
    """Write the features of many images as a NumPy file, and return the seconds of the extraction."""
    seconds = 0.0
    with path.open("wb") as handle:
        for block in row_blocks(images, BLOCK):
            start = time.perf_counter()
            rows = np.ascontiguousarray(extractor.transform(block), dtype=np.float32)
            seconds += time.perf_counter() - start
            if not handle.tell():
                header = {"descr": "<f4", "fortran_order": False, "shape": (len(images), rows.shape[1])}
                np.lib.format.write_array_header_1_0(handle, header)
            handle.write(rows.astype("<f4", copy=False).data)
    return seconds


def _write_array(path: Path, array: NDArray[np.float32]) -> None:
    with path.open("wb") as handle:
        np.save(handle, array, allow_pickle=False)


def _open(path: Path, n_samples: int) -> NDArray[np.float32] | None:
    try:
        features = np.load(path, mmap_mode="r", allow_pickle=False)
        fits = features.dtype == np.float32 and features.ndim == 2 and len(features) == n_samples
    except (OSError, ValueError, EOFError, AttributeError):
        return None
    return features if fits else None


def _seconds(path: Path) -> float | None:
    """Return the seconds that the content of a file took to compute; None if they are unknown or it has changed."""
    note = path.with_suffix(".json")
    if not (path.is_file() and note.is_file()):  # reading a named pipe would never end
        return None
    try:
        about = json.loads(note.read_text())
        seconds = float(about["seconds"])
        if about["sha256"] != sha256_of(path):
            return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return seconds if 0 <= seconds < float("inf") else None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    # If two cells need the same features at once, the second waits and then reads them.
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        lock_file(handle)
        yield


def _key(extractor: BaseEstimator, fingerprint: str) -> str:
    kind = type(extractor)
    params = extractor.get_params(deep=True)
    content = {
        "data": fingerprint,
        "class": f"{kind.__module__}.{kind.__qualname__}",
        "params": {name: repr(params[name]) for name in sorted(params) if not name.endswith("n_jobs")},
        "files": _named_files([*params.values(), *_own_files(extractor)]) | _package_files(kind),
        "libraries": {name: version_of(name) for name in _LIBRARIES},
    }
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]
    return f"{kind.__name__}-{digest}"


def _own_files(extractor: Any) -> list[Path]:
    """Return files that the extractor reads but no parameter names, such as the network of a bundle."""
    return [extractor.network_file()] if hasattr(extractor, "network_file") else []


def _named_files(values: Iterable[Any]) -> dict[str, str]:
    paths = [Path(value) for value in values if isinstance(value, str | Path) and value]
    return {str(path): sha256_of(path) for path in paths if path.is_file()}


def _package_files(kind: type) -> dict[str, str]:
    """Hash the source and model files beside the extractor's class, so that editing them recomputes features."""
    module = inspect.getmodule(kind)
    if module is None or not module.__file__:
        return {}
    file = Path(module.__file__)
    # Beside a module without a package lie unrelated modules, so only its own file counts.
    paths = sorted(file.parent.glob("*")) if module.__package__ else [file]
    return {path.name: sha256_of(path) for path in paths if path.suffix in (".py", ".dat")}
