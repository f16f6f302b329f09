"""Select the data of a search: Training, or a stratified subset of it, and PublicTest."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.fit import FitData
from ferbench.datasets import Dataset


def fit_data(dataset: Dataset, subset: int | None, seed: int) -> FitData:
    """Copy the data of a search from a data set: Training, or a stratified subset of it, and PublicTest.

    Raises
    ------
    ValueError
        If a split has no images, PublicTest has a label that Training lacks, or the subset is too large or too small.
    """
    data = FitData.of(dataset)
    for split, labels in (("Training", data.y), ("PublicTest", data.y_val)):
        if not len(labels):
            raise ValueError(f"{dataset.name}: {split} has no image; a search needs Training and PublicTest")
    if subset is not None:
        rows = stratified_subset(data.y, subset, seed)
        # The feature cache identifies data by fingerprint, so a subset needs its own.
        data = replace(
            data, X=data.X[rows], y=data.y[rows], fingerprint=f"{data.fingerprint}, {subset} images, seed {seed}"
        )
    if lost := sorted(set(data.y_val.tolist()) - set(data.y.tolist())):
        remedy = "raise --subset" if subset else "add some there or leave the class out"
        raise ValueError(
            f"{dataset.name}: PublicTest has images of {', '.join(lost)} and Training, as used, has none; {remedy}"
        )
    return data


def stratified_subset(labels: NDArray[np.str_], n_images: int, seed: int) -> NDArray[np.intp]:
    """Return the rows of a seeded, stratified subset; a larger subset contains every smaller one.

    Examples
    --------
    >>> labels = np.repeat(["happy", "sad"], [60, 30])
    >>> rows = stratified_subset(labels, 9, seed=0)
    >>> labels[rows].tolist().count("happy")
    6
    """
    if not 1 <= n_images <= len(labels):
        raise ValueError(f"--subset must be between 1 and the {len(labels)} images of Training; got {n_images}")
    order = np.random.default_rng(seed).permutation(len(labels))
    place = np.empty(len(labels))
    for name in np.unique(labels):
        members = order[labels[order] == name]
        # Sort rows by their relative rank within their class.
        place[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.sort(np.argsort(place, kind="stable")[:n_images])
