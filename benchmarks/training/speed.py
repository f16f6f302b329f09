"""How fast networks train here: the input pipeline, ours in this harness, and the tutorials' way, all in one run."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.run import now
from ferbench.benchmarks.store import write_atomically
from ferbench.datasets import Dataset

BATCH = 128
# Generous augmentation: everything that any of our recipes switches on, at once.
_AUGMENTATIONS: dict[str, dict[str, float]] = {
    "ferbench-net: move, flip": {"zoom": 0.15},
    "taught: move, flip, mixup": {"zoom": 0.15, "mixup": 0.2},
    "everything: move, flip, erase, mixup or cutmix": {"zoom": 0.15, "erase": 0.5, "mixup": 0.2, "cutmix": 1.0},
}
REFERENCE = "cnn-4conv"
TUTORIAL = "cnn-4conv, ImageDataGenerator, float32"


@dataclass(frozen=True)
class Part:
    """A share of the data that a few steps are measured on.

    Attributes
    ----------
    X, y, X_val, y_val : ndarray
        Images and labels, as `fit` takes them; both parts are the same share of their wholes.
    scale : float
        What a time is multiplied with to stand for an epoch of all training images.
    """

    X: NDArray[np.uint8]
    y: NDArray[np.str_]
    X_val: NDArray[np.uint8]
    y_val: NDArray[np.str_]
    scale: float

    @classmethod
    def of(cls, dataset: Dataset, steps: int) -> "Part":
        """Take as many training images as `steps` batches hold, and the same share of PublicTest; every class is in."""
        (X, y), (X_val, y_val) = dataset.part("Training"), dataset.part("PublicTest")
        share = min(1.0, steps * BATCH / len(X))
        keep, keep_val = _spread(y, share), _spread(y_val, share)
        return cls(X[keep], y[keep], X_val[keep_val], y_val[keep_val], len(X) / len(keep))


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
    """Measure everything in one run, and leave it as ``training.json``.

    The networks take turns, in several rounds, so that whatever else the machine does falls on all of them, or is seen.

    Parameters
    ----------
    dataset : Dataset
    recipes : mapping of str to mapping
        Parameters of each network to measure, by its recipe.
    output : Path
        Folder of the file.
    compared : str
        The recipe whose time to `target` is compared with the tutorials'; one of `recipes`.
    target : float, default=0.65
    steps : int, default=48
        Steps of a short epoch; the slow four convolutions get a quarter of them.
    rounds : int, default=3
        How often each network has its turn; its time of an epoch is the median of its rounds.
    on_part : callable
        Called with the name of each part that is done.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If `compared` is not measured, a recipe is no network, or a number is out of range.
    """
    from ferbench.benchmarks.store import environment

    _check(recipes, compared, target, steps, rounds)
    load_before = os.getloadavg()[0]
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
        **{"pipeline": pipeline, "epochs": epochs, "recipe": compared, "reference": REFERENCE, "target": target},
        **{"load_before": load_before, "environment": environment(), "dataset": dataset.name, "measured": now()},
    }
    write_atomically(output / "training.json", json.dumps(measured, indent=1).encode() + b"\n")
    return output / "training.json"


def measure_pipeline(images: NDArray[np.uint8], seconds: float = 3.0) -> list[dict[str, Any]]:
    """Images a second that come out of the batches of training, on one thread and on one for each core.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
    seconds : float, default=3.0
        How long each configuration runs, once it is warm.

    Returns
    -------
    list of dict
        ``augmentation``, ``threads``, ``images_per_s``.
    """
    from ferbench.models import CNN
    from ferbench.models.networks import Batches

    labels = np.arange(len(images)) % 7
    found = []
    for name, settings in _AUGMENTATIONS.items():
        network = CNN(batch_size=BATCH, augmentation=settings)
        network.classes_ = np.arange(7).astype(str)
        batches = Batches(images, labels, network, None)
        for threads in dict.fromkeys((1, _cores())):
            rate = _rate(batches, threads, seconds)
            found.append({"augmentation": name, "threads": threads, "images_per_s": rate})
    return found


def measure_epoch(name: str, params: Mapping[str, Any], part: Part, epochs: int = 2) -> dict[str, Any]:
    """Train a recipe for a few short epochs, in this harness; with images of several sizes, a few of each.

    Parameters
    ----------
    name : str
        The recipe of a network.
    params : mapping
        Its parameters. Teachers are left out: their answers are computed once before the first epoch.
    part : Part
    epochs : int, default=2
        Short epochs; the first is for getting warm.

    Returns
    -------
    dict
        ``recipe``, ``seconds`` of each short epoch, ``n_images`` in it, ``epoch_s`` (an epoch of all images, from the
        median of all but the first, validation included; the mean over the training's epochs where their images have
        several sizes), ``how``.
    """
    from ferbench.models import make_recipe
    from ferbench.models.networks import size_in

    own = {key: value for key, value in params.items() if key != "teachers"}
    asked = make_recipe(name, **own)
    progressive = getattr(asked, "progressive_sizes", ())
    shares = Counter(size_in(progressive, epoch, asked.epochs) for epoch in range(asked.epochs))
    n_epochs = epochs * len(shares)
    short = {"epochs": n_epochs, "patience": n_epochs, "warmup_epochs": 0}
    sizes = {"progressive_sizes": list(shares)} if progressive else {}
    network = make_recipe(name, **own | short | sizes)
    network.fit(part.X, part.y, X_val=part.X_val, y_val=part.y_val)
    return _timed(
        name,
        network.history_["seconds"],
        part,
        f"in this harness, {network.implementation_}",
        [share / asked.epochs for share in shares.values()],
    )


def measure_tutorial(part: Part, epochs: int = 2) -> dict[str, Any]:
    """Train the four convolutions the way the tutorials do: Keras' ImageDataGenerator, Adam, float32.

    Returns
    -------
    dict
        As :func:`measure_epoch` returns.
    """
    import keras
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    from ferbench.models.networks import build_network

    keras.utils.set_random_seed(0)
    classes = np.unique(part.y)
    image_shape = (part.X.shape[1], part.X.shape[2])
    network = keras.Sequential(
        [
            keras.Input((*image_shape, 1)),
            keras.layers.Reshape(image_shape),
            build_network("cnn-4conv", image_shape, len(classes)),
        ]
    )
    network.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    generator = ImageDataGenerator(
        rotation_range=10, width_shift_range=0.1, height_shift_range=0.1, zoom_range=0.1, horizontal_flip=True
    )
    targets, val_targets = (np.eye(len(classes))[np.searchsorted(classes, y)] for y in (part.y, part.y_val))
    images, val_images = (X[..., None].astype(np.float32) for X in (part.X, part.X_val))
    seconds: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: seconds.append(-time.perf_counter()),
        on_epoch_end=lambda epoch, logs: seconds.append(seconds.pop() + time.perf_counter()),
    )
    network.fit(
        generator.flow(images, targets, batch_size=BATCH, seed=0),
        validation_data=(val_images, val_targets),
        epochs=epochs,
        callbacks=[clock],
        verbose=0,
    )
    how = f"Keras {keras.version()} on {keras.backend.backend()}, ImageDataGenerator, Adam, float32"
    return _timed(TUTORIAL, seconds, part, how)


def smaller(part: Part, share: float) -> Part:
    """Give a share of a part, for what is slow."""
    keep, keep_val = _spread(part.y, share), _spread(part.y_val, share)
    scale = part.scale * len(part.y) / len(keep)
    return replace(
        part, X=part.X[keep], y=part.y[keep], X_val=part.X_val[keep_val], y_val=part.y_val[keep_val], scale=scale
    )


def _check(recipes: Mapping[str, Mapping[str, Any]], compared: str, target: float, steps: int, rounds: int) -> None:
    from ferbench.models import get_recipe

    if compared not in recipes:
        raise ValueError(f"{compared} is compared but not measured; measured are {', '.join(recipes)}")
    for name in recipes:
        if get_recipe(name).family != "deep":
            raise ValueError(f"{name} is no network of this harness; its training has no epochs to measure")
    if not 0 < target < 1:
        raise ValueError(f"target must be a share between 0 and 1, such as 0.65; got {target}")
    if steps < 4:
        raise ValueError(f"steps must be at least 4; got {steps}")
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1; got {rounds}")


def _timed(name: str, seconds: list[float], part: Part, how: str, shares: Sequence[float] = (1.0,)) -> dict[str, Any]:
    """What short epochs say: as many in a row for each size of the images, each with its share of the whole epochs."""
    each = len(seconds) // len(shares)
    runs = [seconds[i * each : (i + 1) * each] for i in range(len(shares))]
    epoch_s = (
        sum(share * float(np.median(run[1:] or run)) for share, run in zip(shares, runs, strict=True)) * part.scale
    )
    return {
        **{"recipe": name, "seconds": list(map(float, seconds)), "n_images": len(part.X)},
        **{"epoch_s": epoch_s, "how": how},
    }


def _over_rounds(entries: Sequence[dict[str, Any]], n_images: float) -> dict[str, Any]:
    """Put the rounds of one network together: what each measured, and the median of their times of an epoch."""
    each = [entry["epoch_s"] for entry in entries]
    epoch_s = float(np.median(each))
    return entries[0] | {
        "seconds": [entry["seconds"] for entry in entries],
        "epoch_s_of_rounds": each,
        "epoch_s": epoch_s,
        "images_per_s": n_images / epoch_s,
    }


def _rate(batches: Any, threads: int, seconds: float) -> float:
    """Images a second of batches that are asked for in turn; each depends on its place alone, so threads may share."""

    def work(first: int, until: float) -> int:
        done, index = 0, first
        while time.perf_counter() < until:
            done += len(batches[index % len(batches)][0])
            index += threads
        return done

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads), [time.perf_counter() + seconds / 10] * threads))
        start = time.perf_counter()
        done = sum(pool.map(work, range(threads), [start + seconds] * threads))
        return done / (time.perf_counter() - start)


def _spread(labels: NDArray[Any], share: float) -> NDArray[np.intp]:
    """Rows of a share of each class, at least four of each: the same for the same labels."""
    rng = np.random.default_rng(0)
    kept = []
    for name in np.unique(labels):
        rows = np.flatnonzero(labels == name)
        kept.append(rng.permutation(rows)[: max(4, round(share * len(rows)))])
    return np.sort(np.concatenate(kept))


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
