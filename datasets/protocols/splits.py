"""Assign rows to splits: the official ones of a source, or seeded stratified ones."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import SPLITS
from ferbench.datasets.protocols.duplicates import image_groups
from ferbench.datasets.protocols.people import shared_people, split_people

# Held-out shares: of a source without splits, and of Training if the third split is missing (the official share).
FRACTIONS = {"PublicTest": 0.15, "PrivateTest": 0.15}
HELD_OUT = {"PublicTest": 1 / 8}
_OFFICIAL = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}


def stratified_split(
    labels: NDArray[np.str_], seed: int, fractions: dict[str, float], groups: NDArray[np.intp] | None = None
) -> NDArray[np.str_]:
    """Draw stratified parts from Training; rows of one group stay together.

    This is not scikit-learn's `StratifiedShuffleSplit` or `StratifiedGroupKFold`. Those draw other rows for the same
    seed, and the published results and drawn data depend on these draws. They also do not keep copies of an image
    together while giving each part at least one row of each label.

    Returns
    -------
    ndarray of shape (n_samples,), str
        A split for each row. Each part gets at least one row of each label, if there are enough.
    """
    groups = np.arange(len(labels)) if groups is None else groups
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    part_of_group = np.full(len(first), "Training", "<U11")
    generator = np.random.default_rng(seed)
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels[first] == label))
        start = 0
        for name, fraction in fractions.items():
            stop = min(start + max(1, round(fraction * len(members))), max(start, len(members) - 1))
            part_of_group[members[start:stop]] = name
            start = stop
    return part_of_group[group_of]


def resolve_splits(
    parts: NDArray[np.str_],
    labels: NDArray[np.str_],
    images: NDArray[np.uint8],
    seed: int,
    source: str,
    *,
    people: NDArray[np.str_] | None = None,
) -> tuple[NDArray[np.str_], list[str]]:
    """Turn what a source says about its parts into the three splits; what is drawn is drawn by person where known.

    Returns
    -------
    split : ndarray of shape (n_samples,), str
        One of the three splits for each row.
    notes : list of str
        Decisions made here because the source leaves them open.
    """
    split = np.array([_OFFICIAL.get(part, part) for part in parts.tolist()], "<U11")
    present = set(split.tolist())
    if present == {"PrivateTest"} and "PrivateTest" in parts:
        raise ValueError(f"{source}: all images are of PrivateTest, on which nothing is fitted or chosen; add Training")
    if present == set(SPLITS):
        return split, shared_people(split, people)
    if len(present) == 1 and people is not None:
        split = split_people(labels, people, seed, FRACTIONS, source)
        return split, [_drawn_by_person(split, people, seed)]
    if len(present) == 1:
        split = stratified_split(labels, seed, FRACTIONS, image_groups(images))
        return split, [
            f"The source has no split of its own: 15 % of each label were drawn for PublicTest and 15 % for "
            f"PrivateTest (seed {seed}; exact copies kept together)."
        ]
    _refuse_unclear(split, present, source)
    notes = []
    if "PublicTest" in present:
        split[split == "PublicTest"] = "PrivateTest"
        notes.append("The source's only other part, its validation part, is scored as PrivateTest.")
    rows = np.flatnonzero(split == "Training")
    if people is not None:
        split[rows] = split_people(labels[rows], people[rows], seed, HELD_OUT, source)
        return split, [*notes, _drawn_by_person(split, people, seed), *shared_people(split, people)]
    split[rows] = stratified_split(labels[rows], seed, HELD_OUT, image_groups(images[rows]))
    held = int((split == "PublicTest").sum())
    notes.append(
        f"The source has no third split: PublicTest is a stratified part of {held:,} images held out of its "
        f"{len(rows):,} training images (seed {seed}; exact copies kept together)."
    )
    return split, notes


def _drawn_by_person(split: NDArray[np.str_], people: NDArray[np.str_], seed: int) -> str:
    counts = ", ".join(
        f"{part} {len(np.unique(people[split == part])):,} people, {int((split == part).sum()):,} images"
        for part in SPLITS
    )
    return f"The missing parts were drawn by person, so that nobody is in two of them (seed {seed}): {counts}."


def _refuse_unclear(split: NDArray[np.str_], present: set[str], source: str) -> None:
    if "" in present:
        raise ValueError(
            f"{source}: {int((split == '').sum())} images lie outside its train, validation and test folders; "
            f"move them into one of these"
        )
    if "Training" not in present:
        raise ValueError(f"{source}: no training part; expected a folder train/ beside {_folders(sorted(present))}")


def _folders(splits: Sequence[str]) -> str:
    return " and ".join({"PublicTest": "validation/", "PrivateTest": "test/"}[name] for name in splits)
