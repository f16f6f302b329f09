"""Plan a run: which cells to measure, which to keep, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferbench.benchmarks.fit import bundle_names, in_order
from ferbench.benchmarks.identity import INCOMPLETE, STALE, UNCHECKED, Standing, standing_of
from ferbench.benchmarks.store import Cell, Store
from ferbench.models import recipe_name

# Cells with these statuses are always tried again, because their cause may have been removed.
_RETRIED = ("skipped",)
# Why a record is kept whose identity could not be compared.
_OK = {INCOMPLETE: "ok, identity incomplete", UNCHECKED: "ok, identity not checked"}


@dataclass(frozen=True)
class Step:
    """Planned action of a run for one cell.

    Attributes
    ----------
    cell : Cell
    action : {"run", "keep"}
        Measure the cell, or keep its record.
    why : str
        A short reason for the user.
    """

    cell: Cell
    action: str
    why: str


@dataclass(frozen=True)
class Plan:
    """What a run does with each cell, from the records that are there.

    Attributes
    ----------
    store : Store
    force : bool
        Measure every cell again.
    retry_failed : bool
        Measure failed cells again.
    refresh : bool
        Measure stale cells again, and those whose members are measured again.
    """

    store: Store
    force: bool = False
    retry_failed: bool = False
    refresh: bool = False

    def steps(self, cells: Sequence[Cell]) -> list[Step]:
        """Return one step for each cell, in the same order.

        Raises
        ------
        ValueError
            If a newer version of ferbench wrote the record of a cell.
        """
        records = self.store.records()
        found: dict[str, Step] = {}
        renewed: set[tuple[str, int]] = set()
        # Members come first, so that what depends on a renewed one is known when its turn comes.
        for cell in (cell for cells_of_round in in_order(cells) for cell in cells_of_round):
            step = self._with_members(self._step(cell, records), renewed)
            found[cell.cell_id] = step
            if step.action == "run":
                renewed.add((cell.recipe, cell.seed))
        return [found[cell.cell_id] for cell in cells]

    def _with_members(self, step: Step, renewed: set[tuple[str, int]]) -> Step:
        cell = step.cell
        members = [name for name in bundle_names(cell.params) if (recipe_name(name), cell.seed) in renewed]
        if self.refresh and step.action == "keep" and step.why.startswith("ok") and members:
            return Step(cell, "run", f"stale: member {members[0]} is measured again")
        return step

    def _step(self, cell: Cell, records: Sequence[Mapping[str, Any]]) -> Step:
        self.store.check_writable(cell.cell_id)
        if self.force:
            return Step(cell, "run", "forced")
        try:
            record = self.store.record(cell.cell_id)
        except FileNotFoundError:
            return Step(cell, "run", "not measured yet")
        except ValueError as error:
            return Step(cell, "run", str(error).split("; ")[0])
        if (problem := self.store.problem(record)) is None:
            return self._step_of_ok(cell, standing_of(record, self.store, records))
        return self._step_of_other(cell, record["status"], problem)

    def _step_of_ok(self, cell: Cell, standing: Standing) -> Step:
        if standing.kind != STALE:
            return Step(cell, "keep", _OK.get(standing.kind, "ok"))
        if self.refresh:
            return Step(cell, "run", f"stale: {standing.text}")
        return Step(cell, "keep", f"stale, --refresh measures it again: {standing.text}")

    def _step_of_other(self, cell: Cell, status: str, problem: str) -> Step:
        if status == "ok":
            return Step(cell, "run", f"incomplete: {problem}")
        if self.retry_failed or status in _RETRIED:
            return Step(cell, "run", f"again after {problem}")
        return Step(cell, "keep", f"failed before, --retry-failed tries it again: {problem}")
