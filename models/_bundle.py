"""Bundles: a fitted recogniser as a folder that can travel, written and read without pickling."""

import contextlib
import copy
import hashlib
import json
import shutil
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.features import check_images
from ferbench.models._onnx import OnnxRecogniser, export_onnx

FORMAT = 1
NETWORK, CLASSICAL = "model.onnx", "model.skops"
# What the extractors of a classical recogniser need besides.
LANDMARKS, DEEP = "landmarks.dat", "features.onnx"


@dataclass(frozen=True)
class LoadedBundle:
    """A recogniser that came out of a bundle.

    Attributes
    ----------
    estimator : classifier
        Fitted scikit-learn classifier over images of shape (n_samples, height, width), uint8.
    info : dict
        What ``bundle.json`` says: labels, input contract, recipe, versions, data set, scores.
    path : Path
        The bundle's folder.
    """

    estimator: Any
    info: dict[str, Any]
    path: Path

    @property
    def classes_(self) -> NDArray[np.str_]:
        """Labels in the order of the columns of `predict_proba`."""
        return np.asarray(self.info["labels"])

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of the images the recogniser takes, in pixels."""
        return self.info["input"]["height"], self.info["input"]["width"]

    def predict_proba(self, X: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Probabilities of shape (n_samples, n_classes) for images of :attr:`image_shape`."""
        X = check_images(X)
        if X.shape[1:] != self.image_shape:
            raise ValueError(f"{self.path} takes images of {self.image_shape} pixels; got {X.shape[1:]}")
        return self.estimator.predict_proba(X)

    def predict(self, X: NDArray[np.uint8]) -> NDArray[np.str_]:
        """Most probable label of each image."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def save_bundle(
    path: str | Path, recogniser: Any, *, image_shape: tuple[int, int], info: Mapping[str, Any] | None = None
) -> Path:
    """Write a fitted recogniser as a bundle, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Folder to make; an older bundle there is replaced.
    recogniser : classifier
        A fitted recipe.
    image_shape : tuple of int
        Height and width of the images it was fitted on, in pixels.
    info : mapping, optional
        What else a reader should know (recipe, data set, scores); must be JSON.

    Raises
    ------
    ValueError
        If `path` exists and is no bundle.
    """
    path = Path(path)
    if path.exists() and not (path / "bundle.json").exists():
        raise ValueError(f"{path} exists and is no bundle; choose another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        _write_model(scratch, recogniser, image_shape)
        description = {
            **(info or {}),
            "format": FORMAT,
            "labels": [str(label) for label in recogniser.classes_],
            "input": {
                "height": image_shape[0],
                "width": image_shape[1],
                "colour": "grey",
                "dtype": "uint8",
                "range": [0, 255],
                "crop_margin": 0.0,
            },
            "versions": _versions(scratch),
            "files": {file.name: file_sha256(file) for file in sorted(scratch.iterdir())},
        }
        description["sha256"] = _digest(description)
        (scratch / "bundle.json").write_text(json.dumps(description, indent=1, sort_keys=True) + "\n")
        scratch.chmod(0o755)
        _replace(scratch, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return path


def load_bundle(path: str | Path, *, n_threads: int | None = None) -> LoadedBundle:
    """Read a bundle after checking all of it.

    Parameters
    ----------
    path : str or Path
        The bundle's folder.
    n_threads : int or None
        Threads a network may use for one call; None leaves it to onnxruntime.

    Raises
    ------
    FileNotFoundError
        If there is no bundle.
    ValueError
        If a file is missing or changed, the format is another, a type inside is not one of ferbench's or
        scikit-learn's, or the model does not fit its description.
    """
    path = Path(path)
    info = read_description(path)
    _check_files(path, info)
    try:
        if NETWORK in info["files"]:
            estimator: Any = OnnxRecogniser(path / NETWORK, info["labels"], n_threads=n_threads)
        else:
            estimator = _load_classical(path, info)
        bundle = LoadedBundle(estimator, info, path)
        probabilities = bundle.predict_proba(np.zeros((1, *bundle.image_shape), np.uint8))
    except Exception as error:
        raise ValueError(f"{path}: the bundle's model cannot be used: {error}") from error
    if probabilities.shape[1] != len(info["labels"]) or list(estimator.classes_) != info["labels"]:
        raise ValueError(f"{path}: the model's classes are not the labels in bundle.json")
    return bundle


def _write_model(folder: Path, recogniser: Any, image_shape: tuple[int, int]) -> None:
    if hasattr(recogniser, "model_"):
        export_onnx(recogniser.model_, folder / NETWORK, image_shape)
        return
    from skops.io import dump

    recogniser = copy.deepcopy(recogniser)
    carried: dict[str, Path] = {}
    for step, parameter, source, name in _carried(recogniser):
        if carried.setdefault(name, source) != source:
            raise ValueError(f"a bundle holds one {name}; the recogniser uses {carried[name]} and {source}")
        shutil.copyfile(source, folder / name)
        setattr(step, parameter, name)
    dump(recogniser, folder / CLASSICAL)


def _carried(recogniser: Any) -> list[tuple[Any, str, Path, str]]:
    """Files that travel with a recogniser: the step, its parameter that names the file, the file, its name inside."""
    from ferbench.features import LandmarkExtractor
    from ferbench.models._deep_features import DeepExtractor

    found: list[tuple[Any, str, Path, str]] = []
    for part in {id(part): part for part in recogniser.get_params().values()}.values():
        # ferbench's own landmark model is part of the package; of networks, another version may ship another.
        if isinstance(part, LandmarkExtractor) and part.model is not None:
            found.append((part, "model", Path(part.model), LANDMARKS))
        elif isinstance(part, DeepExtractor):
            found.append((part, "bundle", part.network_file(), DEEP))
    return found


def _load_classical(path: Path, info: dict[str, Any]) -> Any:
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io import load

    made, here = info["versions"]["scikit-learn"], version("scikit-learn")
    if made.split(".")[:2] != here.split(".")[:2]:
        raise ValueError(f'made with scikit-learn {made}, and this is {here}: pip install "scikit-learn=={made}"')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        estimator = load(path / CLASSICAL, trusted=[*_trusted_types(), "sklearn.tree._tree.Tree"])
    _check_trees(estimator)
    for step, parameter, _, name in _carried(estimator):
        setattr(step, parameter, str(path / name))
    return estimator


def _check_trees(estimator: Any) -> None:
    """Refuse tree nodes that point outside the tree: scikit-learn follows them without looking."""
    for part in [estimator, *estimator.get_params().values()]:
        for grown in [part, *np.ravel(getattr(part, "estimators_", []))]:
            if (tree := getattr(grown, "tree_", None)) is None:
                continue
            nodes = tree.__getstate__()["nodes"]
            own, left, right = np.arange(len(nodes)), nodes["left_child"], nodes["right_child"]
            leaf = (left == -1) & (right == -1)
            inner = (own < np.minimum(left, right)) & (np.maximum(left, right) < len(nodes))
            inner &= (nodes["feature"] >= 0) & (nodes["feature"] < grown.n_features_in_)
            if not (leaf | inner).all() or tree.n_features != grown.n_features_in_ or not len(nodes):
                raise ValueError("a decision tree inside points outside itself; get the bundle from its maker")


def _trusted_types() -> list[str]:
    """Types that registered recipes consist of; skops builds no other and runs no code from the file."""
    from ferbench.features import extractors
    from ferbench.models._recipes import classifiers

    parts = [step for make in classifiers().values() for _, step in make()]
    for make in extractors().values():
        # Another package's broken extractor must not keep bundles from loading that do not use it.
        with contextlib.suppress(ImportError):
            parts.append(make())
    return sorted({f"{type(part).__module__}.{type(part).__qualname__}" for part in parts})


def read_description(path: Path) -> dict[str, Any]:
    """Read a bundle's ``bundle.json`` and check it against its own hash."""
    file = path / "bundle.json"
    if not file.is_file():
        raise FileNotFoundError(f"{path} is no bundle: it has no bundle.json")
    try:
        info = json.loads(file.read_text())
        if info["format"] != FORMAT:
            raise ValueError(f"format {info['format']!r}, this version reads {FORMAT}; install a matching ferbench")
        if info["sha256"] != _digest(info):
            raise ValueError("its content does not match its own hash; copy the bundle again")
        labels, shape = info["labels"], (info["input"]["height"], info["input"]["width"])
        if len(set(labels)) != len(labels) or not all(isinstance(label, str) for label in labels):
            raise ValueError("labels must be distinct strings")
        if not all(isinstance(side, int) and 0 < side <= 4096 for side in shape):
            raise ValueError(f"input size {shape} is out of range")
    except (ValueError, KeyError, TypeError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{file}: {reason}") from error
    return info


def _check_files(path: Path, info: dict[str, Any]) -> None:
    expected, present = set(info["files"]), {file.name for file in path.iterdir()} - {"bundle.json"}
    if not expected & {NETWORK, CLASSICAL} or expected - {NETWORK, CLASSICAL, LANDMARKS, DEEP}:
        raise ValueError(f"{path}: bundle.json names the files {sorted(expected)}; expected {NETWORK} or {CLASSICAL}")
    if missing := expected - present:
        raise ValueError(f"{path}: {', '.join(sorted(missing))} is missing; copy the bundle again")
    for name, digest in info["files"].items():
        if file_sha256(path / name) != digest:
            raise ValueError(f"{path / name}: the SHA-256 is not the one in bundle.json; copy the bundle again")


def _versions(folder: Path) -> dict[str, str]:
    names = ["ferbench", "numpy"]
    names += ["keras", "onnx"] if (folder / NETWORK).exists() else ["scikit-learn", "skops", "opencv-python-headless"]
    return {name: version(name) for name in names}


def _digest(description: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in description.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def file_sha256(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _replace(scratch: Path, path: Path) -> None:
    """Put `scratch` in the place of `path`; folders cannot be swapped in one step, so the old one steps aside first."""
    old = scratch.with_name(scratch.name + "-old")
    if path.exists():
        path.replace(old)
    scratch.replace(path)
    shutil.rmtree(old, ignore_errors=True)
