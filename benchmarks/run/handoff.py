"""What is handed to the processes that fit, here and on remote workers: never a label of a test split.

Training and the validation split lie as plain arrays in the cache, found by fingerprint. Images of the test split are
written beside a run's own results, without labels, and only for cells whose choice is final.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.benchmarks.store import COMPANIONS
from ferbench.benchmarks.tasks import Task, get_task
from ferbench.utils import atomic_folder, cache_dir, remove_folder, sha256_of

_IMAGES = "images.npy"


def write_data(dataset: Any, task: Task) -> Path:
    """Put Training and the validation split of a data set into the cache, once; nothing of the test split.

    Returns
    -------
    Path
        The folder to hand to :func:`read_data`.
    """
    target = _folder(dataset.fingerprint)
    # Older versions left whole data sets here, with the labels of the test split.
    remove_folder(cache_dir() / "handoff")
    if not target.is_dir():
        rows = np.flatnonzero(np.isin(dataset.split, ("Training", task.validation)))
        with atomic_folder(target, keep=True) as folder:
            for name in task.columns:
                np.save(folder / f"{name}.npy", np.asarray(getattr(dataset, name))[rows], allow_pickle=False)
            (folder / "data.json").write_text(json.dumps({"fingerprint": dataset.fingerprint, "task": task.name}))
    return target


def write_test_images(dataset: Any, task: Task, folder: Path) -> Path:
    """Write the images of the test split, and nothing else of it, into a folder; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / _IMAGES, dataset.images[dataset.rows(task.test)], allow_pickle=False)
    return folder


def read_test_images(folder: Path) -> Any:
    """Open the images of a folder of :func:`write_test_images` as a read-only memory map."""
    return np.load(folder / _IMAGES, mmap_mode="r", allow_pickle=False)


def list_files(outbox: Path) -> dict[str, dict[str, Any]]:
    """Size and hash of each companion in an outbox, by its path in the store."""
    paths = [path for kind in (*COMPANIONS, "bundles") for path in sorted((outbox / kind).rglob("*"))]
    return {
        path.relative_to(outbox).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in paths
        if path.is_file()
    }


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
    return cache_dir() / "handed" / fingerprint[:32]
