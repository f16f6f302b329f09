"""Run cells in child processes on this machine, or choose another executor by name."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from ferbench.benchmarks.run.dask import DaskExecutor
from ferbench.benchmarks.run.job import Job
from ferbench.benchmarks.run.outcome import Executor, Outcome, ignore_start
from ferbench.benchmarks.run.process import cell_environment, run_cell
from ferbench.benchmarks.run.warm import WarmStart
from ferbench.benchmarks.store import Store
from ferbench.utils import usable_cores


class LocalExecutor:
    """Executor that runs cells in child processes on this machine.

    Parameters
    ----------
    jobs : int, default=1
        Number of cells that run in parallel; they share the cores.

    Attributes
    ----------
    on_start : callable
        Called with each job when its measurement starts, in the thread that waits for it.

    Raises
    ------
    ValueError
        If `jobs` is below 1.
    """

    def __init__(self, jobs: int = 1) -> None:
        if jobs < 1:
            raise ValueError(f"jobs must be at least 1; got {jobs}")
        self.jobs = jobs
        self.on_start: Callable[[Job], None] = ignore_start

    def threads(self) -> int:
        """Threads per cell: the cores of this process divided among the parallel cells."""
        return max(1, usable_cores() // self.jobs)

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        """Yield the outcome of each job when it ends; closing the iterator kills the running jobs."""
        stop = threading.Event()

        def one(job: Job) -> Outcome | None:
            if stop.is_set():
                return None
            self.on_start(job)
            outbox = store.outbox()
            warm = warm_of.get() if job.protocol and hasattr(os, "fork") else None
            record = run_cell(job, outbox, store.checkpoints(job.cell.cell_id), stop.is_set, warm)
            return Outcome(record, outbox) if record else None

        with _Warm(self.threads()) as warm_of, ThreadPoolExecutor(self.jobs) as pool:
            futures = [pool.submit(one, job) for job in jobs]
            try:
                for future in as_completed(futures):
                    if outcome := future.result():
                        yield outcome
            finally:
                stop.set()
                for future in futures:
                    future.cancel()


class _Warm:
    """One :class:`WarmStart` for each thread that uses it."""

    def __init__(self, threads: int) -> None:
        self._threads, self._of = threads, dict[int, WarmStart]()

    def __enter__(self) -> "_Warm":
        return self

    def get(self) -> WarmStart:
        key = threading.get_ident()
        known = self._of.get(key)
        if known is not None and known.alive:
            return known
        if known is not None:
            known.close()
        self._of[key] = WarmStart(cell_environment(self._threads))
        return self._of[key]

    def __exit__(self, *_: object) -> None:
        for each in self._of.values():
            each.close()


def make_executor(name: str, jobs: int = 1) -> Executor:
    """Return the executor that a command line names.

    Parameters
    ----------
    name : str
        ``"local"`` or ``"dask://HOST:PORT"``.
    jobs : int, default=1
        Number of cells that run in parallel on this machine.

    Raises
    ------
    ValueError
        If there is no such executor.
    ImportError
        If the extra ``dask`` is not installed.
    OSError
        If no Dask scheduler answers.
    """
    if name == "local":
        return LocalExecutor(jobs)
    if name.startswith("dask://"):
        return DaskExecutor(name)
    raise ValueError(f"executor must be 'local' or 'dask://HOST:PORT'; got {name!r}")
