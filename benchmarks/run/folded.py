"""Run a suite under a protocol: each fold of each recipe is a cell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.run.folds import Fold, folder_name, plan_folds, refuse_seen_bundles
from ferbench.benchmarks.run.handoff import write_data, write_test_images
from ferbench.benchmarks.run.job import Job
from ferbench.benchmarks.run.opening import Gate
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store import Cell, Ledger, Store, Suite
from ferbench.datasets import Dataset, find_leaks


class FoldedRun(Run):
    """One run of a suite under a protocol that makes folds.

    Results go to ``OUTPUT/<dataset>-<protocol>``, or ``OUTPUT/<dataset>-to-<other>`` for ``cross``. The test part of
    each fold is opened for its own cells; an official test part is in no fold.

    Parameters
    ----------
    suite : Suite
        With a `protocol` other than ``official``.
    dataset : Dataset
        What is divided.
    output : str or Path, default="results"
    test : Dataset, optional
        The data set that ``cross`` tests on.
    only, force, retry_failed, refresh
        As for :class:`Run`.

    Raises
    ------
    ValueError
        If the protocol cannot divide the data, or a recipe or parameter is unknown.
    """

    def __init__(
        self,
        suite: Suite,
        dataset: Dataset,
        output: str | Path = "results",
        *,
        test: Dataset | None = None,
        only: Sequence[str] = (),
        force: bool = False,
        retry_failed: bool = False,
        refresh: bool = False,
    ) -> None:
        self.test = test
        super().__init__(suite, dataset, output, only=only, force=force, retry_failed=retry_failed, refresh=refresh)

    def is_final(self, cell: Cell) -> bool:
        """True: the test part of a fold is drawn, or belongs to another data set, so it is opened for its cells."""
        return True

    def _lay_out(self, folder: Path) -> tuple[Store, list[Cell]]:
        self.folds = plan_folds(self.suite, self._faces(), self.test)
        for fold in self.folds:
            self.task.check(fold.dataset)
        made = [
            (fold, fold.cell(self.suite, recipe))
            for seed in self.suite.seeds
            for recipe in self.suite.recipes
            for fold in self.folds
            if fold.seed == seed
        ]
        self._fold_of = {cell.cell_id: fold for fold, cell in made}
        return Store(folder / folder_name(self.suite, self._faces(), self.test)), [cell for _, cell in made]

    def _faces(self) -> Dataset:
        if not isinstance(self.dataset, Dataset):
            raise ValueError(f"protocol {self.suite.protocol!r} divides faces with expressions; got key points")
        return self.dataset

    def _jobs(self, cells: Sequence[Cell], threads: int) -> list[Job]:
        self._forget_checkpoints(cells)
        needed = {self._fold_of[cell.cell_id] for cell in cells}
        # Beside the results, and not in the cache: a fold is seldom needed again, and by no other run.
        data = {fold: str(write_data(fold.dataset, self.task, self.store.outbox()).resolve()) for fold in needed}
        test = {fold: str(write_test_images(fold.dataset, self.task, self.store.outbox()).resolve()) for fold in needed}
        limits: dict[str, Any] = {"time_s": self.suite.time_s, "memory_mb": self.suite.memory_mb, "threads": threads}
        limits["run"] = self.started
        return [
            Job(
                cell,
                self.suite.name,
                self.task.block(fold.dataset),
                data[fold],
                **limits,
                task=self.task.name,
                test=test[fold],
                protocol=fold.record(),
            )
            for cell in cells
            for fold in (self._fold_of[cell.cell_id],)
        ]

    def _named(self, job: Job) -> dict[str, str]:
        folders = super()._named(job)
        refuse_seen_bundles(list(folders.values()), job.protocol)
        return folders

    def _gate_of(self, cell_id: str) -> Gate:
        return Gate(self._fold_of[cell_id].dataset, self.task, Ledger(self.store.root), "run")

    def _rows(self) -> dict[str, Any]:
        return fold_rows(self.folds, self._faces(), self.task.validation, self.task.test)


def fold_rows(folds: Sequence[Fold], dataset: Dataset, validation: str, test: str) -> dict[str, NDArray[Any]]:
    """The arrays of ``rows.npz``: one line for each row of each part that is scored, with its person as a number.

    Returns
    -------
    dict of ndarray
        ``fingerprint`` and ``protocol``; ``fold_names``, ``fold_seeds``, ``fold_fingerprints``, ``fold_training``
        (number of training images); and the long columns ``fold`` (place in those), ``is_test``, ``label``, ``person``
        (-1 where nobody is known), ``row`` (number of the image) and ``leaked`` (an exact copy is in Training). Where
        the data has group columns, also ``group_columns`` (their names) and ``group`` (a column of values for each).
    """
    nobody = np.array("")
    people = _numbers(
        [np.broadcast_to(nobody if (of := fold.dataset).groups is None else of.groups, len(of)) for fold in folds]
    )
    images = _numbers([fold.dataset.ids for fold in folds])
    columns: dict[str, list[NDArray[Any]]] = {
        name: [] for name in ("fold", "is_test", "label", "person", "row", "leaked")
    }
    for place, fold in enumerate(folds):
        leaked = find_leaks(fold.dataset)
        for part in (validation, test):
            rows = fold.dataset.rows(part)
            columns["fold"].append(np.full(len(rows), place, np.int32))
            columns["is_test"].append(np.full(len(rows), part == test))
            columns["label"].append(fold.dataset.labels[rows])
            columns["person"].append(people[place][rows])
            columns["row"].append(images[place][rows])
            columns["leaked"].append(leaked[rows])
    return {
        "fingerprint": np.array(dataset.fingerprint),
        "protocol": np.array(folds[0].about["name"]),
        "fold_names": np.array([fold.name for fold in folds]),
        "fold_seeds": np.array([fold.seed for fold in folds], np.int64),
        "fold_fingerprints": np.array([fold.dataset.fingerprint for fold in folds]),
        "fold_training": np.array([len(fold.dataset.rows("Training")) for fold in folds], np.int64),
        **{name: np.concatenate(parts) for name, parts in columns.items()},
        **_group_columns(folds, (validation, test)),
    }


def _group_columns(folds: Sequence[Fold], parts: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Names of the group columns and their values, row by row as the long columns; nothing where there are none."""
    names = list(folds[0].dataset.attributes)
    if not names:
        return {}
    values = [
        np.stack([fold.dataset.attributes[name][fold.dataset.rows(part)] for name in names], axis=1)
        for fold in folds
        for part in parts
    ]
    return {"group_columns": np.array(names), "group": np.concatenate(values)}


def _numbers(columns: Sequence[NDArray[np.str_]]) -> list[NDArray[np.int32]]:
    """Number the names of all folds, the same name everywhere with the same number; -1 for an empty name."""
    names = np.unique(np.concatenate(columns))
    names = names[names != ""]
    return [np.where(column == "", -1, np.searchsorted(names, column)).astype(np.int32) for column in columns]
