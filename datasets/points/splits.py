"""Split faces with key points into Training, Validation and Test that share no person."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.points.marked import MarkedRows

POINT_SPLITS = ("Training", "Validation", "Test")
# Published systems hold out a fifth for validation.
SHARE = 0.2
_HELD_OUT = 5  # one person out of this many is in Test


def split_people(rows: MarkedRows, seed: int, source: str) -> tuple[NDArray[np.str_], NDArray[np.str_], list[str]]:
    """Split rows by person.

    Returns
    -------
    split : ndarray of shape (n_rows,), str
    groups : ndarray of shape (n_rows,), str
        The person; if people are not named, the first row with the same image.
    notes : list of str
        Decisions made here because the source leaves them open.
    """
    groups = _copies_together(rows) if rows.people is None else rows.people
    test, notes = _test_rows(rows, groups, seed)
    split = np.where(test, "Test", "Training").astype("<U10")
    rest = np.flatnonzero(~test)
    held_out = rest[np.isin(groups[rest], _drawn_groups(groups[rest], seed))]
    split[held_out] = "Validation"
    for name in POINT_SPLITS:
        if not (split == name).any():
            raise ValueError(
                f"{source}: {len(split)} faces of {len(set(groups.tolist()))} people leave none for {name}; expected a "
                f"few dozen people, with images named <person>_<frame>"
            )
    people = "people" if rows.people is not None else "images, since people are not named (exact copies stay together)"
    return split, groups, [*notes, f"Validation is {SHARE:.0%} of the remaining {people}, drawn with seed {seed}."]


def _test_rows(rows: MarkedRows, groups: NDArray[np.str_], seed: int) -> tuple[NDArray[np.bool_], list[str]]:
    if rows.test is None:
        return np.isin(groups, _drawn_groups(groups, seed + 1)), [
            f"The source has no test part with points: {SHARE:.0%} of its images were drawn for Test (seed {seed})."
        ]
    shared = set(groups[rows.test].tolist()) & set(groups[~rows.test].tolist())
    if not shared:
        return rows.test, []
    # The choice depends only on the name, so that a person is in the same split in every file and for every seed.
    aside = [hashlib.sha256(group.encode()).digest()[0] % _HELD_OUT == 0 for group in groups.tolist()]
    return np.array(aside), [
        f"{len(shared):,} people are in both the training and the test part of the source: both were put together, "
        f"and a fifth of the people, chosen by their names, is Test."
    ]


def _drawn_groups(groups: NDArray[np.str_], seed: int) -> NDArray[np.str_]:
    """Draw random groups until they hold the required share of the rows; at least one group, never all."""
    names, counts = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    enough = int(np.searchsorted(np.cumsum(counts[order]), SHARE * len(groups))) + 1
    return np.asarray(names[order[: min(enough, len(names) - 1)]])


def _copies_together(rows: MarkedRows) -> NDArray[np.str_]:
    first: dict[bytes, str] = {}
    digests = (hashlib.sha256(image.tobytes()).digest() for image in rows.images)
    return np.array([first.setdefault(digest, row) for digest, row in zip(digests, rows.ids.tolist(), strict=True)])
