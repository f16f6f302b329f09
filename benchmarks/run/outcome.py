"""What an executor is to the driver: the protocol, and how a cell ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ferbench.benchmarks.run.job import Job
from ferbench.benchmarks.store import Store


@dataclass(frozen=True)
class Outcome:
    """How a cell ended.

    Attributes
    ----------
    record : dict
        The cell's record.
    outbox : Path
        Folder on the store's file system with the companions of an ok record.
    """

    record: dict[str, Any]
    outbox: Path


class Executor(Protocol):
    """Runs cells somewhere and brings their outcomes to the driver, in any order."""

    def threads(self) -> int:
        """Threads that each cell may use."""
        ...

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        """Yield one outcome for each job as it ends; closing the iterator stops what still runs.

        Raises
        ------
        OSError
            If results cannot be written any more.
        """
        ...
