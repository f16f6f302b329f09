"""Draw splits in which no person is in two parts, and find people who are."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import SPLITS


def check_people(people: NDArray[np.str_], least: int, name: str) -> int:
    """Number of people.

    Raises
    ------
    ValueError
        If there are fewer than `least`, or a row names nobody.
    """
    if (nobody := np.flatnonzero(people == "")).size:
        raise ValueError(f"{name}: row {nobody[0]} names no person; give the person of each image, or of none")
    found = np.unique(people)
    if len(found) == 1:
        raise ValueError(
            f"{name}: the person is constant ({found[0]!r} on all {len(people):,} images); "
            "leave it out, or name who it is"
        )
    if len(found) < least:
        raise ValueError(f"{name}: expected at least {least} people to split by person; got {len(found)}")
    return len(found)


def split_people(
    labels: NDArray[np.str_], people: NDArray[np.str_], seed: int, fractions: Mapping[str, float], name: str
) -> NDArray[np.str_]:
    """Draw parts out of Training by person, each with about its fraction of every label.

    Scikit-learn's :class:`~sklearn.model_selection.StratifiedGroupKFold` makes folds of about the smallest fraction;
    each part is one of them.

    Returns
    -------
    ndarray of shape (n_samples,), str
        A split for each row.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    count = check_people(people, len(fractions) + 1, name)
    folds = min(count, round(1 / min(fractions.values())))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    split = np.full(len(labels), "Training", "<U11")
    for part, (_, rows) in zip(fractions, splitter.split(labels, labels, people), strict=False):
        split[rows] = part
    return split


def shared_people(split: NDArray[np.str_], people: NDArray[np.str_] | None) -> list[str]:
    """Say how many people are in two parts, one sentence for each pair of parts; empty if there are none.

    Rows with an empty name, of which nobody knows who it is, are left out.
    """
    if people is None:
        return []
    split, people = split[people != ""], people[people != ""]
    notes = []
    for first, second in ((SPLITS[0], SPLITS[1]), (SPLITS[0], SPLITS[2]), (SPLITS[1], SPLITS[2])):
        both = np.intersect1d(people[split == first], people[split == second])
        if len(both):
            notes.append(f"{len(both):,} people are in both {first} and {second}.")
    return notes
