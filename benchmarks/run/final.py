"""Score final cells on the test split, if they were measured without it."""

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import Any

from ferbench.benchmarks.fit import find_named
from ferbench.benchmarks.run.executors import LocalExecutor
from ferbench.benchmarks.run.handoff import write_data, write_test_images
from ferbench.benchmarks.run.job import Job, now
from ferbench.benchmarks.run.opening import Gate
from ferbench.benchmarks.run.outcome import Executor
from ferbench.benchmarks.run.runner import Run, Step, Summary
from ferbench.benchmarks.store import Cell, Ledger, Suite, check_suite, final_record, load_suite, write_final
from ferbench.datasets import Dataset, PointDataset
from ferbench.utils import read_json


class FinalScoring:
    """One opening of the test split for measured cells of a suite that are marked as final.

    Nothing is fitted. A child process loads the bundle of a cell and predicts the test images without their labels.
    This process writes the opening to the ledger and compares the predictions with the labels. The record of the cell
    is not changed.

    Parameters
    ----------
    suite : Suite
    dataset : Dataset or PointDataset
        The data on which the cells were measured.
    output : str or Path, default="results"
        Output folder of the run.
    only : sequence of str
        Patterns such as ``hog+*``; only matching cells are scored.
    again : bool
        Open the split again for cells for which it was already opened; the ledger counts each opening.

    Raises
    ------
    ValueError
        If a chosen cell is not marked as final, was not measured, or has no bundle.

    See Also
    --------
    ferbench.benchmarks.run.Run : measures the cells.
    """

    def __init__(
        self,
        suite: Suite,
        dataset: Dataset | PointDataset,
        output: str | Path = "results",
        *,
        only: Sequence[str] = (),
        again: bool = False,
    ) -> None:
        self._run = Run(suite, dataset, output, only=only)
        self.suite, self.dataset, self.again = suite, dataset, again
        self.task, self.store = self._run.task, self._run.store
        self.chosen = self._marked(bool(only))
        self._records = {cell.cell_id: self._measured(cell) for cell in self.chosen}

    def plan(self) -> list[Step]:
        """Return what :meth:`execute` would do with each chosen cell, without opening the split."""
        return [self._step(cell) for cell in self.chosen]

    def execute(
        self,
        executor: Executor | None = None,
        *,
        on_plan: Callable[[list[Step]], None] = lambda steps: None,
        on_record: Callable[[dict[str, Any]], None] = lambda record: None,
    ) -> Summary:
        """Open the test split for the cells that need it.

        Parameters
        ----------
        executor : Executor, optional
            Where the predictions run; by default on this machine.
        on_plan : callable
            Called once with the steps, before anything is opened.
        on_record : callable
            Called with each final record, and with the record of each cell whose prediction failed.

        Returns
        -------
        Summary
            ``measured`` has the final records. ``failed`` has the records of cells whose prediction failed; the split
            was not opened for them.

        Raises
        ------
        ValueError
            If another run is writing to the same folder.
        OSError
            If the folder cannot be written to.
        """
        executor = executor or LocalExecutor()
        summary = Summary(self.store.root)
        with ExitStack() as stack:
            stack.enter_context(self.store.locked())
            stack.callback(self.store.sweep)
            steps = self.plan()
            on_plan(steps)
            jobs = [self._job(step.cell, executor) for step in steps if step.action == "run"]
            summary.kept = len(steps) - len(jobs)
            gate = Gate(self.dataset, self.task, Ledger(self.store.root), "score-final")
            for outcome in executor.run(jobs, self.store) if jobs else ():
                record = self._score(gate, outcome.record, outcome.outbox)
                (summary.measured if record["status"] == "ok" else summary.failed).append(record)
                on_record(record)
                shutil.rmtree(outcome.outbox, ignore_errors=True)
        return summary

    def _score(self, gate: Gate, answered: dict[str, Any], outbox: Path) -> dict[str, Any]:
        if answered["status"] != "ok":
            return answered
        cell_id = answered["cell_id"]
        record = self._records[cell_id]
        try:
            opened = gate.open({**record, "suite": self.suite.name}, outbox, note="again" if self.again else "")
        except ValueError as error:
            return answered | {"status": "error", "reason": f"ValueError: {error}"}
        content = {
            **{name: record[name] for name in ("cell_id", "dataset", "recipe", "seed", "classes")},
            "status": "ok",
            "suite": self.suite.name,
            "task": self.task.name,
            "split": self.task.test,
            "scores": dict(opened.scores),
            **{name: answered[name] for name in ("environment", "started")},
            "finished": now(),
        }
        path = write_final(self.store, content, {self.task.test: opened.kept})
        return dict(json.loads(path.read_bytes()))

    def _marked(self, named: bool) -> list[Cell]:
        """Return the chosen cells that are final; raise an error for a named cell that is not final."""
        final = [cell for cell in self._run.chosen if self._run.is_final(cell)]
        others = [cell.recipe for cell in self._run.chosen if cell not in final]
        if not final or (named and others):
            recipes = ", ".join(dict.fromkeys(others[:3])) + (", …" if len(others) > 3 else "")
            raise ValueError(
                f"{self.suite.origin or self.suite.name} does not mark {recipes} as final, so {self.task.test} stays "
                "closed; once nothing is chosen any more, add the recipe to its key 'final' (final = [\"RECIPE\"])"
            )
        return final

    def _measured(self, cell: Cell) -> dict[str, Any]:
        remedy = f"measure it first: ferbench run {self.suite.name} --only '{cell.recipe}'"
        try:
            record = self.store.record(cell.cell_id)
        except FileNotFoundError:
            raise ValueError(f"{cell.cell_id} has no record in {self.store.root}; {remedy}") from None
        if record["status"] != "ok":
            raise ValueError(f"{cell.cell_id} ended as {record['status']} in {self.store.root}; {remedy}")
        return record

    def _step(self, cell: Cell) -> Step:
        if self.again or not self._is_open(cell.cell_id):
            self._check_answers(cell)
            return Step(cell, "run", "again" if self.again else f"{self.task.test} not opened yet")
        openings = Ledger(self.store.root).of_cell(cell.cell_id)
        when = f" on {openings[-1].when[:10]}" if openings else ""
        return Step(cell, "keep", f"opened already{when}")

    def _is_open(self, cell_id: str) -> bool:
        kept = self.store.errors if self.task.companion == "errors" else self.store.probabilities
        return self.task.test in kept(cell_id) or final_record(self.store, cell_id) is not None

    def _check_answers(self, cell: Cell) -> None:
        record = self._records[cell.cell_id]
        if record["recipe"].get("family") == "pretrained" and not record["bundle"]:
            return
        if problem := self.store.problem(record):
            raise ValueError(f"{cell.cell_id} cannot answer: {problem}; it needs the bundle that was measured")
        if not record["bundle"]:
            raise ValueError(
                f"{cell.cell_id} has no bundle, so nothing can answer for it later; mark it as final and measure it "
                f"again: ferbench run {self.suite.name} --only '{cell.recipe}' --force"
            )

    def _job(self, cell: Cell, executor: Executor) -> Job:
        record = self._records[cell.cell_id]
        images = write_test_images(self.dataset, self.task, self.store.outbox()).resolve()
        own = str((self.store.root / record["bundle"]).resolve()) if record["bundle"] else ""
        return Job(
            cell,
            self.suite.name,
            self.task.block(self.dataset),
            str(write_data(self.dataset, self.task)),
            time_s=self.suite.time_s,
            memory_mb=self.suite.memory_mb,
            threads=executor.threads(),
            bundles={} if own else find_named(cell, self.suite, self._run.cells, self.store),
            task=self.task.name,
            test=str(images),
            answer_only=True,
            bundle=own,
        )


def find_suite(name_or_folder: str | Path) -> tuple[Suite, Path | None]:
    """Read a suite by name, by file, or from a results folder.

    Returns
    -------
    Suite
    Path or None
        The results folder, if one was given.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such suite, or ``suite.json`` in the folder is damaged.
    """
    folder = Path(name_or_folder)
    if not folder.is_dir():
        return load_suite(name_or_folder), None
    path = folder / "suite.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; name a suite, or a results folder such as results/fer2013")
    return _from_json(path, check_suite(str(path), read_json(path))), folder


def _from_json(path: Path, content: Any) -> Suite:
    known = {field.name for field in fields(Suite)} - {"origin"}
    try:
        values = {name: value for name, value in content.items() if name in known}
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return Suite(**{**values, **lists}, origin=str(path))
    except (AttributeError, TypeError) as error:
        raise ValueError(f"{path}: not the suite of a run ({error}); run the suite again to rewrite it") from error
