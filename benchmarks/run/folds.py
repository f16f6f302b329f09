"""Divide the data of a suite into folds, and name their cells."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ferbench.benchmarks.store import Cell, Suite
from ferbench.datasets import Dataset, make_folds
from ferbench.models import base as model_parts
from ferbench.models.bundles import read_description

# A cell of a fold saves no bundle: what ships is fitted on all rows. So nothing is timed either.
NO_BUNDLE: Mapping[str, Any] = {"bundle": None, "size_bytes": None, "reason": None}
NOT_TIMED: Mapping[str, Any] = {"throughput_images_per_s": None, "latency_ms": None}


@dataclass(frozen=True, eq=False)
class Fold:
    """One fold: its data set, and its place among the folds of the same seed.

    Attributes
    ----------
    name : str
        Such as ``kfold10-3``; part of the id of its cells.
    seed : int
        Seed of the division and of the recipes.
    number, of : int
        Which fold of how many, from 1.
    dataset : Dataset
        Its Training, PublicTest (to choose on) and PrivateTest (to test on) parts.
    about : mapping
        ``name`` of the protocol, ``data`` and ``fingerprint`` of what is divided, ``tested`` fingerprints of the data
        sets whose rows are in a test part.
    """

    name: str
    seed: int
    number: int
    of: int
    dataset: Dataset
    about: Mapping[str, Any]

    def cell(self, suite: Suite, recipe: str) -> Cell:
        """The cell of a recipe in this fold; its id names the fold."""
        one = replace(suite, recipes=(recipe,), reference=None, seeds=(self.seed,), params=_params_of(suite, recipe))
        (cell,) = one.cells(self.dataset.fingerprint)
        start, _, digest = cell.cell_id.rpartition(f"-s{self.seed}-")
        return replace(cell, cell_id=f"{start}-{self.name}-s{self.seed}-{digest}")

    def record(self) -> dict[str, Any]:
        """Return the description of the fold for the record."""
        return {**self.about, "fold": self.name, "number": self.number, "of": self.of}


def plan_folds(suite: Suite, dataset: Dataset, test: Dataset | None = None) -> tuple[Fold, ...]:
    """The folds of a suite, seed by seed.

    Raises
    ------
    ValueError
        If the protocol cannot divide the data, or would put one person on both sides without being asked by name.
    """
    tested = dataset if test is None else test
    about = {
        "name": suite.protocol,
        "data": dataset.name,
        "fingerprint": dataset.fingerprint,
        "tested": [tested.fingerprint],
    }
    found = []
    for seed in suite.seeds:
        parts = make_folds(dataset, suite.protocol, seed, test=test)
        for number, part in enumerate(parts, start=1):
            name = _fold_name(suite.protocol, number, part, dataset, test)
            found.append(Fold(name, seed, number, len(parts), _named(part, dataset, name), about))
    return tuple(found)


def folder_name(suite: Suite, dataset: Dataset, test: Dataset | None) -> str:
    """The folder of the results: one for each protocol on each data set."""
    if test is not None:
        return f"{dataset.name}-to-{test.name}"
    kind, _, rest = suite.protocol.strip().partition(":")
    return f"{dataset.name}-{_mark(kind, rest)}"


def refuse_seen(recognizer: Any, about: Mapping[str, Any]) -> None:
    """Raise ValueError if a network inside a recognizer was trained on the data set whose rows are the test."""
    trained = {getattr(part, "trained_on_", None) for part in model_parts.parts_of(recognizer)}
    _refuse(trained, about)


def refuse_seen_bundles(folders: Sequence[str], about: Mapping[str, Any]) -> None:
    """Raise ValueError if a bundle was trained on the data set whose rows are the test."""
    _refuse({read_description(Path(folder)).get("dataset", {}).get("fingerprint") for folder in folders}, about)


def _refuse(trained: set[Any], about: Mapping[str, Any]) -> None:
    if trained & set(about["tested"]):
        raise ValueError(
            "a network that this recipe uses was trained on the data set whose rows are the test of the folds; "
            "leave the recipe out, or test on other data"
        )


def _params_of(suite: Suite, recipe: str) -> dict[str, Mapping[str, Any]]:
    return {recipe: suite.params[recipe]} if recipe in suite.params else {}


def _fold_name(name: str, number: int, part: Dataset, dataset: Dataset, test: Dataset | None) -> str:
    kind, _, rest = name.partition(":")
    if test is not None:
        return f"to-{_safe(test.name)}"
    if kind == "curve":
        return part.name.removeprefix(f"{dataset.name}-")
    return kind if kind == "holdout" else f"{_mark(kind, rest)}-{number}"


def _mark(kind: str, rest: str) -> str:
    if kind == "random":
        rest = rest or "10"
    return f"{kind}-{_safe(rest)}" if kind == "curve" else f"{kind}{rest}"


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text)


def _named(part: Dataset, dataset: Dataset, name: str) -> Dataset:
    """The fold under its number; a record names no person."""
    notes = part.notes
    if name.startswith("loso"):
        # The last note is that of the fold, which names the person.
        notes = (*notes[:-1], "Protocol loso: one person is the test.")
    return replace(part, name=f"{dataset.name}-{name}", notes=tuple(notes))
