"""Images handed to child processes and remote workers: plain arrays in the cache, found by fingerprint."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.benchmarks.tasks import Task, get_task
from ferbench.utils import atomic_folder, cache_dir


def write_data(dataset: Any, task: Task) -> Path:
    """Put the arrays of a data set that a task needs into the cache, once.

    Returns
    -------
    Path
        The folder to hand to :func:`read_data`.
    """
    target = _folder(dataset.fingerprint)
    if not target.is_dir():
        with atomic_folder(target, keep=True) as folder:
            for name in task.columns:
                np.save(folder / f"{name}.npy", np.asarray(getattr(dataset, name)), allow_pickle=False)
            (folder / "data.json").write_text(json.dumps({"fingerprint": dataset.fingerprint, "task": task.name}))
    return target


def pack_data(folder: Path) -> dict[str, bytes]:
    """Read the folder's files as bytes, to travel to another machine."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def unpack_data(files: Mapping[str, bytes]) -> Path:
    """Put files from :func:`pack_data` into this machine's cache, once, and return their folder."""
    target = _folder(json.loads(files["data.json"])["fingerprint"])
    if not target.is_dir():
        with atomic_folder(target, keep=True) as folder:
            for name, content in files.items():
                (folder / Path(name).name).write_bytes(content)
    return target


def read_data(folder: Path) -> Any:
    """Open the data in a folder; the images are a read-only memory map, ids are left empty."""
    about = json.loads((folder / "data.json").read_text())
    task = get_task(about.get("task", "expressions"))
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in task.columns}
    return task.restore(arrays, about["fingerprint"])


def _folder(fingerprint: str) -> Path:
    return cache_dir() / "handoff" / fingerprint[:32]
