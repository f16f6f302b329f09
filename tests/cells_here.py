"""Runs and reports without what a test does not look at: new processes for cells, drawn plots."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from thirdparty_package import know_spies

from ferbench.benchmarks.pages import drawings
from ferbench.benchmarks.run import cell
from ferbench.benchmarks.run.job import Job
from ferbench.benchmarks.run.outcome import Outcome
from ferbench.benchmarks.run.process import cell_environment, run_cell
from ferbench.benchmarks.run.warm import WarmStart
from ferbench.benchmarks.store.store import Store
from ferbench.benchmarks.store.timing import measure_latency

# Enough for the 90th percentile of a latency.
CALLS = 70


class CellsHere:
    """Executor that measures each cell as its process would, failures included, but in the process of the test.

    Starting a process and importing takes longer than most small cells. Limits of time and memory are not kept.
    """

    def threads(self) -> int:
        return 1

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        for job in jobs:
            outbox = store.outbox()
            (outbox / "job.json").write_text(job.for_child().to_json(), encoding="utf-8")
            # The guard of a cell would kill the process of the test.
            with mock.patch.object(cell, "_start_guard"), mock.patch.object(cell.store, "measure_latency", _few_calls):
                assert cell.main([str(outbox), str(store.checkpoints(job.cell.cell_id))]) == 0
            record = json.loads((outbox / "record.json").read_bytes()) | {"dataset": dict(job.dataset)}
            yield Outcome(record, outbox)


class ForkedCells:
    """Executor whose cells are forked from one process that has imported the libraries, as those of folds are.

    They are watched, limited and stopped as all cells are.
    """

    def __init__(self) -> None:
        self.warm = WarmStart(cell_environment(1))

    def threads(self) -> int:
        return 1

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        for job in jobs:
            outbox = store.outbox()
            record = run_cell(job, outbox, store.checkpoints(job.cell.cell_id), lambda: False, self.warm)
            assert record is not None
            yield Outcome(record, outbox)


def _few_calls(predict: Any, images: Any, **options: Any) -> dict[str, int | float | None]:
    return measure_latency(predict, images, **{**options, "n": CALLS})


@contextmanager
def known_spies(log: Path) -> Iterator[Path]:
    """Make the third-party package with the recipes that watch and misbehave known, as the fixture ``spies`` does."""
    with pytest.MonkeyPatch.context() as patch:
        yield know_spies(patch, log)


@contextmanager
def undrawn(*drawn: str, page: bool = False) -> Iterator[None]:
    """Reports have all their tables, pages and files, but an empty picture for each plot, whose numbers are made.

    Parameters
    ----------
    *drawn : str
        Names of plots that are drawn all the same.
    page : bool
        Draw all plots of the page.
    """
    real_svg, real_plots = drawings.raw_svg, drawings.write_plots

    def svg(name: str, make: Any) -> str:
        if page or name in drawn:
            return real_svg(name, make)
        make()
        return f'<svg width="1" height="1" viewBox="0 0 1 1"><title>{name}</title></svg>'

    def plots(makers: Mapping[str, Any], folder: Path) -> list[str]:
        return real_plots(
            {name: make if name in drawn else partial(_Undrawn, make) for name, make in makers.items()}, folder
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drawings, "raw_svg", svg)
        patch.setattr(drawings, "write_plots", plots)
        yield


class _Undrawn:
    def __init__(self, make: Any) -> None:
        make()

    def png(self, dpi: int) -> bytes:
        return b"\x89PNG"
