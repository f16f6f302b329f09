"""Leave the official test part of a data set out, before anything is drawn anew."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import SPLITS, Dataset
from ferbench.datasets.protocols.duplicates import image_groups
from ferbench.datasets.protocols.people import split_people
from ferbench.datasets.protocols.splits import HELD_OUT, stratified_split

TRAINING, VALIDATION, TEST = SPLITS


def without_official_test(dataset: Dataset) -> Dataset:
    """The rows that a protocol may divide: all but an official test part, such as PrivateTest of FER2013.

    Raises
    ------
    ValueError
        If nothing else is left.
    """
    if not dataset.official_test:
        return dataset
    rows = np.flatnonzero(dataset.split != TEST)
    if not len(rows):
        raise ValueError(f"{dataset.name}: all images are in the official test part, which stays closed; add others")
    note = f"The official test part, {len(dataset) - len(rows):,} images, stays closed: the folds are drawn from the "
    note += f"other {len(rows):,}."
    return replace(dataset, **dataset.take(rows), notes=(*dataset.notes, note), fer2013=False)


def tested_on_validation(dataset: Dataset, seed: int) -> Dataset:
    """A data set whose official test part stays closed: its validation part becomes the test of a learning curve.

    A new validation part is drawn out of Training, by person where people are known. The fingerprint stays: each fold
    that is made of it gets its own.
    """
    if not dataset.official_test:
        return dataset
    kept = replace(dataset, **dataset.take(np.flatnonzero(dataset.split != TEST)))
    split = np.where(kept.split == VALIDATION, TEST, kept.split)
    rows = np.flatnonzero(split == TRAINING)
    split[rows] = _held_out(kept, rows, seed)
    note = f"The official test part stays closed: the test is {VALIDATION} ({int((split == TEST).sum()):,} images), "
    note += f"and {int((split == VALIDATION).sum()):,} images to choose on were drawn out of Training (seed {seed})."
    return replace(kept, split=split, notes=(*dataset.notes, note), fer2013=False)


def away_part(test: Dataset) -> Dataset:
    """What another data set is tested on: its validation part where it has an official test part, else all of it."""
    if not test.official_test:
        return test
    rows = test.rows(VALIDATION)
    if not len(rows):
        raise ValueError(
            f"{test.name}: cross tests on {VALIDATION} where the test part is official and stays closed, and it has no "
            f"{VALIDATION}; give a data set without parts"
        )
    return replace(test, **test.take(rows))


def _held_out(dataset: Dataset, rows: NDArray[np.intp], seed: int) -> NDArray[np.str_]:
    labels = dataset.labels[rows]
    if dataset.groups is None:
        return stratified_split(labels, seed, HELD_OUT, image_groups(dataset.images[rows]))
    return split_people(labels, dataset.groups[rows], seed, HELD_OUT, dataset.name)
