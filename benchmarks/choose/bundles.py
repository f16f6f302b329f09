"""Find a bundle by path, by recipe name, or as the winner."""

import logging
from pathlib import Path

from ferbench.benchmarks.choose.best import choose_best
from ferbench.benchmarks.store import Store
from ferbench.models import foreign_bundle, pretrained, recipe_name
from ferbench.models.foreign import foreign_kind
from ferbench.utils import finished_files, read_json

_LOGGER = logging.getLogger("ferbench")

# Latency limit of the winner for one face in live video.
REAL_TIME_MS = 30.0


def find_bundle(name: str, results: Path, *, max_latency_ms: float | None = None) -> Path:
    """Return the folder of a bundle by path, by recipe name, or as the winner.

    Parameters
    ----------
    name : str
        One of: the folder of a bundle; a recipe such as ``hog+svm``, for its newest bundle under `results`; a shipped
        bundle such as ``ferbench-net-xs``; a model in a file, ``onnx:PATH``, with its contract beside it;
        ``winner``, for the best recognizer measured on real faces, or the default shipped bundle if there is none. A
        recognizer trained on drawn faces can be the winner only if `results` is the folder of that data set.
    results : Path
        A results folder, or one of its data sets.
    max_latency_ms : float, optional
        Limit on the p90 latency of the winner for one image, in milliseconds.

    Raises
    ------
    FileNotFoundError
        If no bundle has this name; the message lists the known names.
    """
    if (Path(name) / "bundle.json").is_file():
        return Path(name)
    if foreign_kind(name):
        return foreign_bundle(name)
    if name == "winner":
        return _winner(results, max_latency_ms)
    found = _bundles(results)
    matching = [path for recipe, _, path in sorted(found, key=lambda entry: entry[1]) if recipe == recipe_name(name)]
    if not matching and name in pretrained():
        return pretrained()[name]
    if not matching:
        known = ", ".join(sorted({*(recipe for recipe, _, _ in found), *pretrained()}))
        raise FileNotFoundError(f"{name!r} is no bundle, and {results} has none of that name (known: {known})")
    return matching[-1]


def _winner(results: Path, max_latency_ms: float | None) -> Path:
    """Find the bundle of the best recognizer. Only data sets with bundles on this machine count."""
    folders = sorted(
        {file.parents[2] for file in [*results.glob("bundles/*/*.json"), *results.glob("*/bundles/*/*.json")]}
    )
    if not (results / "bundles").is_dir():
        # A recognizer trained on drawn faces must not be used on a camera by default.
        folders = [folder for folder in folders if not _is_drawn(folder)]
    if not folders:
        return next(iter(pretrained().values()))
    if len(folders) > 1:
        known = ", ".join(map(str, folders))
        raise ValueError(f"{results} holds bundles of several data sets; choose one with --results: {known}")
    choice = choose_best(folders[0], max_latency_ms=max_latency_ms)
    if choice.bundle is None or not choice.bundle_exists:
        raise FileNotFoundError(
            f"the winner of {folders[0]}, {choice.label}, has no bundle there: run the suite to make it"
        )
    return Path(choice.bundle)


def _is_drawn(folder: Path) -> bool:
    """Return whether the bundles of a data set were trained on drawn faces."""
    for file in folder.glob("bundles/*/bundle.json"):
        info = read_json(file)
        dataset = info.get("dataset") if isinstance(info, dict) else None
        if isinstance(dataset, dict) and dataset.get("drawn", False):
            return True
    return False


def _bundles(results: Path) -> list[tuple[str, str, Path]]:
    """Return recipe, end time and folder of each bundle."""
    found = []
    for file in [*finished_files(results, "records/*.json"), *finished_files(results, "*/records/*.json")]:
        try:
            record = Store(file.parents[1]).record(file.stem)
        except ValueError as error:
            _LOGGER.warning("%s", error)  # One damaged record must not hide the bundles of the others.
            continue
        if record["status"] == "ok" and record.get("bundle"):
            folder = file.parents[1] / record["bundle"]
            if (folder / "bundle.json").is_file():
                found.append((recipe_name(record["recipe"]["name"]), record.get("finished") or "", folder))
    return found
