"""Run the speed benchmark: one process and one record per measurement, with resume."""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ferbench import features
from ferbench.benchmarks.live import run_child
from ferbench.benchmarks.speed.plans import Measurement, extrapolate, plan
from ferbench.benchmarks.store import write_record_file
from ferbench.datasets import Dataset
from ferbench.utils import load_average

SCHEMA = 1
# Extra time for imports, loading and, for plain implementations, the extraction.
_OVERHEAD_S = 300.0

Record = dict[str, Any]


class SpeedBench:
    """The speed benchmark: measures extractors and classifiers at growing sizes.

    Parameters
    ----------
    dataset : Dataset
        The fit uses the first images of Training in a shuffled, stratified order; the prediction uses PublicTest.
    output : Path
        Folder for the records.
    extractors, classifiers : sequence of str
        Names of extractors and classifiers, as in recipes.
    sizes : sequence of int
        Numbers of training images.
    limit_s : float
        A fit whose extrapolated time is longer is skipped, with a note in the record. A fit that takes more than twice
        this limit is killed.
    only : sequence of str
        Patterns of measurements, such as ``fit-svm-*``.
    force : bool
        Repeat measurements that already have a record.

    Raises
    ------
    ValueError
        If a number is out of range, a name is unknown, or nothing matches.
    """

    def __init__(
        self,
        dataset: Dataset,
        output: Path,
        *,
        extractors: Sequence[str],
        classifiers: Sequence[str],
        sizes: Sequence[int],
        limit_s: float = 600.0,
        only: Sequence[str] = (),
        force: bool = False,
    ) -> None:
        if not limit_s > 0:
            raise ValueError(f"--limit must be above 0 seconds; got {limit_s}")
        self.dataset, self.output, self.limit_s, self.force = dataset, output, limit_s, force
        self.X, self.y = dataset.part("Training")
        self.measurements = plan(extractors, classifiers, sizes, len(self.X), only)
        self.session = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self, on_record: Callable[[Measurement, Record], None] = lambda measurement, record: None) -> list[Record]:
        """Run the missing measurements and return the records of all measurements."""
        records: list[Record] = []
        with tempfile.TemporaryDirectory(prefix="ferbench-speed-") as folder:
            prepared = False
            for measurement in self.measurements:
                record = None if self.force else self._done(measurement)
                if record is None and (record := self._skip(measurement, records)) is None:
                    if not prepared:
                        self._prepare(Path(folder))
                        prepared = True
                    record = self._measure(measurement, Path(folder))
                    write_record_file(self._file(measurement), record)
                records.append(record)
                on_record(measurement, record)
        return records

    def _file(self, measurement: Measurement) -> Path:
        return self.output / "runs" / f"{measurement.label}.json"

    def _done(self, measurement: Measurement) -> Record | None:
        """Return the record of an earlier run on the same data, unless it failed or was skipped."""
        try:
            record: Record = json.loads(self._file(measurement).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        same = record.get("schema") == SCHEMA and record.get("dataset") == self._about()
        return record if same and record["status"] == "ok" else None

    def _skip(self, measurement: Measurement, records: Sequence[Record]) -> Record | None:
        if measurement.kind == "extract":
            return None
        before = [each for each in records if all(each["config"][key] == value for key, value in _same(measurement))]
        stopped = [each for each in before if each["status"] != "ok"]
        points = {each["config"]["n_images"]: each["seconds"]["fit"] for each in before if each["status"] == "ok"}
        expected = extrapolate(list(points), list(points.values()), measurement.n_images)
        if stopped:
            reason = f"a smaller size was not measured: {stopped[0]['reason']}"
        elif expected is not None and expected > self.limit_s:
            reason = f"expected to take {expected:,.0f} s by the growth measured, limit {self.limit_s:,.0f} s"
        else:
            return None
        record = self._record(measurement, {"status": "skipped", "reason": reason})
        write_record_file(self._file(measurement), record)
        return record

    def _prepare(self, folder: Path) -> None:
        """Write the input of the measuring processes: images and HOG features, in one order for all sizes."""
        order = _stratified_order(self.y)
        images, new = self.X[order], self.dataset.part("PublicTest")[0]
        extractor = features.make_extractor("hog", n_jobs=-1).fit(images)
        for name, content in {
            "images": images,
            "labels": self.y[order],
            "new_images": new,
            "rows": extractor.transform(images),
            "new_rows": extractor.transform(new),
        }.items():
            np.save(folder / f"{name}.npy", content)

    def _measure(self, measurement: Measurement, folder: Path) -> Record:
        # Extractors run with one worker to measure their cost; classifiers use all cores, as in a suite.
        threads = 1 if measurement.kind == "extract" else None
        job = folder / "job.json"
        job.write_text(json.dumps({**measurement.as_dict(), "data": str(folder), "threads": threads}))
        command = [sys.executable, "-P", "-m", "ferbench.benchmarks.speed.child", str(job)]
        load = load_average()
        outcome = run_child(command, timeout_s=2 * self.limit_s + _OVERHEAD_S).outcome()
        return self._record(measurement, {**outcome, "load_before": load} if outcome["status"] == "ok" else outcome)

    def _record(self, measurement: Measurement, result: Record) -> Record:
        head = {"schema": SCHEMA, "name": measurement.label, "config": measurement.as_dict(), "session": self.session}
        return {**head, "dataset": self._about(), **result}

    def _about(self) -> Record:
        return {"name": self.dataset.name, "fingerprint": self.dataset.fingerprint, "drawn": self.dataset.drawn}


def _same(measurement: Measurement) -> list[tuple[str, str]]:
    return [("kind", measurement.kind), ("name", measurement.name)]


def _stratified_order(y: np.ndarray) -> np.ndarray:
    """Return a random order in which each leading part has nearly the class shares of the whole."""
    rng = np.random.default_rng(0)
    place = np.empty(len(y))
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        place[rows] = (np.arange(len(rows)) + rng.random(len(rows))) / len(rows)
    return np.argsort(place, kind="stable")
