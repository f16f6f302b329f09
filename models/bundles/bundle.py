"""Save and load bundles: folders with a fitted recognizer, without pickle."""

import copy
import shutil
import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ferbench.models.base import CLASS_SHARES, CPU, check_offered, parts_of, training_shares
from ferbench.models.bundles.aliases import with_recipe_names
from ferbench.models.bundles.archive import load_archive, save_archive
from ferbench.models.bundles.checks import check_parts
from ferbench.models.bundles.description import FORMAT, TASK, read_description, write_description
from ferbench.models.bundles.files import CLASSICAL, NETWORK, OUT_OF_SAMPLE, SHAPE, file_sha256
from ferbench.models.bundles.loaded import LoadedBundle
from ferbench.models.bundles.onnx_network import POINTS, OnnxRecognizer, export_onnx
from ferbench.models.bundles.out_of_sample import OutOfSample
from ferbench.models.bundles.points import MARGIN, OFFSET, LoadedPoints, OnnxPoints, ShapePoints, check_finds
from ferbench.models.bundles.travel import check_can_travel
from ferbench.models.bundles.trusted import plugins_of
from ferbench.models.foreign import Contract, ForeignNetwork
from ferbench.utils import atomic_folder

#: First supported minor version of scikit-learn, and the first unsupported one after it, as in pyproject.toml.
SCIKIT_LEARN = ((1, 6), (1, 10))


def save_bundle(
    path: str | Path,
    recognizer: Any,
    *,
    image_shape: tuple[int, int],
    info: Mapping[str, Any] | None = None,
    images: NDArray[np.uint8] | None = None,
    calibration: Mapping[str, Any] | None = None,
    labels: ArrayLike | None = None,
) -> Path:
    """Save a fitted recognizer, or a key-point regressor, as a bundle; the folder is written atomically.

    Parameters
    ----------
    path : str or Path
        Folder to create; an existing bundle is replaced.
    recognizer : classifier or regressor
        A fitted recipe.
    image_shape : tuple of int
        Height and width of the training images, in pixels.
    info : mapping, optional
        Further metadata (recipe, data set, scores) that can be written as JSON. For key points, ``margin`` and
        ``offset`` define how the square crop of the model is placed around the box of a face detector.
    images : ndarray of shape (n_samples, height, width), uint8, optional
        Training images in the order of `fit`. If the recognizer has leave-one-out probabilities for all of them (a
        `KernelRidge` whose ``loo_rows`` includes all rows), the bundle stores these for distillation.
    calibration : mapping, optional
        Temperature and reject threshold, as :func:`ferbench.benchmarks.choose.measure_calibration` returns them. The
        loaded bundle applies the temperature.
    labels : array-like of shape (n_samples,), optional
        Labels of the training images. The bundle then states the shares of its classes, which class priors need,
        unless the fit weighted the classes.

    Raises
    ------
    ValueError
        If `path` exists and is not a bundle, if `load_bundle` would refuse a field of `info`, or if the recognizer
        cannot be saved; the message names the remedy.
    """
    path = Path(path)
    check_can_travel(recognizer)
    if path.exists() and not (path / "bundle.json").exists():
        raise ValueError(f"{path} exists and is no bundle; choose another folder")
    with atomic_folder(path) as scratch:
        contract = _write_model(scratch, recognizer, image_shape)
        if images is not None:
            _write_out_of_sample(scratch, recognizer, images)
        description = {
            **({"margin": MARGIN, "offset": OFFSET} if _finds_points(recognizer) else {}),
            **(info or {}),
            **({} if calibration is None else {"calibration": dict(calibration)}),
            **_answers(recognizer, labels),
            **({"contract": contract} if contract else {}),
            **({"plugins": plugins} if (plugins := plugins_of(recognizer)) else {}),
            "format": FORMAT,
            "input": {
                "height": image_shape[0],
                "width": image_shape[1],
                "colour": "grey",
                "dtype": "uint8",
                "range": [0, 255],
                "crop_margin": contract["crop_margin"] if contract else 0.0,
            },
            "versions": _versions(scratch, foreign=contract is not None),
            "files": {file.name: file_sha256(file) for file in sorted(scratch.iterdir())},
        }
        write_description(scratch, description)
    return path


def load_bundle(path: str | Path, *, n_threads: int | None = None, provider: str = CPU) -> LoadedBundle:
    """Load a bundle after checking its description, files and model.

    A bundle of a key-point model is returned as a :class:`LoadedPoints`, whose `predict` returns points.

    Parameters
    ----------
    path : str or Path
        The bundle's folder.
    n_threads : int or None
        Threads that a network uses for one call; None uses the default of onnxruntime.
    provider : {"cpu", "cuda", "openvino", "coreml"}, default="cpu"
        Where a network is computed, if the installed onnxruntime offers it; other recognizers ignore it.

    Raises
    ------
    FileNotFoundError
        If there is no bundle at `path`.
    ValueError
        If a file is missing or changed, the format is not supported, a type in it is not trusted, its arrays are
        inconsistent, or the model does not match its description.

    Warns
    -----
    UserWarning
        If the bundle was made with another minor version of scikit-learn.
    """
    path = Path(path)
    info = check_bundle(path)
    options: dict[str, Any] = {"n_threads": n_threads, "provider": check_offered(provider)}
    try:
        if info.get("task") == TASK:
            points = LoadedPoints(_open_points(path, info, options), info, path)
            check_finds(points)
            return points
        if "contract" in info:
            contract = Contract.of(info["contract"], f"{path / 'bundle.json'}: contract")
            estimator: Any = ForeignNetwork(path / NETWORK, contract, info["labels"], **options)
        elif NETWORK in info["files"]:
            estimator = OnnxRecognizer(path / NETWORK, info["labels"], **options)
        else:
            estimator = _load_classical(path, info)
        bundle = LoadedBundle(estimator, with_recipe_names(info), path)
        probabilities = bundle.predict_proba(np.zeros((1, *bundle.image_shape), np.uint8))
    except Exception as error:
        raise ValueError(f"{path}: the bundle's model cannot be used: {error}{_versions_apart(info)}") from error
    shape = (1, len(info["labels"]))
    if probabilities.shape != shape or list(estimator.classes_) != info["labels"]:
        raise ValueError(f"{path}: the model's classes are not the labels in bundle.json")
    if not np.isfinite(probabilities).all():
        raise ValueError(f"{path}: the bundle's model cannot be used: its probabilities are not finite")
    return bundle


def _open_points(path: Path, info: dict[str, Any], options: dict[str, Any]) -> Any:
    if NETWORK in info["files"]:
        return OnnxPoints(path / NETWORK, **options)
    if SHAPE in info["files"]:
        return ShapePoints(path / SHAPE)
    return _load_classical(path, info)


def _answers(recognizer: Any, labels: ArrayLike | None) -> dict[str, Any]:
    """Return the fields of the description about the model's output: labels and their shares, or names of points."""
    if _finds_points(recognizer):
        return {"task": TASK, "points": list(recognizer.point_names)}
    shares = training_shares(recognizer, None if labels is None else np.asarray(labels).tolist())
    named = [str(label) for label in recognizer.classes_]
    return {"labels": named, **({CLASS_SHARES: shares} if shares else {})}


def _finds_points(recognizer: Any) -> bool:
    return hasattr(recognizer, "point_names")


def _write_model(folder: Path, recognizer: Any, image_shape: tuple[int, int]) -> dict[str, Any] | None:
    """Write the file of the model; return the contract of a foreign one."""
    if hasattr(recognizer, "write_model"):
        contract: dict[str, Any] | None = recognizer.write_model(folder / NETWORK)
        return contract
    if hasattr(recognizer, "model_"):
        output = POINTS if _finds_points(recognizer) else None
        export_onnx(recognizer.model_, folder / NETWORK, image_shape, output=output)
        return None
    if hasattr(recognizer, "shape_predictor_"):
        (folder / SHAPE).write_bytes(recognizer.shape_predictor_)
        return None
    recognizer = copy.deepcopy(recognizer)
    carried: dict[str, Path] = {}
    for step, parameter, source, name in _carried(recognizer):
        if carried.setdefault(name, source) != source:
            raise ValueError(f"a bundle holds one {name}; the recognizer uses {carried[name]} and {source}")
        shutil.copyfile(source, folder / name)
        setattr(step, parameter, name)
    save_archive(recognizer, folder / CLASSICAL)
    return None


def _write_out_of_sample(folder: Path, recognizer: Any, images: NDArray[np.uint8]) -> None:
    answers = OutOfSample.of(recognizer, images)
    if answers is not None:
        answers.write(folder / OUT_OF_SAMPLE)


def _carried(recognizer: Any) -> Iterator[tuple[Any, str, Path, str]]:
    """Yield the files to copy into the bundle: the step, its parameter for the file, the file, its name there."""
    for part in parts_of(recognizer):
        if hasattr(part, "carried_files"):
            for parameter, (file, name) in part.carried_files().items():
                yield part, parameter, file, name


def _load_classical(path: Path, info: dict[str, Any]) -> Any:
    _check_version(path, info)
    estimator = load_archive(path / CLASSICAL, info.get("plugins"))
    check_parts(estimator)
    beside = set(info["files"]) - {CLASSICAL, OUT_OF_SAMPLE}
    carried = list(_carried(estimator))
    if strange := beside ^ {name for *_, name in carried}:
        raise ValueError(f"bundle.json and the model do not name the same files: {', '.join(sorted(strange))}")
    for step, parameter, _, name in carried:
        setattr(step, parameter, str(path / name))
    return estimator


def _check_version(path: Path, info: dict[str, Any]) -> None:
    """Warn if the minor version of scikit-learn differs; raise ValueError if the version is not supported."""
    if "scikit-learn" not in info["versions"]:
        raise ValueError("bundle.json lacks versions.scikit-learn; copy the bundle again")
    made, here = info["versions"]["scikit-learn"], version("scikit-learn")
    if _minor(made) == _minor(here):
        return
    first, end = SCIKIT_LEARN
    if not first <= _minor(made) < end:
        raise ValueError(f'made with scikit-learn {made}, and this is {here}: pip install "scikit-learn=={made}"')
    warnings.warn(
        f"{path} was made with scikit-learn {made}, and this is {here}; if its answers look wrong: "
        f'pip install "scikit-learn=={made}"',
        UserWarning,
        stacklevel=4,
    )


def _versions_apart(info: dict[str, Any]) -> str:
    """Return the end of an error message for a failure that another version of scikit-learn may have caused."""
    made, here = info["versions"].get("scikit-learn"), version("scikit-learn")
    if CLASSICAL not in info["files"] or made is None or _minor(made) == _minor(here):
        return ""
    return f' (made with scikit-learn {made}, this is {here}; try: pip install "scikit-learn=={made}")'


def _minor(name: str) -> tuple[int, int]:
    major, _, rest = name.partition(".")
    minor = rest.partition(".")[0]
    return int(major), int(minor) if minor.isdigit() else 0


def check_bundle(path: Path) -> dict[str, Any]:
    """Check the files of a bundle against its description without loading the model; return the description.

    Raises
    ------
    FileNotFoundError
        If there is no bundle at `path`.
    ValueError
        If the description is damaged, or a file is missing or changed.
    """
    info = read_description(path)
    _check_files(path, info)
    return info


def _check_files(path: Path, info: dict[str, Any]) -> None:
    expected, present = set(info["files"]), {file.name for file in path.iterdir()} - {"bundle.json"}
    models = {NETWORK, CLASSICAL, *([SHAPE] if info.get("task") == TASK else [])}
    # The files of the extractors of a classical recognizer are checked after the recognizer is loaded.
    strange = expected - models - {OUT_OF_SAMPLE} if CLASSICAL not in expected else set()
    if len(expected & models) != 1 or strange:
        raise ValueError(f"{path}: bundle.json names the files {sorted(expected)}; expected {NETWORK} or {CLASSICAL}")
    if missing := expected - present:
        raise ValueError(f"{path}: {', '.join(sorted(missing))} is missing; copy the bundle again")
    for name, sha256 in info["files"].items():
        if not (path / name).is_file() or file_sha256(path / name) != sha256:
            raise ValueError(f"{path / name}: the SHA-256 is not the one in bundle.json; copy the bundle again")


def _versions(folder: Path, *, foreign: bool) -> dict[str, str]:
    if foreign:
        return {name: version(name) for name in ("ferbench", "numpy", "onnxruntime")}
    made_with = {NETWORK: ["keras", "onnx"], SHAPE: ["dlib-bin", "opencv-python-headless"]}
    classical = ["scikit-learn", "skops", "opencv-python-headless"]
    names = next((names for file, names in made_with.items() if (folder / file).exists()), classical)
    return {name: version(name) for name in ["ferbench", "numpy", *names]}
