"""Define the job that the runner passes to the child process of a cell."""

import errno
import json
import os
import sysconfig
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ferbench.benchmarks.store import SCHEMA, Cell
from ferbench.benchmarks.tasks import get_task

# Folders of installed code, and what stands for them in a record.
_FOLDERS = {
    str(Path(__file__).resolve().parents[2]): "ferbench",
    sysconfig.get_path("purelib"): "site-packages",
    sysconfig.get_path("stdlib"): "python",
}
# Errors of the disk, not of the cell: full, over quota, read-only, broken.
STORAGE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
# Exit code of the child for the first of these errors; the others follow. Signals use the codes up to 192.
STORAGE_EXIT = 200
# File of a final cell in the outbox: predictions on the images of the test split.
ANSWERS = "answers.npz"


@dataclass(frozen=True)
class Job:
    """Description of one cell for the child process that measures it.

    Attributes
    ----------
    cell : Cell
        The cell to measure.
    suite : str
        Name of the suite, for the record.
    dataset : mapping
        The part of the record about the data: name, fingerprint, counts.
    data : str
        Folder with Training and the validation split, from :func:`ferbench.benchmarks.run.handoff.write_data`.
    time_s, memory_mb : float
        Limits: wall time in seconds, and memory of the whole process tree in MiB.
    threads : int
        Threads that numerical libraries may use.
    bundles : mapping of str to str
        Folder of each bundle that the cell's parameters name.
    task : str
        Task of the recognizer.
    test : str
        Folder with the images of the test split, without labels; empty unless the cell is final.
    answer_only : bool
        Only predict the images of the test split, without a measurement. A recognizer with a bundle is not fitted.
    bundle : str
        Folder of the bundle that predicts; empty if the recognizer combines `bundles`.
    run : str
        The run that measures the cell: when it started. Times are compared only within one run.
    protocol : mapping
        The fold that the cell measures, for the record; empty for the official split. A cell of a fold saves no bundle
        and is not timed.
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
    run: str = ""
    protocol: Mapping[str, Any] = field(default_factory=dict)

    def for_child(self) -> "Job":
        """Return the job for the process that fits, without the label counts of the test split."""
        test = get_task(self.task).test
        known = {split: n for split, n in self.dataset.get("class_counts", {}).items() if split != test}
        return replace(self, dataset={**self.dataset, "class_counts": known} if known else dict(self.dataset))

    def blank_record(self) -> dict[str, Any]:
        """Build the part of the record that is known before the measurement."""
        cell = self.cell
        return {
            "schema": SCHEMA,
            "cell_id": cell.cell_id,
            "status": "error",
            "reason": None,
            "suite": self.suite,
            "run": self.run or None,
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
        } | ({"protocol": dict(self.protocol)} if self.protocol else {})

    def to_json(self) -> str:
        """Return the job as text for :meth:`from_json`."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Rebuild a job from its text."""
        fields = json.loads(text)
        return cls(**{**fields, "cell": Cell(**fields["cell"])})


def trace_of(error: BaseException) -> str:
    """Return the traceback of an error for a record, without the folders of this machine."""
    text = "".join(traceback.format_exception(error))
    # The innermost first: one of them may lie within another.
    for folder, name in sorted(_FOLDERS.items(), key=lambda item: -len(item[0])):
        text = text.replace(f"{folder}{os.sep}", f"{name}/")
    return text


def now() -> str:
    """Return the current time in UTC (ISO 8601) with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
