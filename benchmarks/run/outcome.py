"""Define the protocol of executors and the outcome of a cell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ferbench.benchmarks.run.job import Job
from ferbench.benchmarks.store import Store


@dataclass(frozen=True)
class Outcome:
    """Outcome of a cell.

    Attributes
    ----------
    record : dict
        The record of the cell.
    outbox : Path
        Folder on the file system of the store with the files of an ok record.
    """

    record: dict[str, Any]
    outbox: Path


class Executor(Protocol):
    """Protocol of an executor, which runs cells and yields their outcomes in any order."""

    def threads(self) -> int:
        """Number of threads per cell."""
        ...

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        """Yield the outcome of each job when it ends; closing the iterator stops the running jobs.

        Raises
        ------
        OSError
            If results can no longer be written.
        """
        ...


@runtime_checkable
class TellsStarts(Protocol):
    """Protocol of an executor that says when it starts a cell. An executor need not do so.

    Attributes
    ----------
    on_start : callable
        Called with each job when its measurement starts, possibly in another thread.
    """

    on_start: Callable[[Job], None]


def ignore_start(job: Job) -> None:
    """Do nothing: the start of a job is of no interest."""
