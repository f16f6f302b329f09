"""Read the records and probabilities of one data set for a report, and check that they are consistent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.pages import (
    BaseResults,
    MeasuredCell,
    check_shape,
    companion,
    find_results,
    open_results,
    protocol_of,
    read_suite,
    unique_labels,
)
from ferbench.benchmarks.store import OFFICIAL, Store, final_arrays
from ferbench.datasets.base import LABELS

TEST, VALIDATION = "PrivateTest", "PublicTest"
DERIVED = "derived"


@dataclass(frozen=True, eq=False, repr=False)
class Measured(MeasuredCell):
    """One measured cell with its predictions.

    Attributes
    ----------
    proba : mapping of str to ndarray of shape (n_images, n_classes)
        Probabilities on ``PublicTest``, and on ``PrivateTest`` if it was opened. Columns are in the order of
        :attr:`Results.classes`.
    """

    proba: Mapping[str, NDArray[np.float64]]

    @property
    def kind(self) -> str:
        """Family of its recipe, or ``network features`` for a classical recognizer on the features of a network."""
        recipe = self.record["recipe"]
        parameters = recipe.get("all_params") or {}
        seen = any(name.startswith("features") and name.endswith("__bundle") for name in parameters)
        return "network features" if seen and recipe.get("family") == "classical" else str(recipe.get("family") or "")

    @property
    def is_constant(self) -> bool:
        """Whether it ignores its input; constant recognizers cannot be chosen."""
        return self.record["recipe"].get("family") == "constant"


@dataclass(frozen=True, eq=False, repr=False)
class Results(BaseResults):
    """Everything measured on one data set of expressions.

    Attributes
    ----------
    measured : tuple of Measured
        The ok cells, then a derived constant predictor if none was run.
    classes : tuple of str
        The class order of all probabilities.
    labels, ids : mapping of str to ndarray of shape (n_images,), str
        Labels and image ids by test split.
    leaked : mapping of str to ndarray of shape (n_images,), bool
        By test split: whether the exact image is also in Training. A split without this check is missing.
    attributes : mapping of str to mapping of str to ndarray of shape (n_images,), str
        By test split and name: values of the group columns, empty where the data has none.
    people : mapping of str to ndarray of shape (n_images,), int
        By test split: number of the person, where the data has group columns and people.
    """

    measured: tuple[Measured, ...]
    classes: tuple[str, ...]
    labels: Mapping[str, NDArray[np.str_]]
    ids: Mapping[str, NDArray[np.str_]]
    leaked: Mapping[str, NDArray[np.bool_]]
    attributes: Mapping[str, Mapping[str, NDArray[np.str_]]] = field(default_factory=dict)
    people: Mapping[str, NDArray[np.integer]] = field(default_factory=dict)

    @property
    def split(self) -> str:
        """The split of the tables: PrivateTest, or PublicTest if PrivateTest was not opened for any cell."""
        measured = [cell for cell in self.measured if cell.record["status"] != DERIVED]
        return VALIDATION if measured and not any(TEST in cell.proba for cell in measured) else TEST

    @property
    def scored(self) -> tuple[Measured, ...]:
        """The cells with predictions on :attr:`split`."""
        return tuple(cell for cell in self.measured if self.split in cell.proba)

    @property
    def contestants(self) -> tuple[Measured, ...]:
        """The cells that use their input, that is, all except constant ones."""
        return tuple(cell for cell in self.measured if not cell.is_constant)

    @property
    def candidates(self) -> tuple[Measured, ...]:
        """The contestants that can win, by :attr:`rule`."""
        taken = tuple(cell for cell in self.contestants if _can_be_taken(cell.record))
        return taken or self.contestants

    @property
    def rule(self) -> str:
        """Which rows can win, in one sentence."""
        if not all(_can_be_taken(cell.record) for cell in self.candidates):
            return "Every row but the constant ones can be the best, since no other row was fitted here."
        return (
            "Only rows that can be taken as a recognizer can be the best; those that combine finished bundles are "
            "shown but have no bundle of their own, and constant rows have learned nothing."
        )


def _can_be_taken(record: Mapping[str, Any]) -> bool:
    """Whether a row was fitted, or is made of finished bundles and was written as a bundle of its own."""
    return record["recipe"].get("family") != "pretrained" or bool(record.get("bundle"))


def read_results(folder: str | Path) -> Results:
    """Read records, probabilities and rows of one data set, and check that they are consistent.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no record, or a file is missing, damaged or differs in size from the rows.
    """
    root = find_results(folder)
    if (protocol := protocol_of(root)) != OFFICIAL:
        raise ValueError(
            f"{root} holds folds of {protocol}, of which none can be taken as a recognizer; 'ferbench report' shows "
            "their table; for a winner, run the suite without a protocol"
        )
    root, store, records, rows = open_results(root)
    if "points" in rows:
        raise ValueError(
            f"{root} holds key points, not recognizers of expressions; 'ferbench report' shows their table"
        )
    labels = {split: _column(root, rows, f"{split}_labels").astype(str) for split in (VALIDATION, TEST)}
    lengths = {split: len(values) for split, values in labels.items()}
    ok = [record for record in records if record["status"] == "ok"]
    classes = _class_order(ok, labels)
    names = unique_labels(ok)
    measured = [_measured(store, record, names[record["cell_id"]], classes, labels) for record in ok]
    failed = tuple(record for record in records if record["status"] != "ok")
    if not any(cell.is_constant for cell in measured):
        measured += _derived_constant(records[0], classes, labels)
    return Results(
        root=root,
        suite=read_suite(root),
        classes=classes,
        labels=labels,
        ids={split: _column(root, rows, f"{split}_ids", n).astype(str) for split, n in lengths.items()},
        leaked={
            split: _column(root, rows, key, n).astype(bool)
            for split, n in lengths.items()
            if (key := f"{split}_leaked") in rows
        },
        measured=tuple(measured),
        failed=failed,
        attributes={split: _attributes(root, rows, split, n) for split, n in lengths.items()},
        people={
            split: _column(root, rows, key, n).astype(np.intp)
            for split, n in lengths.items()
            if (key := f"{split}_people") in rows
        },
    )


def _attributes(root: Path, rows: Mapping[str, NDArray[Any]], split: str, length: int) -> dict[str, NDArray[np.str_]]:
    """Values of the group columns of one split by name; nothing where the data has none."""
    if "group_columns" not in rows:
        return {}
    names, values = rows["group_columns"], rows.get(f"{split}_groups")
    if values is None or names.ndim != 1 or values.shape != (length, len(names)) or values.dtype.kind != "U":
        got = "none" if values is None else f"{values.dtype} of shape {values.shape}"
        raise ValueError(
            f"{root / 'rows.npz'}: {split}_groups must have one text for each image and each of group_columns; "
            f"got {got}; run the suite again to redo it"
        )
    return {str(name): values[:, place] for place, name in enumerate(names)}


def _column(root: Path, rows: Mapping[str, NDArray[Any]], key: str, length: int | None = None) -> NDArray[Any]:
    """One array of ``rows.npz``: one value for each image."""
    values = rows.get(key)
    if values is None or values.ndim != 1 or (length is not None and len(values) != length):
        expected = "one value for each image" if length is None else f"shape ({length},)"
        got = "none" if values is None else f"shape {values.shape}"
        raise ValueError(f"{root / 'rows.npz'}: {key} must have {expected}; got {got}; run the suite again to redo it")
    return values


def _class_order(records: list[dict[str, Any]], labels: Mapping[str, NDArray[np.str_]]) -> tuple[str, ...]:
    """Return all labels of the rows and the recognizers: those of ferbench in their order, then the others."""
    known = {str(name) for record in records for name in record["classes"]}
    known.update(str(name) for split in labels.values() for name in np.unique(split))
    ours = tuple(name for name in LABELS if name in known)
    return ours + tuple(sorted(known.difference(ours)))


def _measured(
    store: Store,
    record: Mapping[str, Any],
    label: str,
    classes: tuple[str, ...],
    labels: Mapping[str, NDArray[np.str_]],
) -> Measured:
    path = companion(store, "probabilities", record["cell_id"])
    stored = store.probabilities(record["cell_id"]) | final_arrays(store, record["cell_id"])
    own = _own_classes(path, stored, classes)
    proba = {}
    for split, truth in labels.items():
        if split == TEST and split not in stored:
            continue  # Not opened for this cell.
        if (values := stored.get(split)) is None:
            raise ValueError(f"{path}: lacks the array {split!r}; run the suite again to redo this cell")
        check_shape(path, split, values, (len(truth), len(own)))
        proba[split] = np.zeros((len(truth), len(classes)))
        proba[split][:, [classes.index(name) for name in own]] = values
    return Measured(label, record, proba)


def _own_classes(path: Path, stored: Mapping[str, NDArray[Any]], classes: tuple[str, ...]) -> list[str]:
    names = stored.get("classes", np.zeros(0))
    own = [str(name) for name in names] if names.ndim == 1 else []
    if not own or len(set(own)) < len(own) or not set(own) <= set(classes):
        raise ValueError(
            f"{path}: classes must be different labels of its record; got {own}; run the suite again to redo this cell"
        )
    return own


def _derived_constant(
    head: Mapping[str, Any], classes: tuple[str, ...], labels: Mapping[str, NDArray[np.str_]]
) -> list[Measured]:
    """Derive the constant predictor from the label counts, without a fit and without costs."""
    counts = (head["dataset"].get("class_counts") or {}).get("Training")
    if not isinstance(counts, dict) or not sum(counts.values()):
        return []
    share = np.array([counts.get(name, 0) for name in classes]) / sum(counts.values())
    record = {
        **{"cell_id": "constant", "status": DERIVED, "seed": None, "suite": None, "dataset": head["dataset"]},
        "reason": "no constant recipe was run: worked out from the label counts of Training",
        "recipe": {"name": "constant", "family": "constant"},
        "classes": list(classes),
    }
    proba = {split: np.tile(share, (len(truth), 1)) for split, truth in labels.items()}
    return [Measured("constant", record, proba)]
