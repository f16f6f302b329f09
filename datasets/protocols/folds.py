"""Protocols: what is trained on, what things are chosen on, and what is tested on, fold by fold."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import SPLITS, Dataset
from ferbench.datasets.protocols.closed import without_official_test
from ferbench.datasets.protocols.duplicates import image_groups
from ferbench.datasets.protocols.given import cross, curve, mark_fold, official, official_shared
from ferbench.datasets.protocols.people import check_people, split_people
from ferbench.datasets.protocols.splits import FRACTIONS, HELD_OUT, stratified_split

TRAINING, _, TEST = SPLITS
KNOWN = "official, holdout, kfold:10, loso, random:10, cross, curve:0.1,0.25,0.5,1 or official:shared"
#: The split of the data set, asked for by name although it puts people into two parts.
SHARED = "official:shared"
Parts = Callable[[Dataset, int], Sequence[Dataset]]


@dataclass(frozen=True)
class Protocol:
    """A way to divide a data set into parts for training, for choosing and for testing.

    Attributes
    ----------
    name : str
        As it is written: ``"kfold:10"``.
    """

    name: str
    folds: Parts

    def parts(self, dataset: Dataset, seed: int = 0) -> Sequence[Dataset]:
        """Folds: data sets with Training, PublicTest (to choose on) and PrivateTest (to test on) parts."""
        return self.folds(dataset, seed)


def protocol(name: str, test: Dataset | None = None) -> Protocol:
    """Find a protocol by its name.

    Parameters
    ----------
    name : str
        - ``official``: the split that the data set has, refused where one person is in two parts;
        - ``official:shared``: the same split, asked for by name although people are in two parts;
        - ``holdout``: one draw of 70 % / 15 % / 15 %, by person where people are known;
        - ``kfold:K``: K folds, by person where people are known;
        - ``loso``: each person is the test once;
        - ``random:K``: K folds that ignore people: one person may be on both sides, so that accuracy is too high;
          ``random`` has ten;
        - ``cross``: train and choose on this data set without its test part, test on all of `test`;
        - ``curve:0.1,0.25,0.5,1``: parts of Training, with the same validation and test parts.

        A test part that the source gives (:attr:`Dataset.official_test`), such as PrivateTest of FER2013, stays closed
        under all of them but the first two: folds are drawn from the other parts, and ``cross`` and ``curve`` test on
        the validation part.
    test : Dataset, optional
        The data set that ``cross`` tests on.

    Raises
    ------
    ValueError
        If there is no such protocol.
    """
    kind, _, rest = name.strip().partition(":")
    if name.strip() == SHARED:
        return Protocol(name, official_shared)
    if kind in ("official", "holdout", "loso") and not rest:
        return Protocol(name, {"official": official, "holdout": _holdout, "loso": _loso}[kind])
    if kind in ("kfold", "random"):
        rest = rest or ("10" if kind == "random" and ":" not in name else rest)
        count = _count(name, rest)
        by_person = kind == "kfold"
        return Protocol(name, lambda dataset, seed: _folds(dataset, seed, count, by_person=by_person))
    if kind == "curve":
        shares = _shares(name, rest)
        return Protocol(name, lambda dataset, seed: curve(dataset, seed, shares))
    if kind == "cross" and not rest:
        if test is None:
            raise ValueError(
                "protocol cross tests on another data set; give it: make_folds(dataset, 'cross', test=...)"
            )
        return Protocol(name, lambda dataset, _seed: cross(dataset, test))
    raise ValueError(f"protocol must be {KNOWN}; got {name!r}")


def make_folds(dataset: Dataset, name: str, seed: int = 0, *, test: Dataset | None = None) -> Sequence[Dataset]:
    """Divide a data set by a protocol.

    Parameters
    ----------
    dataset : Dataset
        Faces with labels, and with `groups` where people are known.
    name : str
        The protocol, see :func:`protocol`.
    seed : int, default=0
        Seed of what is drawn.
    test : Dataset, optional
        The data set that ``cross`` tests on.

    Returns
    -------
    sequence of Dataset
        One for each fold, each with its own Training, PublicTest and PrivateTest parts. Where people are known, nobody
        is in two parts of a fold, but for ``random``.

    Raises
    ------
    ValueError
        If the protocol is unknown, or would put one person on both sides without being asked for by name.

    Examples
    --------
    >>> from ferbench.datasets import make_faces, make_folds
    >>> faces = make_faces(140, random_state=0, n_people=10)
    >>> [fold.name for fold in make_folds(faces, "kfold:2")]
    ['faces-kfold2-1', 'faces-kfold2-2']
    """
    return protocol(name, test).parts(dataset, seed)


def _holdout(dataset: Dataset, seed: int) -> Sequence[Dataset]:
    dataset = without_official_test(dataset)
    if dataset.groups is None:
        split = stratified_split(dataset.labels, seed, FRACTIONS, _copies(image_groups(dataset.images)))
    else:
        split = split_people(dataset.labels, dataset.groups, seed, FRACTIONS, dataset.name)
    return (mark_fold(dataset, split, f"holdout-s{seed}", f"Protocol holdout, seed {seed}{_by(dataset.groups)}."),)


def _loso(dataset: Dataset, seed: int) -> Sequence[Dataset]:
    from sklearn.model_selection import LeaveOneGroupOut

    if dataset.groups is None:
        raise ValueError(f"{dataset.name}: loso leaves one person out, and this data set names nobody; use kfold:10")
    dataset = without_official_test(dataset)
    assert dataset.groups is not None
    people = dataset.groups
    check_people(people, 3, dataset.name)
    parts = LeaveOneGroupOut().split(people, groups=people)
    return tuple(
        _outer(
            dataset,
            rows,
            seed,
            people=people,
            mark=f"loso-{people[rows[0]]}",
            note=f"Protocol loso: {people[rows[0]]} is the test.",
        )
        for _, rows in parts
    )


def _folds(dataset: Dataset, seed: int, count: int, *, by_person: bool) -> Sequence[Dataset]:
    dataset = without_official_test(dataset)
    kind = "kfold" if by_person else "random"
    people = dataset.groups if by_person else None
    # Where nobody is known, at least the copies of an image stay together.
    image_of = image_groups(dataset.images) if dataset.groups is None else None
    note = f"Protocol {kind}:{count}, seed {seed}{_by(people)}."
    if people is None and dataset.groups is not None:
        note += (
            " It was asked for by name: one person may be in Training and in the test, so that accuracy is too high."
        )
    return tuple(
        _outer(
            dataset,
            rows,
            seed,
            people=people,
            image_of=image_of,
            mark=f"{kind}{count}-{number}",
            note=f"{note} Fold {number} of {count}.",
        )
        for number, rows in enumerate(_test_rows(dataset, seed, count, people, image_of), start=1)
    )


def _test_rows(
    dataset: Dataset,
    seed: int,
    count: int,
    people: NDArray[np.str_] | None,
    image_of: NDArray[np.intp] | None,
) -> Iterator[NDArray[np.intp]]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if people is not None:
        check_people(people, max(count, 3), dataset.name)
        splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
        yield from (rows for _, rows in splitter.split(dataset.labels, dataset.labels, people))
        return
    names, counts = np.unique(dataset.labels, return_counts=True)
    if counts.min() < count:
        raise ValueError(
            f"{dataset.name}: {count} folds need at least {count} images of each label; "
            f"{names[counts.argmin()]} has {counts.min()}"
        )
    plain = StratifiedKFold(count, shuffle=True, random_state=seed)
    if image_of is None:
        yield from (rows for _, rows in plain.split(dataset.labels, dataset.labels))
        return
    first = np.sort(np.unique(image_of, return_index=True)[1])
    labels = dataset.labels[first]
    for _, chosen in plain.split(labels, labels):
        yield np.flatnonzero(np.isin(image_of, image_of[first[chosen]]))


def _outer(
    dataset: Dataset,
    rows: NDArray[np.intp],
    seed: int,
    *,
    people: NDArray[np.str_] | None,
    mark: str,
    note: str,
    image_of: NDArray[np.intp] | None = None,
) -> Dataset:
    """A fold with its test rows; the validation part is drawn out of the rest, by person where people are known."""
    split = np.full(len(dataset), TRAINING, "<U11")
    split[rows] = TEST
    rest = np.flatnonzero(split == TRAINING)
    if people is None:
        copies = None if image_of is None else _copies(image_of[rest])
        split[rest] = stratified_split(dataset.labels[rest], seed, HELD_OUT, copies)
    else:
        split[rest] = split_people(dataset.labels[rest], people[rest], seed, HELD_OUT, f"{dataset.name} ({mark})")
    _refuse_unlearned(dataset, split, mark)
    return mark_fold(dataset, split, mark, note)


def _copies(groups: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Numbers of the images, so that copies stay in one part; None where there are no copies."""
    return groups if len(np.unique(groups)) < len(groups) else None


def _refuse_unlearned(dataset: Dataset, split: NDArray[np.str_], mark: str) -> None:
    known = set(dataset.labels[split == TRAINING].tolist())
    if missing := sorted(set(dataset.labels.tolist()) - known):
        raise ValueError(
            f"{dataset.name}: in fold {mark} Training has no image of {', '.join(missing)}; use fewer folds, or leave "
            "the label out"
        )


def _by(people: NDArray[np.str_] | None) -> str:
    return "" if people is None else ", by person"


def _count(name: str, text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= 1000:
        raise ValueError(f"protocol {name!r} must name a number of folds from 2 to 1000, such as kfold:10")
    return int(text)


def _shares(name: str, text: str) -> list[float]:
    try:
        shares = [float(word) for word in text.split(",")]
    except ValueError:
        shares = []
    if not shares or not all(0 < share <= 1 for share in shares) or shares != sorted(set(shares)):
        raise ValueError(f"protocol {name!r} must list rising shares above 0 and up to 1, such as curve:0.1,0.25,0.5,1")
    return shares
