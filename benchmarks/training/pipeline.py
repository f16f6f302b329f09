"""Measure the images per second of the training input pipeline."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench import models
from ferbench.benchmarks.training.parts import BATCH
from ferbench.models import networks
from ferbench.utils import usable_cores

# Maximum augmentation: all steps that any recipe uses, together.
_AUGMENTATIONS: dict[str, dict[str, float]] = {
    "ferbench-net: move, flip": {"zoom": 0.15},
    "taught: move, flip, mixup": {"zoom": 0.15, "mixup": 0.2},
    "everything: move, flip, erase, mixup or cutmix": {"zoom": 0.15, "erase": 0.5, "mixup": 0.2, "cutmix": 1.0},
}


def measure_pipeline(images: NDArray[np.uint8], seconds: float = 3.0) -> list[dict[str, Any]]:
    """Measure images per second of training batches, with one thread and with one thread per core.

    Parameters
    ----------
    images : ndarray of shape (n_samples, height, width), uint8
    seconds : float, default=3.0
        Seconds of each configuration after the warm-up.

    Returns
    -------
    list of dict
        ``augmentation``, ``threads``, ``images_per_s``.
    """
    labels = np.arange(len(images)) % 7
    found = []
    for name, settings in _AUGMENTATIONS.items():
        network = models.CNN(batch_size=BATCH, augmentation=settings)
        network.classes_ = np.arange(7).astype(str)
        batches = networks.Batches(images, labels, network, None)
        for threads in dict.fromkeys((1, usable_cores())):
            rate = _rate(batches, threads, seconds)
            found.append({"augmentation": name, "threads": threads, "images_per_s": rate})
    return found


def _rate(batches: Any, threads: int, seconds: float) -> float:
    """Return images per second of consecutive batches. A batch depends only on its index, so threads can share them."""

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
