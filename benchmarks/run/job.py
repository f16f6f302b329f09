"""What the runner tells the child process of a cell, and the few things that both have to know."""

import errno
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ferbench.benchmarks.store import SCHEMA, Cell
from ferbench.benchmarks.tasks import get_task

# They say something about the disk and nothing about the cell: full, over quota, read-only, broken.
STORAGE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
# The child's exit code for the first of them; the others follow. Signals take the codes up to 192.
STORAGE_EXIT = 200


@dataclass(frozen=True)
class Job:
    """Everything a child process has to know to measure one cell.

    Attributes
    ----------
    cell : Cell
        What to measure.
    suite : str
        Name of the suite, for the record.
    dataset : mapping
        The record's block about the data: name, fingerprint, counts.
    data : str
        Folder with Training and the validation split, from :func:`ferbench.benchmarks.run.handoff.write_data`.
    time_s, memory_mb : float
        Limits: seconds of wall time, MiB of memory of the whole process tree.
    threads : int
        Threads that numerical libraries may use.
    bundles : mapping of str to str
        Folder of each bundle that the cell's parameters name.
    task : str
        What the recognizer has to do.
    test : str
        Folder with the images of the test split, without labels; empty unless the cell is final.
    answer_only : bool
        Measure nothing, and fit nothing that has a bundle: answer the images of the test split.
    bundle : str
        Folder of the bundle that answers; empty where the recognizer is put together of `bundles`.
    """

    cell: Cell
    suite: str
    dataset: Mapping[str, Any]
    data: str
    time_s: float
    memory_mb: float
    threads: int
    bundles: Mapping[str, str] = field(default_factory=dict)
    task: str = "expressions"
    test: str = ""
    answer_only: bool = False
    bundle: str = ""

    def for_child(self) -> "Job":
        """The job as the process that fits may know it: without how often each label stands in the test split."""
        test = get_task(self.task).test
        known = {split: n for split, n in self.dataset.get("class_counts", {}).items() if split != test}
        return replace(self, dataset={**self.dataset, "class_counts": known} if known else dict(self.dataset))

    def blank_record(self) -> dict[str, Any]:
        """Build the record's fixed part, before anything is measured."""
        cell = self.cell
        return {
            "schema": SCHEMA,
            "cell_id": cell.cell_id,
            "status": "error",
            "reason": None,
            "suite": self.suite,
            "task": self.task,
            "dataset": dict(self.dataset),
            "recipe": {"name": cell.recipe, "family": None, "params": dict(cell.params)}
            | {"implementation": None, "probabilities": None},
            "seed": cell.seed,
            "classes": sorted(self.dataset.get("class_counts", {}).get("Training", {})),
            "timings": dict.fromkeys(("extract_s", "fit_s", "predict_s", "throughput_images_per_s", "latency_ms")),
            "size_bytes": None,
            "peak_memory_bytes": None,
            "history": None,
            "environment": None,
            "started": now(),
            "finished": None,
            "bundle": None,
            "files": {},
            "traceback": None,
        }

    def to_json(self) -> str:
        """Text that :meth:`from_json` turns into an equal job."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Rebuild a job from its text."""
        fields = json.loads(text)
        return cls(**{**fields, "cell": Cell(**fields["cell"])})


def now() -> str:
    """Present time, ISO 8601, UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
