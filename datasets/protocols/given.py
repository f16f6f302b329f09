"""Protocols that keep the parts that are given: the official split, another data set as the test, learning curves."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import SPLITS, Dataset, columns_fingerprint
from ferbench.datasets.protocols.closed import away_part, tested_on_validation
from ferbench.datasets.protocols.people import shared_people
from ferbench.datasets.protocols.subset import keep_labels

TRAINING, PUBLIC, TEST = SPLITS


def official(dataset: Dataset, seed: int) -> Sequence[Dataset]:
    """The split that the data set has; refused where one person is in two parts."""
    del seed  # the split is given
    if shared := shared_people(dataset.split, dataset.groups):
        told = ", ".join(sentence.removesuffix(".") for sentence in shared)
        raise ValueError(
            f"{dataset.name}: {told}: a split that shares people flatters; divide by person (--protocol holdout or "
            "kfold:10), or ask for this split by name (--protocol official:shared)"
        )
    return (dataset,)


def official_shared(dataset: Dataset, seed: int) -> Sequence[Dataset]:
    """The split that the data set has, although one person may be in two parts; a note says so."""
    del seed  # the split is given
    if not shared_people(dataset.split, dataset.groups):
        return (dataset,)
    note = "The split was asked for by name: people are in two of its parts, so that accuracy is too high."
    return (replace(dataset, notes=(*dataset.notes, note)),)


def cross(dataset: Dataset, test: Dataset) -> Sequence[Dataset]:
    """Train and choose on one data set, test on all of another; only labels that both have.

    The test part of the data set at home is left out: nothing may be fitted on it. Where the test part of the other
    one is official, it stays closed, and the test is the validation part.
    """
    official(dataset, 0)
    if dataset.fingerprint == test.fingerprint:
        raise ValueError(f"cross: {dataset.name} and {test.name} are the same images; test on another data set")
    whole, test = test, away_part(test)
    common = [label for label in dataset.label_names if label in test.label_names]
    if len(common) < 2:
        raise ValueError(
            f"cross: {dataset.name} and {test.name} share {len(common)} labels; expected two at least: map their labels"
        )
    if dataset.images.shape[1:] != test.images.shape[1:]:
        raise ValueError(
            f"cross: {dataset.name} has images of {dataset.images.shape[1:]} and {test.name} of "
            f"{test.images.shape[1:]}; load both with the same size"
        )
    home, away = _common_part(dataset, common), _common_part(test, common)
    closed = len(home.rows(TEST))
    home = replace(home, **home.take(np.flatnonzero(home.split != TEST)))
    images = np.concatenate([home.images, away.images])
    labels, ids = np.concatenate([home.labels, away.labels]), np.concatenate([home.ids, away.ids])
    split = np.concatenate([home.split, np.full(len(away), TEST)])
    groups = None
    if home.groups is not None or away.groups is not None:
        # Equal names in two data sets are not the same person; the empty name is nobody known.
        names = (home.name, away.name) if home.name != away.name else (f"{home.name} at home", f"{away.name} away")
        groups = np.concatenate([_people(part, name) for part, name in zip((home, away), names, strict=True)])
    # Accuracy by group is that of the test: columns that only the data at home has are of no use.
    attributes = {name: np.concatenate([_values(home, name), values]) for name, values in away.attributes.items()}
    columns: dict[str, Any] = {
        "images": images,
        "labels": labels,
        "split": split,
        "groups": groups,
        "attributes": attributes,
    }
    left_out = sorted((set(dataset.label_names) | set(test.label_names)) - set(common))
    of = test.name if len(whole) == len(test) else f"{PUBLIC} of {test.name}, whose official test part stays closed"
    note = f"Protocol cross: trained on {dataset.name}, tested on all {len(away):,} images of {of}, over "
    note += f"{len(common)} common labels ({', '.join(common)})."
    note += f" The {closed:,} images of the test part of {dataset.name} are left out."
    if left_out:
        note += f" Labels of one of them alone are left out: {', '.join(left_out)}."
    return (
        Dataset(
            name=f"{dataset.name}-to-{test.name}",
            **columns,
            ids=ids,
            fingerprint=columns_fingerprint(columns),
            drawn=dataset.drawn and test.drawn,
            notes=(*home.notes, *away.notes, note),
        ),
    )


def _people(dataset: Dataset, name: str) -> NDArray[np.str_]:
    if dataset.groups is None:
        return np.full(len(dataset), "", "<U1")
    return np.array([f"{name}/{person}" if person else "" for person in dataset.groups.tolist()])


def _values(dataset: Dataset, name: str) -> NDArray[np.str_]:
    """Values of a group column, empty where the data set does not have it."""
    return dataset.attributes.get(name, np.full(len(dataset), "", "<U1"))


def _common_part(dataset: Dataset, common: Sequence[str]) -> Dataset:
    return dataset if set(dataset.label_names) == set(common) else keep_labels(dataset, common)


def curve(dataset: Dataset, seed: int, shares: Sequence[float]) -> Sequence[Dataset]:
    """Growing parts of Training, each inside the next; by person where people are known."""
    official(dataset, seed)
    dataset = tested_on_validation(dataset, seed)
    rows = dataset.rows(TRAINING)
    rank = _ranks(dataset, rows, seed)
    folds = []
    for share in shares:
        kept = rows[rank <= max(share, rank.min())]
        chosen = np.sort(np.concatenate([kept, np.flatnonzero(dataset.split != TRAINING)]))
        if missing := set(dataset.labels[rows].tolist()) - set(dataset.labels[kept].tolist()):
            raise ValueError(
                f"{dataset.name}: a share of {share:g} of Training has no image of {', '.join(sorted(missing))}; "
                "use larger shares"
            )
        part = replace(dataset, **dataset.take(chosen))
        note = f"Protocol curve: {len(kept):,} of {len(rows):,} training images ({share:g}), seed {seed}."
        folds.append(mark_fold(part, part.split, f"curve-{share:g}", note))
    return tuple(folds)


def _ranks(dataset: Dataset, rows: NDArray[np.intp], seed: int) -> NDArray[np.float64]:
    """Share of Training, label by label or person by person, at which each row joins."""
    generator = np.random.default_rng(seed)
    names = dataset.labels[rows] if dataset.groups is None else dataset.groups[rows]
    rank = np.empty(len(rows))
    if dataset.groups is not None:
        people, number = np.unique(names, return_inverse=True)
        return np.asarray((generator.permutation(len(people))[number] + 1) / len(people))
    for label in np.unique(names):
        members = np.flatnonzero(names == label)
        rank[members] = (generator.permutation(len(members)) + 1) / len(members)
    return rank


def mark_fold(dataset: Dataset, split: NDArray[np.str_], mark: str, note: str) -> Dataset:
    """The data set with another split, a name and a fingerprint of its own, and a note."""
    return replace(
        dataset,
        name=f"{dataset.name}-{mark}",
        split=split,
        fingerprint=columns_fingerprint(vars(dataset) | {"split": split}),
        notes=(*dataset.notes, note),
    )
