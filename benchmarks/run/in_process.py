"""Measure cells in this very process, to look into a failure with a debugger."""

from collections.abc import Iterator, Sequence

from ferbench.benchmarks.run.cell import measure
from ferbench.benchmarks.run.executors import Outcome
from ferbench.benchmarks.run.job import Job, now
from ferbench.benchmarks.store import Store


class InProcessExecutor:
    """Measures cells one after another in the process that calls it, and lets their exceptions through.

    Limits of time and memory are not kept, and the memory that is measured is that of the whole process: its records
    are for looking at, not for a table.

    See Also
    --------
    make_executor : executors whose records can be published.
    """

    def threads(self) -> int:
        """Threads of this process are left as they are."""
        return 1

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        """Yield the outcome of each job; whatever a job raises ends the run."""
        for job in jobs:
            outbox = store.outbox()
            record = job.blank_record()
            record |= measure(job, outbox, None) | {"status": "ok", "finished": now()}
            yield Outcome(record, outbox)
