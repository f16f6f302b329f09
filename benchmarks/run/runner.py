"""Run a suite: find the cells to measure, run them, and publish their records in the store."""

import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ferbench import models
from ferbench.benchmarks.fit import find_named, in_order
from ferbench.benchmarks.run.executors import LocalExecutor
from ferbench.benchmarks.run.handoff import write_data, write_test_images
from ferbench.benchmarks.run.job import Job, now
from ferbench.benchmarks.run.opening import Gate
from ferbench.benchmarks.run.outcome import Executor, TellsStarts
from ferbench.benchmarks.run.planning import Plan, Step
from ferbench.benchmarks.store import OFFICIAL, Cell, Ledger, Store, Suite, read_arrays
from ferbench.benchmarks.tasks import Task, check_recipe, get_task
from ferbench.datasets import Dataset, PointDataset
from ferbench.utils import did_you_mean


@dataclass
class Summary:
    """Result of a run.

    Attributes
    ----------
    root : Path
        Folder of the data set in the output folder.
    measured : list of dict
        Records written by this run.
    kept : int
        Number of cells whose record was kept.
    failed : list of dict
        Records of the chosen cells that are neither ok nor skipped, including old ones.
    """

    root: Path
    measured: list[dict[str, Any]] = field(default_factory=list)
    kept: int = 0
    failed: list[dict[str, Any]] = field(default_factory=list)


class Run:
    """One run of a suite on a data set.

    Parameters
    ----------
    suite : Suite
    dataset : Dataset or PointDataset
        The data, of the type for the task of the suite.
    output : str or Path, default="results"
        Results go to ``OUTPUT/<dataset name>``, or to ``OUTPUT/keypoints/<dataset name>`` for key points.
    only : sequence of str
        Patterns such as ``hog+*``; only matching cells are measured.
    force : bool
        Measure the chosen cells again even if they have a record.
    retry_failed : bool
        Measure the failed ones of the chosen cells again.
    refresh : bool
        Measure the stale ones of the chosen cells again: those whose parameters, members, declared versions or
        libraries have changed since.

    Raises
    ------
    ValueError
        If a recipe or one of its parameters is unknown, a pattern matches nothing, or the data lacks a split.
    """

    def __init__(
        self,
        suite: Suite,
        dataset: Dataset | PointDataset,
        output: str | Path = "results",
        *,
        only: Sequence[str] = (),
        force: bool = False,
        retry_failed: bool = False,
        refresh: bool = False,
    ) -> None:
        self.task = get_task(suite.task)
        _check_recipes(suite, self.task)
        self.suite, self.dataset = suite, dataset
        self.store, self.cells = self._lay_out(Path(output) / self.task.folder)
        in_order(self.cells)
        self.chosen = [cell for cell in self.cells if cell.matches(only)]
        if not self.chosen:
            raise ValueError(_no_match(only, suite))
        self.force, self.retry_failed, self.refresh = force, retry_failed, refresh
        self._gate = Gate(dataset, self.task, Ledger(self.store.root), "run")
        self.started = ""

    def _lay_out(self, folder: Path) -> tuple[Store, list[Cell]]:
        """Check the data, and return the store and the cells."""
        if self.suite.protocol != OFFICIAL:
            where, name = self.suite.origin or self.suite.name, self.suite.protocol
            raise ValueError(f"{where}: protocol {name!r} makes folds, which only 'ferbench run' measures")
        self.task.check(self.dataset)
        return Store(folder / self.dataset.name), self.suite.cells(self.dataset.fingerprint)

    def is_final(self, cell: Cell) -> bool:
        """Return whether the suite marks a cell as final, so that the test split is opened for it."""
        return self.suite.is_final(cell, drawn=bool(self.dataset.drawn))

    def plan(self) -> list[Step]:
        """Return what :meth:`execute` would do with each chosen cell, without writing anything.

        Raises
        ------
        ValueError
            If a newer version of ferbench wrote the record of a chosen cell.
        """
        return Plan(self.store, self.force, self.retry_failed, self.refresh).steps(self.chosen)

    def execute(
        self,
        executor: Executor | None = None,
        *,
        on_plan: Callable[[list[Step]], None] = lambda steps: None,
        on_start: Callable[[str], None] = lambda cell_id: None,
        on_record: Callable[[dict[str, Any]], None] = lambda record: None,
    ) -> Summary:
        """Measure the cells that need it; each record is stored before the next outcome is handled.

        Parameters
        ----------
        executor : Executor, optional
            Where cells run; by default one after another on this machine.
        on_plan : callable
            Called once with the steps, before anything runs.
        on_start : callable
            Called with the id of each cell when its measurement starts, possibly in another thread. An executor
            that does not say when it starts a cell never calls it.
        on_record : callable
            Called with each new record.

        Raises
        ------
        ValueError
            If another run is writing to the same folder.
        OSError
            If the folder cannot be written to or the disk is full. Records written before are kept.
        """
        executor = executor or LocalExecutor()
        if isinstance(executor, TellsStarts):
            executor.on_start = lambda job: on_start(job.cell.cell_id)
        self.started = now()
        summary = Summary(self.store.root)
        with ExitStack() as stack:
            stack.enter_context(self.store.locked())
            self.store.sweep()
            steps = self.plan()
            on_plan(steps)
            self._write_frame()
            stack.callback(self.store.sweep)
            # Cells that depend on bundles of other cells run after them.
            for cells in in_order([step.cell for step in steps if step.action == "run"]):
                with closing(self._measure(cells, executor)) as records:
                    for record in records:
                        summary.measured.append(record)
                        on_record(record)
        summary.kept = len(steps) - len(summary.measured)
        summary.failed = self._failed()
        return summary

    def figure(self, cell_id: str) -> float:
        """Return the score of a finished cell on the validation split: the accuracy, or the error of key points."""
        arrays = read_arrays(self.store.root / self.task.companion / f"{cell_id}.npz")
        return self.task.figure(arrays, self._gate_of(cell_id).dataset)

    def _measure(self, cells: Sequence[Cell], executor: Executor) -> Generator[dict[str, Any]]:
        jobs = []
        for job in self._jobs(cells, executor.threads()):
            try:
                bundles = self._named(job)
            except (FileNotFoundError, ValueError) as error:
                yield self._skip(job, str(error))
            else:
                jobs.append(replace(job, bundles=bundles))
        if jobs:
            with closing(executor.run(jobs, self.store)) as outcomes:  # type: ignore[type-var]
                for outcome in outcomes:
                    yield self._keep(outcome.record, outcome.outbox)

    def _named(self, job: Job) -> dict[str, str]:
        """The folders of the bundles that a cell names."""
        return find_named(job.cell, self.suite, self.cells, self.store)

    def _skip(self, job: Job, reason: str) -> dict[str, Any]:
        record = job.blank_record() | {"status": "skipped", "reason": reason, "finished": now()}
        try:
            known = self.store.record(job.cell.cell_id)["status"]
        except (FileNotFoundError, ValueError):
            known = None
        # Records whose bundles are on another machine are kept, because they are still valid.
        if known != "ok":
            self.store.write_record(record)
        return record

    def _write_frame(self) -> None:
        cells = [cell.cell_id for cell in self.cells]
        block = self.task.block(self.dataset)
        self.store.write_suite(self.suite.as_dict() | {"cells": cells, "dataset_block": block})
        self.store.write_rows(self._rows())

    def _rows(self) -> dict[str, Any]:
        """The arrays of ``rows.npz``."""
        return self.task.rows(self.dataset)

    def _jobs(self, cells: Sequence[Cell], threads: int) -> list[Job]:
        data, block = str(write_data(self.dataset, self.task)), self.task.block(self.dataset)
        self._forget_checkpoints(cells)
        limits: dict[str, Any] = {"time_s": self.suite.time_s, "memory_mb": self.suite.memory_mb, "threads": threads}
        limits["run"] = self.started
        test = self._test_images(cells)
        return [
            Job(cell, self.suite.name, block, data, **limits, task=self.task.name, test=test if final else "")
            for cell in cells
            for final in (self.is_final(cell),)
        ]

    def _forget_checkpoints(self, cells: Sequence[Cell]) -> None:
        """With `force` a finished fit must start again, not resume from its last epoch."""
        for cell in cells if self.force else ():
            shutil.rmtree(self.store.checkpoints(cell.cell_id), ignore_errors=True)

    def _test_images(self, cells: Sequence[Cell]) -> str:
        """Return the folder with the test images for this run, or an empty string if no cell is final."""
        if not any(map(self.is_final, cells)):
            return ""
        return str(write_test_images(self.dataset, self.task, self.store.outbox()).resolve())

    def _keep(self, record: dict[str, Any], outbox: Path) -> dict[str, Any]:
        if record["status"] == "ok" and self._is_final_id(record["cell_id"]):
            record = self._gate_of(record["cell_id"]).complete(record, outbox, note="forced" if self.force else "")
        if record["status"] == "ok":
            self.store.publish(record, outbox)
            shutil.rmtree(self.store.checkpoints(record["cell_id"]), ignore_errors=True)
        else:
            self.store.write_record(record)
        shutil.rmtree(outbox, ignore_errors=True)
        return record

    def _gate_of(self, cell_id: str) -> Gate:
        """The gate to the test part of a cell."""
        return self._gate

    def _is_final_id(self, cell_id: str) -> bool:
        return any(cell.cell_id == cell_id and self.is_final(cell) for cell in self.cells)

    def _failed(self) -> list[dict[str, Any]]:
        records = [self.store.record(cell.cell_id) for cell in self.chosen]
        return [record for record in records if record["status"] not in ("ok", "skipped")]


def _check_recipes(suite: Suite, task: Task) -> None:
    for name in suite.recipes:
        try:
            recipe = models.get_recipe(name)
            check_recipe(task, name, recipe.family)
            recipe.build(**suite.params.get(name, {}))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{suite.origin or suite.name}: {error}") from error
        except ImportError:
            continue  # A missing extra: the record of the cell names it, and the other cells run.


def _no_match(only: Sequence[str], suite: Suite) -> str:
    hints = [hint for pattern in only if (hint := did_you_mean(pattern, suite.recipes))]
    hint = hints[0] if hints else f"its recipes are {', '.join(suite.recipes)}"
    return f"--only {' '.join(only)} matches no recipe of suite {suite.name}; {hint}"
