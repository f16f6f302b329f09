"""Find the bundle that a name means."""

import json
from pathlib import Path

from ferbench.benchmarks.choose.best import choose_best
from ferbench.models import pretrained, recipe_name

# What a winner may take for one face where frames wait for it.
REAL_TIME_MS = 30.0


def find_bundle(name: str, results: Path, *, max_latency_ms: float | None = None) -> Path:
    """Return the folder of a bundle by path, by recipe name, or as the winner.

    Parameters
    ----------
    name : str
        A bundle's folder; a recipe such as ``hog+svm``, whose newest bundle under `results` is taken; a shipped bundle
        such as ``ferbench-net-xs``; or ``winner``: the best recognizer that was measured here on real faces, and
        the shipped one where there is none. What drawn faces taught wins only where `results` is their own folder.
    results : Path
        A results folder, or one of its data sets.
    max_latency_ms : float, optional
        What the winner may take for one image (p90), where speed counts.

    Raises
    ------
    FileNotFoundError
        If the name means no bundle; the message lists those there are.
    """
    if (Path(name) / "bundle.json").is_file():
        return Path(name)
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
    """The best recognizer of the one data set whose bundles are on this machine; published results come without."""
    folders = sorted(
        {file.parents[2] for file in [*results.glob("bundles/*/*.json"), *results.glob("*/bundles/*/*.json")]}
    )
    if not (results / "bundles").is_dir():
        # A first run on drawn faces must not put their winner in front of a camera.
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
    """Whether a data set's bundles were trained on drawn faces."""
    descriptions = (json.loads(file.read_text()) for file in folder.glob("bundles/*/bundle.json"))
    return any(info.get("dataset", {}).get("drawn", False) for info in descriptions)


def _bundles(results: Path) -> list[tuple[str, str, Path]]:
    """Recipe, time of the end and folder of each bundle."""
    found = []
    for file in [*results.glob("records/*.json"), *results.glob("*/records/*.json")]:
        record = json.loads(file.read_text())
        if record["status"] == "ok" and record["bundle"]:
            folder = file.parents[1] / record["bundle"]
            if (folder / "bundle.json").is_file():
                found.append((recipe_name(record["recipe"]["name"]), record["finished"], folder))
    return found
