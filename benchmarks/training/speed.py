"""Measure training speed: the input pipeline, ferbench networks, and a common tutorial implementation."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ferbench import models
from ferbench.benchmarks import store
from ferbench.benchmarks.run import now
from ferbench.benchmarks.training.epochs import TUTORIAL, measure_epoch, measure_tutorial
from ferbench.benchmarks.training.parts import Part, smaller
from ferbench.benchmarks.training.pipeline import measure_pipeline
from ferbench.datasets import Dataset
from ferbench.utils import load_average, write_atomically

REFERENCE = "cnn-4conv"


def measure_training_speed(
    dataset: Dataset,
    recipes: Mapping[str, Mapping[str, Any]],
    output: Path,
    *,
    compared: str,
    target: float = 0.65,
    steps: int = 48,
    rounds: int = 3,
    on_part: Callable[[str], None] = lambda name: None,
) -> Path:
    """Measure everything in one run, and write ``training.json``.

    The networks take turns in several rounds, so that other load on the machine affects all of them.

    Parameters
    ----------
    dataset : Dataset
    recipes : mapping of str to mapping
        Parameters of each network to measure, by its recipe.
    output : Path
        Folder of the file.
    compared : str
        The recipe whose time to `target` is compared with the tutorial implementation; one of `recipes`.
    target : float, default=0.65
    steps : int, default=48
        Steps of a short epoch; the slow four-convolution network gets a quarter of them.
    rounds : int, default=3
        Number of rounds; the epoch time of a network is the median of its rounds.
    on_part : callable
        Called with the name of each finished part.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If `compared` is not measured, a recipe is not a network, or a number is out of range.
    """
    _check(recipes, compared, target, steps, rounds)
    load_before = load_average()
    part = Part.of(dataset, steps)
    slow = smaller(part, 1 / 4)
    pipeline = measure_pipeline(part.X)
    on_part("pipeline")
    turns: dict[str, Callable[[], dict[str, Any]]] = {
        name: partial(measure_epoch, name, params, slow if name.startswith(REFERENCE) else part)
        for name, params in recipes.items()
    } | {TUTORIAL: partial(measure_tutorial, slow)}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, measure in turns.items():
            found[name].append(measure())
            on_part(name)
    epochs = [_over_rounds(entries, len(part.X) * part.scale) for entries in found.values()]
    measured = {
        "pipeline": pipeline,
        "epochs": epochs,
        "recipe": compared,
        "reference": REFERENCE,
        "target": target,
        "load_before": load_before,
        "environment": store.environment(),
        "dataset": dataset.name,
        "measured": now(),
    }
    write_atomically(output / "training.json", json.dumps(measured, indent=1).encode() + b"\n")
    return output / "training.json"


def _check(recipes: Mapping[str, Mapping[str, Any]], compared: str, target: float, steps: int, rounds: int) -> None:
    if compared not in recipes:
        raise ValueError(f"{compared} is compared but not measured; measured are {', '.join(recipes)}")
    for name in recipes:
        if models.get_recipe(name).family != "deep":
            raise ValueError(f"{name} is no network of this harness; its training has no epochs to measure")
    if not 0 < target < 1:
        raise ValueError(f"target must be a share between 0 and 1, such as 0.65; got {target}")
    if steps < 4:
        raise ValueError(f"steps must be at least 4; got {steps}")
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1; got {rounds}")


def _over_rounds(entries: Sequence[dict[str, Any]], n_images: float) -> dict[str, Any]:
    """Merge the rounds of one network, with the median of their epoch times."""
    each = [entry["epoch_s"] for entry in entries]
    epoch_s = float(np.median(each))
    return entries[0] | {
        "seconds": [entry["seconds"] for entry in entries],
        "epoch_s_of_rounds": each,
        "epoch_s": epoch_s,
        "images_per_s": n_images / epoch_s,
    }
