"""Measure the seconds of a training epoch, of ferbench networks and of a common tutorial implementation."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ferbench import models
from ferbench.benchmarks.training.parts import BATCH, Part
from ferbench.models import networks

TUTORIAL = "cnn-4conv, ImageDataGenerator, float32"


def measure_epoch(name: str, params: Mapping[str, Any], part: Part, epochs: int = 2) -> dict[str, Any]:
    """Train a recipe for a few short epochs; with several image sizes, for a few epochs of each size.

    Parameters
    ----------
    name : str
        Name of a network recipe.
    params : mapping
        Its parameters. Teachers are left out, because their soft targets are computed once before the first epoch.
    part : Part
    epochs : int, default=2
        Number of short epochs; the first is a warm-up.

    Returns
    -------
    dict
        ``recipe``, ``seconds`` of each short epoch, ``n_images`` in it, ``epoch_s``, ``how``. ``epoch_s`` is the time
        of an epoch over all images including validation, from the median without the warm-up. With several image sizes
        it is the mean over the epochs of the training.
    """
    own = {key: value for key, value in params.items() if key != "teachers"}
    asked = models.make_recipe(name, **own)
    progressive = getattr(asked, "progressive_sizes", ())
    shares = Counter(networks.size_in(progressive, epoch, asked.epochs) for epoch in range(asked.epochs))
    n_epochs = epochs * len(shares)
    short = {"epochs": n_epochs, "patience": n_epochs, "warmup_epochs": 0}
    sizes = {"progressive_sizes": list(shares)} if progressive else {}
    network = models.make_recipe(name, **own | short | sizes)
    network.fit(part.X, part.y, X_val=part.X_val, y_val=part.y_val)
    return _timed(
        name,
        network.history_["seconds"],
        part,
        f"in this harness, {network.implementation_}",
        [share / asked.epochs for share in shares.values()],
    )


def measure_tutorial(part: Part, epochs: int = 2) -> dict[str, Any]:
    """Train the four-convolution network like common tutorials: Keras' ImageDataGenerator, Adam, float32.

    Returns
    -------
    dict
        The same keys as from :func:`measure_epoch`.
    """
    import keras
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    keras.utils.set_random_seed(0)
    classes = np.unique(part.y)
    image_shape = (part.X.shape[1], part.X.shape[2])
    network = keras.Sequential(
        [
            keras.Input((*image_shape, 1)),
            keras.layers.Reshape(image_shape),
            networks.build_network("cnn-4conv", image_shape, len(classes)),
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


def _timed(name: str, seconds: list[float], part: Part, how: str, shares: Sequence[float] = (1.0,)) -> dict[str, Any]:
    """Estimate the time of a whole epoch from short epochs of each image size, weighted by its share of the epochs."""
    each = len(seconds) // len(shares)
    runs = [seconds[i * each : (i + 1) * each] for i in range(len(shares))]
    epoch_s = (
        sum(share * float(np.median(run[1:] or run)) for share, run in zip(shares, runs, strict=True)) * part.scale
    )
    return {
        "recipe": name,
        "seconds": list(map(float, seconds)),
        "n_images": len(part.X),
        "epoch_s": epoch_s,
        "how": how,
    }
