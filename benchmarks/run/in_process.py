"""Measure cells in the current process, to debug a failure."""

from collections.abc import Callable, Iterator, Sequence

from ferbench.benchmarks.run.cell import measure
from ferbench.benchmarks.run.job import Job, now
from ferbench.benchmarks.run.outcome import Outcome, ignore_start
from ferbench.benchmarks.store import Store


class InProcessExecutor:
    """Executor that measures cells one after another in the current process and raises their exceptions.

    Use it for debugging. Limits of time and memory are not enforced, and the measured memory is that of the whole
    process, so its records must not be published.

    Attributes
    ----------
    on_start : callable
        Called with each job when its measurement starts.

    See Also
    --------
    make_executor : Make an executor whose records can be published.
    """

    def __init__(self) -> None:
        self.on_start: Callable[[Job], None] = ignore_start

    def threads(self) -> int:
        """Number of threads per cell; the threads of this process are not changed."""
        return 1

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        """Yield the outcome of each job; an exception in a job ends the run."""
        for job in jobs:
            self.on_start(job)
            outbox = store.outbox()
            record = job.blank_record()
            record |= measure(job, outbox, None) | {"status": "ok", "finished": now()}
            yield Outcome(record, outbox)
