"""Read the cells of a protocol: which folds were measured, and what was predicted on each."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.identity import Standing, standings
from ferbench.benchmarks.pages import check_shape, companion, find_results, protocol_of, read_suite
from ferbench.benchmarks.store import OFFICIAL, Store
from ferbench.datasets.base import LABELS
from ferbench.models import recipe_name
from ferbench.utils import finished_files

TEST, VALIDATION = "PrivateTest", "PublicTest"
_LOGGER = logging.getLogger("ferbench")
_COLUMNS = ("fold", "is_test", "label", "person", "row", "leaked")
_FOLDS = ("fold_names", "fold_seeds", "fold_fingerprints", "fold_training")


@dataclass(frozen=True, eq=False)
class Part:
    """The rows of one part of a fold.

    Attributes
    ----------
    labels : ndarray of shape (n_images,), str
    people : ndarray of shape (n_images,), int
        Number of the person; -1 where nobody is known.
    rows : ndarray of shape (n_images,), int
        Number of the image in the data set.
    leaked : ndarray of shape (n_images,), bool
        Whether an exact copy is in Training of this fold.
    attributes : mapping of str to ndarray of shape (n_images,), str
        Values of the group columns by name, empty where the data has none.
    """

    labels: NDArray[np.str_]
    people: NDArray[np.int64]
    rows: NDArray[np.int64]
    leaked: NDArray[np.bool_]
    attributes: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FoldPlace:
    """One fold of one seed, measured or not.

    Attributes
    ----------
    name : str
    seed : int
    fingerprint : str
        Of the fold's data.
    n_training : int
        Training images.
    parts : mapping of str to Part
        ``PublicTest`` and ``PrivateTest``.
    """

    name: str
    seed: int
    fingerprint: str
    n_training: int
    parts: Mapping[str, Part]


@dataclass(frozen=True, eq=False)
class FoldCell:
    """One measured cell: a recipe in one fold.

    Attributes
    ----------
    fold : int
        Place of its fold.
    record : mapping
    proba : mapping of str to ndarray of shape (n_images, n_classes)
        Empty if the measurement failed.
    standing : Standing
        Whether the record is what a measurement now would give.
    """

    fold: int
    record: Mapping[str, Any]
    proba: Mapping[str, NDArray[np.float64]]
    standing: Standing

    @property
    def ok(self) -> bool:
        """Whether it was measured."""
        return bool(self.proba)


@dataclass(frozen=True, eq=False)
class FoldContent:
    """What a results folder of a protocol holds.

    Attributes
    ----------
    root : Path
    suite : mapping
    protocol, fingerprint : str
        Name of the protocol, and fingerprint of what it divides.
    folds : tuple of FoldPlace
        All folds of all seeds.
    classes : tuple of str
    cells : mapping of str to tuple of FoldCell
        The cells of each recipe that has any record.
    """

    root: Path
    suite: Mapping[str, Any]
    protocol: str
    fingerprint: str
    folds: tuple[FoldPlace, ...]
    classes: tuple[str, ...]
    cells: Mapping[str, tuple[FoldCell, ...]]


def holds_folds(folder: str | Path) -> bool:
    """Return whether a results folder holds the folds of a protocol."""
    return protocol_of(folder) != OFFICIAL


def read_folds(folder: str | Path) -> FoldContent:
    """Read all cells of a protocol.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no record, or a file is missing, damaged or does not fit the others.
    """
    root = find_results(folder)
    store, suite = Store(root), read_suite(root)
    rows = store.rows()
    if absent := sorted({"protocol", "fingerprint", *_COLUMNS, *_FOLDS} - rows.keys()):
        raise ValueError(
            f"{root / 'rows.npz'}: expected the rows of folds; {absent[0]!r} is missing; run the suite again"
        )
    folds = _folds(rows, _attributes(root, rows))
    records = _records(
        store, {(fold.name, fold.seed, fold.fingerprint): place for place, fold in enumerate(folds)}, suite
    )
    if not records:
        raise ValueError(f"{root}: no readable record in {root / 'records'}; run the suite first")
    classes = _classes(rows["label"], [record for record in records.values() if record["status"] == "ok"])
    found = standings(store, suite, records.values())
    cells: dict[str, list[FoldCell]] = {}
    for (recipe, place), record in records.items():
        proba = _proba(store, record, folds[place], classes) if record["status"] == "ok" else {}
        cells.setdefault(recipe, []).append(FoldCell(place, record, proba, found[str(record["cell_id"])]))
    order = [recipe_name(name) for name in suite.get("recipes", [])]
    known = sorted(cells, key=lambda name: (order.index(name) if name in order else len(order), name))
    return FoldContent(
        root=root,
        suite=suite,
        protocol=str(rows["protocol"]),
        fingerprint=str(rows["fingerprint"]),
        folds=folds,
        classes=classes,
        cells={name: tuple(sorted(cells[name], key=lambda cell: cell.fold)) for name in known},
    )


def _attributes(root: Path, rows: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.str_]]:
    """Values of the group columns of all rows by name; nothing where the data has none."""
    names, values = rows.get("group_columns"), rows.get("group")
    if names is None:
        return {}
    if names.ndim != 1 or values is None or values.shape != (len(rows["label"]), len(names)):
        raise ValueError(f"{root / 'rows.npz'}: 'group' must have a value for each row and group column; run it again")
    return {str(name): values[:, place].astype(str) for place, name in enumerate(names)}


def _folds(rows: Mapping[str, NDArray[Any]], attributes: Mapping[str, NDArray[np.str_]]) -> tuple[FoldPlace, ...]:
    return tuple(
        FoldPlace(
            name=str(rows["fold_names"][place]),
            seed=int(rows["fold_seeds"][place]),
            fingerprint=str(rows["fold_fingerprints"][place]),
            n_training=int(rows["fold_training"][place]),
            parts={
                part: _part(rows, chosen, attributes)
                for part, is_test in ((VALIDATION, False), (TEST, True))
                for chosen in (np.flatnonzero((rows["fold"] == place) & (rows["is_test"] == is_test)),)
            },
        )
        for place in range(len(rows["fold_names"]))
    )


def _part(
    rows: Mapping[str, NDArray[Any]], chosen: NDArray[np.intp], attributes: Mapping[str, NDArray[np.str_]]
) -> Part:
    labels, people, numbers, leaked = (rows[name][chosen] for name in ("label", "person", "row", "leaked"))
    return Part(labels, people, numbers, leaked, {name: values[chosen] for name, values in attributes.items()})


def _records(
    store: Store, places: Mapping[tuple[str, int, str], int], suite: Mapping[str, Any]
) -> dict[tuple[str, int], Mapping[str, Any]]:
    """The record of each recipe and fold; of several, that of the suite, else the newest."""
    planned = set(suite.get("cells", []))
    found: dict[tuple[str, int], Mapping[str, Any]] = {}
    for path in finished_files(store.root, "records/*.json"):
        try:
            record = store.record(path.stem)
        except ValueError as error:
            _LOGGER.warning("%s", error)
            continue
        fold = (record.get("protocol") or {}).get("fold", "")
        place = places.get((fold, record["seed"], record["dataset"]["fingerprint"]))
        if place is None:
            continue  # Of other data, or of a division that the suite no longer makes.
        key = (record["recipe"]["name"], place)
        if key not in found or _rank(record, planned) > _rank(found[key], planned):
            found[key] = record
    return found


def _rank(record: Mapping[str, Any], planned: set[str]) -> tuple[bool, str]:
    return record["cell_id"] in planned, record.get("finished") or ""


def _classes(labels: NDArray[np.str_], records: list[Mapping[str, Any]]) -> tuple[str, ...]:
    known = {str(name) for record in records for name in record["classes"]} | set(np.unique(labels).tolist())
    ours = tuple(name for name in LABELS if name in known)
    return ours + tuple(sorted(known.difference(ours)))


def _proba(
    store: Store, record: Mapping[str, Any], fold: FoldPlace, classes: tuple[str, ...]
) -> dict[str, NDArray[np.float64]]:
    path = companion(store, "probabilities", record["cell_id"])
    stored = store.probabilities(record["cell_id"])
    own = [str(name) for name in stored["classes"]]
    if len(set(own)) < len(own) or not set(own) <= set(classes):
        raise ValueError(f"{path}: classes must be different labels of the data; got {own}; run the suite again")
    proba = {}
    for part, rows in fold.parts.items():
        if part not in stored:
            raise ValueError(f"{path}: lacks the array {part!r}; run the suite again to redo this cell")
        check_shape(path, part, stored[part], (len(rows.labels), len(own)))
        proba[part] = np.zeros((len(rows.labels), len(classes)))
        proba[part][:, [classes.index(name) for name in own]] = stored[part]
    return proba
