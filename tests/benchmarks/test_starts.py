"""A run says which cell is in work, where its executor says so."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cells_here import CellsHere

from ferbench.benchmarks.run import Run, executors
from ferbench.benchmarks.run.executors import LocalExecutor
from ferbench.benchmarks.store import Suite
from ferbench.datasets import Dataset, make_faces


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, size=24, random_state=0)


def test_each_cell_is_told_when_it_starts_also_where_two_run_at_once(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = threading.Barrier(2, timeout=30)

    def run_cell(job: Any, outbox: Path, checkpoints: Path, stopped: Callable[[], bool], warm: Any) -> dict[str, Any]:
        both.wait()
        assert job.cell.cell_id in started
        return job.blank_record() | {"reason": "not measured"}

    monkeypatch.setattr(executors, "run_cell", run_cell)
    run, started, at_record = Run(Suite("small", ("constant", "pixels+tree"), seeds=(0, 1)), faces, tmp_path), [], []
    run.execute(LocalExecutor(2), on_start=started.append, on_record=lambda record: at_record.append(len(started)))
    assert sorted(started) == sorted(cell.cell_id for cell in run.cells)
    assert at_record[0] >= 2, "both were told before the first one ended"


def test_an_executor_that_does_not_say_so_works_too(faces: Dataset, tmp_path: Path) -> None:
    started: list[str] = []
    summary = Run(Suite("small", ("constant",)), faces, tmp_path).execute(CellsHere(), on_start=started.append)
    assert [record["status"] for record in summary.measured] == ["ok"]
    assert started == []
