"""Run a retiming: find the bundles, measure them in turns in one process, and write one record."""

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench import datasets
from ferbench.benchmarks.identity import recorded_checksum, shipped_as
from ferbench.benchmarks.live import run_child
from ferbench.benchmarks.pages import open_results
from ferbench.benchmarks.retime.turns import ROUNDS
from ferbench.benchmarks.store import TIMING_SCHEMA, environment, write_timing
from ferbench.benchmarks.tasks import Task, task_of
from ferbench.models import pretrained
from ferbench.models.bundles import read_description

# Images of each size that are used in turn.
N_IMAGES = 64
NO_BUNDLE = "no bundle here"


class Retiming:
    """Latency of the bundles of one results folder, measured in turns on one core.

    The bundles take turns, a few calls each, so that a disturbance of the machine affects all of them.

    Parameters
    ----------
    folder : str or Path
        Folder of one data set, such as ``results/faces``.
    images : ndarray of shape (n_images, height, width), uint8, optional
        The images to predict; by default drawn faces of the size that each bundle takes.
    images_from : str
        Name of their source, for the record.
    only : sequence of str
        Patterns such as ``hog+*`` of recipes or cell ids.
    rounds : int
        Turns of each bundle.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder holds no records, a pattern matches nothing, or no bundle is there.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        images: NDArray[np.uint8] | None = None,
        images_from: str = "drawn faces",
        only: Sequence[str] = (),
        rounds: int = ROUNDS,
    ) -> None:
        if rounds < 1:
            raise ValueError(f"--rounds must be at least 1; got {rounds}")
        self.root, self.store, records, _ = open_results(folder)
        self.task: Task = task_of(self.root)
        self.images, self.rounds = None if images is None else images[:N_IMAGES], rounds
        self.images_from = images_from if images is not None else "drawn faces"
        self.records = [record for record in records if record["status"] == "ok" and _matches(record, only)]
        if not self.records:
            raise ValueError(f"{self.root}: no ok record matches {' '.join(only) or 'anything'}; run the suite first")
        self.folders = {str(record["cell_id"]): self._folder(record) for record in self.records}
        self.missing = {
            str(record["cell_id"]): NO_BUNDLE if record.get("bundle") else "has no bundle of its own"
            for record in self.records
            if self.folders[str(record["cell_id"])] is None
        }
        if len(self.missing) == len(self.records):
            raise ValueError(
                f"{self.root}: none of the {len(self.records)} bundles is on this machine; bundles are not kept in "
                "version control: run the suite again to make them"
            )

    def run(self) -> tuple[Path, dict[str, Any]]:
        """Measure, and write the record beside those of the cells, which are not changed.

        Returns
        -------
        Path, dict
            The file, and its content.

        Raises
        ------
        ValueError
            If the measuring process ends early.
        """
        started = datetime.now(UTC)
        with tempfile.TemporaryDirectory(prefix="ferbench-retime-") as folder:
            job = self._write_job(Path(folder))
            command = [sys.executable, "-P", "-m", "ferbench.benchmarks.retime.child", str(job)]
            before = _load()
            # A recognizer that is slow is measured less often, but its turns add up to a minute at most.
            said = run_child(command, timeout_s=600 + 120 * len(self.records))
            after = _load()
        done = said.of("done")
        if said.reason or not done:
            raise ValueError(f"{self.root}: the measuring process ended early: {said.reason or 'it said nothing'}")
        content = {
            "schema": TIMING_SCHEMA,
            "run": started.strftime("%Y-%m-%dT%H-%M-%SZ"),
            "started": started.isoformat(timespec="seconds"),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "cores": 1,
            "rounds": self.rounds,
            "images": {"source": self.images_from, "n": N_IMAGES if self.images is None else len(self.images)},
            "load": {"before": before, "after": after},
            # The cores of the machine are those that this process may use; the child binds itself to one.
            "environment": {**done[0]["environment"], "cores": environment()["cores"]},
            "cells": {str(record["cell_id"]): self._cell(record, done[0]["cells"]) for record in self.records},
        }
        return write_timing(self.root, content), content

    def _folder(self, record: Mapping[str, Any]) -> Path | None:
        """The bundle of a record, or the one that ships if the record is nothing but this; None if it is not here."""
        if record.get("bundle"):
            folder = (self.root / record["bundle"]).resolve()
            return folder if (folder / "bundle.json").is_file() else None
        return pretrained().get(shipped_as(record))

    def _cell(self, record: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
        cell_id = str(record["cell_id"])
        head = {"recipe": record["recipe"]["name"], "seed": record["seed"], "weights": recorded_checksum(record)}
        if cell_id in self.missing:
            return {**head, "status": "missing", "reason": self.missing[cell_id], "latency_ms": None}
        return {**head, **measured[cell_id]}

    def _write_job(self, folder: Path) -> Path:
        bundles, shapes = [], {}
        for record in self.records:
            bundle = self.folders[str(record["cell_id"])]
            if bundle is None:
                continue
            wanted = read_description(bundle)["input"]
            shape = (int(wanted["height"]), int(wanted["width"]))
            shapes[shape] = folder / f"images-{shape[0]}x{shape[1]}.npy"
            bundles.append({"cell_id": record["cell_id"], "bundle": str(bundle), "images": str(shapes[shape])})
        for shape, path in shapes.items():
            np.save(path, self._images(shape), allow_pickle=False)
        job = folder / "job.json"
        job.write_text(json.dumps({"task": self.task.name, "rounds": self.rounds, "bundles": bundles}))
        return job

    def _images(self, shape: tuple[int, int]) -> NDArray[np.uint8]:
        if self.images is not None and self.images.shape[1:] == shape:
            return self.images
        if self.images is not None:
            raise ValueError(f"{self.root}: its bundles take images of {shape} pixels; got {self.images.shape[1:]}")
        faces = datasets.make_faces(N_IMAGES, size=max(shape), random_state=0).images
        return np.ascontiguousarray(faces[:, : shape[0], : shape[1]])


def _matches(record: Mapping[str, Any], only: Sequence[str]) -> bool:
    names = (record["recipe"]["name"], record["cell_id"])
    return not only or any(fnmatchcase(name, pattern) for name in names for pattern in only)


def _load() -> list[float] | None:
    return list(os.getloadavg()) if hasattr(os, "getloadavg") else None
