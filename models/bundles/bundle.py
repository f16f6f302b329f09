"""Bundles: a fitted recognizer as a folder that can travel, written and read without pickling."""

import copy
import hashlib
import json
import shutil
import warnings
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.base import parts_of
from ferbench.models.bundles.loaded import OUT_OF_SAMPLE, LoadedBundle
from ferbench.models.bundles.onnx_network import POINTS, OnnxRecognizer, export_onnx
from ferbench.models.bundles.points import MARGIN, OFFSET, TASK, LoadedPoints, OnnxPoints, ShapePoints, check_finds
from ferbench.utils import atomic_folder, parse_json
from ferbench.utils import sha256_of as file_sha256

FORMAT = 1
NETWORK, CLASSICAL, SHAPE = "model.onnx", "model.skops", "model.dat"
# What the extractors of a classical recognizer need besides.
LANDMARKS, DEEP, KEYPOINTS = "landmarks.dat", "features.onnx", "points.onnx"


def save_bundle(
    path: str | Path,
    recognizer: Any,
    *,
    image_shape: tuple[int, int],
    info: Mapping[str, Any] | None = None,
    images: NDArray[np.uint8] | None = None,
) -> Path:
    """Write a fitted recognizer, or a regressor of key points, as a bundle, whole or not at all.

    Parameters
    ----------
    path : str or Path
        Folder to make; an older bundle there is replaced.
    recognizer : classifier or regressor
        A fitted recipe.
    image_shape : tuple of int
        Height and width of the images it was fitted on, in pixels.
    info : mapping, optional
        What else a reader should know (recipe, data set, scores); must be JSON. For key points, ``margin`` and
        ``offset`` say how the square that the model sees is cut around a detector's box.
    images : ndarray of shape (n_samples, height, width), uint8, optional
        What it was fitted on, in that order. With them, a recognizer that has leave-one-out probabilities of all of
        them (a kernel ridge whose ``loo_rows`` takes in all) leaves those in the bundle, for networks that it teaches.

    Raises
    ------
    ValueError
        If `path` exists and is no bundle.
    """
    path = Path(path)
    if path.exists() and not (path / "bundle.json").exists():
        raise ValueError(f"{path} exists and is no bundle; choose another folder")
    with atomic_folder(path) as scratch:
        _write_model(scratch, recognizer, image_shape)
        if images is not None:
            _write_out_of_sample(scratch, recognizer, images)
        description = {
            **({"margin": MARGIN, "offset": OFFSET} if _finds_points(recognizer) else {}),
            **(info or {}),
            **_contract(recognizer),
            "format": FORMAT,
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
    return path


def load_bundle(path: str | Path, *, n_threads: int | None = None) -> LoadedBundle:
    """Read a bundle after checking all of it.

    A bundle of key points comes as a :class:`LoadedPoints`, whose `predict` gives points.

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
        if info.get("task") == TASK:
            points = LoadedPoints(_open_points(path, info, n_threads), info, path)
            check_finds(points)
            return points
        if NETWORK in info["files"]:
            estimator: Any = OnnxRecognizer(path / NETWORK, info["labels"], n_threads=n_threads)
        else:
            estimator = _load_classical(path, info)
        bundle = LoadedBundle(estimator, info, path)
        probabilities = bundle.predict_proba(np.zeros((1, *bundle.image_shape), np.uint8))
    except Exception as error:
        raise ValueError(f"{path}: the bundle's model cannot be used: {error}") from error
    if probabilities.shape[1] != len(info["labels"]) or list(estimator.classes_) != info["labels"]:
        raise ValueError(f"{path}: the model's classes are not the labels in bundle.json")
    return bundle


def _open_points(path: Path, info: dict[str, Any], n_threads: int | None) -> Any:
    if NETWORK in info["files"]:
        return OnnxPoints(path / NETWORK, n_threads=n_threads)
    if SHAPE in info["files"]:
        return ShapePoints(path / SHAPE)
    return _load_classical(path, info)


def _contract(recognizer: Any) -> dict[str, Any]:
    """What the model's answers are."""
    if _finds_points(recognizer):
        return {"task": TASK, "points": list(recognizer.point_names)}
    return {"labels": [str(label) for label in recognizer.classes_]}


def _finds_points(recognizer: Any) -> bool:
    return hasattr(recognizer, "point_names")


def _write_model(folder: Path, recognizer: Any, image_shape: tuple[int, int]) -> None:
    if hasattr(recognizer, "model_"):
        output = POINTS if _finds_points(recognizer) else None
        export_onnx(recognizer.model_, folder / NETWORK, image_shape, output=output)
        return
    if hasattr(recognizer, "shape_predictor_"):
        (folder / SHAPE).write_bytes(recognizer.shape_predictor_)
        return
    from skops.io import dump

    recognizer = copy.deepcopy(recognizer)
    carried: dict[str, Path] = {}
    for step, parameter, source, name in _carried(recognizer):
        if carried.setdefault(name, source) != source:
            raise ValueError(f"a bundle holds one {name}; the recognizer uses {carried[name]} and {source}")
        shutil.copyfile(source, folder / name)
        setattr(step, parameter, name)
    dump(recognizer, folder / CLASSICAL)


def _write_out_of_sample(folder: Path, recognizer: Any, images: NDArray[np.uint8]) -> None:
    from ferbench.models.bundles.out_of_sample import OutOfSample

    answers = OutOfSample.of(recognizer, images)
    if answers is not None:
        answers.write(folder / OUT_OF_SAMPLE)


def _carried(recognizer: Any) -> list[tuple[Any, str, Path, str]]:
    """Files that travel with a recognizer: the step, its parameter that names the file, the file, its name inside."""
    from ferbench.features import LandmarkExtractor
    from ferbench.models.extractors import DeepExtractor, NetworkExtractor

    found: list[tuple[Any, str, Path, str]] = []
    for part in parts_of(recognizer):
        # ferbench's own landmark model is part of the package; of networks, another version may ship another.
        if isinstance(part, LandmarkExtractor) and part.model is not None:
            found.append((part, "model", Path(part.model), LANDMARKS))
        elif isinstance(part, NetworkExtractor):
            name = DEEP if isinstance(part, DeepExtractor) else KEYPOINTS
            found.append((part, "bundle", part.network_file(), name))
    return found


def _load_classical(path: Path, info: dict[str, Any]) -> Any:
    from sklearn.exceptions import InconsistentVersionWarning
    from skops.io import load

    from ferbench.models.bundles.travel import check_trees, trusted_types

    made, here = info["versions"]["scikit-learn"], version("scikit-learn")
    if made.split(".")[:2] != here.split(".")[:2]:
        raise ValueError(f'made with scikit-learn {made}, and this is {here}: pip install "scikit-learn=={made}"')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        estimator = load(path / CLASSICAL, trusted=trusted_types())
    check_trees(estimator)
    for step, parameter, _, name in _carried(estimator):
        setattr(step, parameter, str(path / name))
    return estimator


def read_description(path: Path) -> dict[str, Any]:
    """Read a bundle's ``bundle.json`` and check it against its own hash."""
    file = path / "bundle.json"
    if not file.is_file():
        raise FileNotFoundError(f"{path} is no bundle: it has no bundle.json")
    try:
        info = parse_json(file.read_text(), "bundle.json")
        if info["format"] != FORMAT:
            raise ValueError(f"format {info['format']!r}, this version reads {FORMAT}; install a matching ferbench")
        if info["sha256"] != _digest(info):
            raise ValueError("its content does not match its own hash; copy the bundle again")
        if (task := info.get("task", "expressions")) not in ("expressions", TASK):
            raise ValueError(f"it is for the task {task!r}, which this version does not know; install a newer ferbench")
        names = "points" if task == TASK else "labels"
        labels, shape = info[names], (info["input"]["height"], info["input"]["width"])
        if len(set(labels)) != len(labels) or not all(isinstance(label, str) for label in labels):
            raise ValueError(f"{names} must be distinct strings")
        if task == TASK and not (-0.9 < float(info["margin"]) < 9 and -9 < float(info["offset"]) < 9):
            raise ValueError(f"margin {info['margin']} or offset {info['offset']} is out of range")
        if not all(isinstance(side, int) and 0 < side <= 4096 for side in shape):
            raise ValueError(f"input size {shape} is out of range")
    except (ValueError, KeyError, TypeError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{file}: {reason}") from error
    return info


def _check_files(path: Path, info: dict[str, Any]) -> None:
    expected, present = set(info["files"]), {file.name for file in path.iterdir()} - {"bundle.json"}
    models = {NETWORK, CLASSICAL, *([SHAPE] if info.get("task") == TASK else [])}
    if not expected & models or expected - models - {LANDMARKS, DEEP, KEYPOINTS, OUT_OF_SAMPLE}:
        raise ValueError(f"{path}: bundle.json names the files {sorted(expected)}; expected {NETWORK} or {CLASSICAL}")
    if missing := expected - present:
        raise ValueError(f"{path}: {', '.join(sorted(missing))} is missing; copy the bundle again")
    for name, digest in info["files"].items():
        if file_sha256(path / name) != digest:
            raise ValueError(f"{path / name}: the SHA-256 is not the one in bundle.json; copy the bundle again")


def _versions(folder: Path) -> dict[str, str]:
    made_with = {NETWORK: ["keras", "onnx"], SHAPE: ["dlib-bin", "opencv-python-headless"]}
    classical = ["scikit-learn", "skops", "opencv-python-headless"]
    names = next((names for file, names in made_with.items() if (folder / file).exists()), classical)
    return {name: version(name) for name in ["ferbench", "numpy", *names]}


def _digest(description: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in description.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
