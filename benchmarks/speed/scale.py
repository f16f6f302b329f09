"""Measure whole fits on growing numbers of drawn faces: time, and memory at its peak."""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ferbench import datasets
from ferbench.benchmarks.live import run_child
from ferbench.benchmarks.store import write_record_file
from ferbench.utils import load_average

#: What is measured: recipes that are fitted block by block, and one epoch of networks; with their parameters.
SCALED: Mapping[str, Mapping[str, Any]] = {
    "hog+sgd-logreg": {},
    "pixels+sgd-svm": {},
    "cnn@tiny": {"architecture": "tiny", "epochs": 1},
    "cnn@4conv-thin": {"architecture": "cnn-4conv-thin", "epochs": 1},
}
# Further faces, on which the accuracy is measured.
N_NEW = 20_000
# The first of them validate a network.
N_VALIDATION = 1000
SEED, SIDE = 0, 48
_LEAST = 1000

Record = dict[str, Any]


class ScaleBench:
    """The scale benchmark: fits recipes on growing numbers of drawn faces, each in a process of its own.

    The faces are drawn once. Each process reads its images from a memory map.

    Parameters
    ----------
    output : Path
        Folder for the records.
    sizes : sequence of int
        Numbers of training images.
    recipes : mapping of str to mapping
        Recipes that are fitted block by block, or networks, with their parameters.
    limit_s : float
        Seconds after which a fit is ended.
    force : bool
        Repeat measurements that already have a record.

    Raises
    ------
    ValueError
        If a number is too small or `limit_s` is not above 0.
    """

    def __init__(
        self,
        output: Path,
        sizes: Sequence[int],
        *,
        recipes: Mapping[str, Mapping[str, Any]] = SCALED,
        limit_s: float = 600.0,
        force: bool = False,
    ) -> None:
        if not sizes or min(sizes) < _LEAST:
            raise ValueError(f"--scale must be whole numbers of at least {_LEAST:,}; got {list(sizes)}")
        if not limit_s > 0:
            raise ValueError(f"--limit must be above 0 seconds; got {limit_s}")
        self.output, self.recipes, self.limit_s, self.force = output, recipes, limit_s, force
        self.measurements = [(name, size) for size in sorted(set(sizes)) for name in recipes]
        self.session = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self, on_record: Callable[[str, Record], None] = lambda label, record: None) -> list[Record]:
        """Run the missing measurements and return the records of all."""
        records: list[Record] = []
        with tempfile.TemporaryDirectory(prefix="ferbench-scale-") as folder:
            for name, size in self.measurements:
                record = self._done(name, size)
                if record is None:
                    self._draw(Path(folder))
                    record = self._measure(name, size, Path(folder))
                    write_record_file(self._file(name, size), record)
                records.append(record)
                on_record(record["name"], record)
        return records

    def _file(self, name: str, size: int) -> Path:
        return self.output / "runs" / f"{name}-{size}.json"

    def _done(self, name: str, size: int) -> Record | None:
        try:
            record: Record = json.loads(self._file(name, size).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return None if self.force or record.get("status") != "ok" else record

    def _draw(self, folder: Path) -> None:
        """Draw the faces of the largest size once, with further faces behind them; face i is the same in every size."""
        if (folder / "labels.npy").exists():
            return
        faces = datasets.make_faces(
            max(size for _, size in self.measurements) + N_NEW, size=SIDE, random_state=SEED, n_jobs=-1
        )
        if isinstance(faces.images, np.memmap):
            (folder / "images.npy").symlink_to(str(faces.images.filename))
        else:
            np.save(folder / "images.npy", faces.images)
        np.save(folder / "labels.npy", faces.labels)

    def _measure(self, name: str, size: int, folder: Path) -> Record:
        job = {
            "name": name,
            "params": dict(self.recipes[name]),
            "n_images": size,
            "n_new": N_NEW,
            "n_validation": N_VALIDATION,
            "data": str(folder),
        }
        (folder / "job.json").write_text(json.dumps(job))
        load = load_average()
        command = [sys.executable, "-P", "-m", "ferbench.benchmarks.speed.scale_child", str(folder / "job.json")]
        said = run_child(command, timeout_s=self.limit_s)
        head = {"schema": 1, "name": f"{name}-{size}", "session": self.session}
        head |= {"config": {"name": name, "n_images": size}, "load_before": load, "load_after": load_average()}
        return {**head, **said.outcome()}
