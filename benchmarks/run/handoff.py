"""Pass data to the processes that fit, on this machine and on remote workers, without labels of the test split.

Training and the validation split are stored as plain arrays in the cache, by fingerprint. The images of the test split
are written beside the results of a run, without labels, and only for final cells.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.benchmarks.store import COMPANIONS
from ferbench.benchmarks.tasks import Task, get_task
from ferbench.utils import atomic_folder, cache_dir, read_rows, remove_folder, sha256_of

_IMAGES = "images.npy"
_ABOUT = "data.json"
# Rows that are copied at once.
_BLOCK = 8192
#: Most bytes that are sent to another machine at once.
BLOCK_BYTES = 32 * 2**20


def write_data(dataset: Any, task: Task, place: Path | None = None) -> Path:
    """Write Training and the validation split of a data set, once, without the test split.

    Parameters
    ----------
    dataset : Dataset or PointDataset
    task : Task
    place : Path, optional
        Folder to write into; by default one in the cache, by fingerprint.

    Returns
    -------
    Path
        The folder for :func:`read_data`.
    """
    target = _folder(dataset.fingerprint) if place is None else place / "rows"
    # Older versions wrote whole data sets here, with the labels of the test split.
    remove_folder(cache_dir() / "handoff")
    names = task.handed(dataset)
    if not _is_whole(target, [f"{name}.npy" for name in names]):
        remove_folder(target)
        # Each split in one piece, so that the process that fits need not copy it.
        rows = np.concatenate([dataset.rows(split) for split in ("Training", task.validation)])
        with atomic_folder(target, keep=True) as folder:
            for name in names:
                _save_rows(folder / f"{name}.npy", getattr(dataset, name), rows)
            about = {"fingerprint": dataset.fingerprint, "task": task.name, "files": _hashes(folder)}
            (folder / _ABOUT).write_text(json.dumps(about))
    return target


def write_test_images(dataset: Any, task: Task, folder: Path) -> Path:
    """Write only the images of the test split into a folder; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _save_rows(folder / _IMAGES, dataset.images, dataset.rows(task.test))
    return folder


def read_test_images(folder: Path) -> Any:
    """Open the images of a folder of :func:`write_test_images` as a read-only memory map."""
    return np.load(folder / _IMAGES, mmap_mode="r", allow_pickle=False)


def list_files(outbox: Path) -> dict[str, dict[str, Any]]:
    """Return size and hash of each file in an outbox, by its path in the store."""
    paths = [path for kind in (*COMPANIONS, "bundles") for path in sorted((outbox / kind).rglob("*"))]
    return {
        path.relative_to(outbox).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in paths
        if path.is_file()
    }


def pack_data(folder: Path) -> dict[str, bytes]:
    """Read the files of a folder as bytes, to send them to another machine."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def read_head(folder: Path) -> str:
    """Return what describes the data in a folder of :func:`write_data`: fingerprint, task, and hashes of the files."""
    return (folder / _ABOUT).read_text()


def find_data(head: str) -> Path | None:
    """Return the folder in the cache of this machine with the data of :func:`read_head`; None if it is not whole."""
    about = json.loads(head)
    folder = _folder(about["fingerprint"])
    try:
        same = (folder / _ABOUT).read_bytes() == head.encode()
    except OSError:
        return None
    return folder if same and _hashes(folder) == about["files"] else None


def read_blocks(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Read the files of a folder in blocks, to send them to another machine: yield file name and content."""
    for path in sorted(folder.iterdir()):
        with path.open("rb") as handle:
            while block := handle.read(BLOCK_BYTES):
                yield path.name, block


@contextmanager
def receive_data(head: str) -> Iterator[Path]:
    """Yield a folder for the files of data from another machine; it becomes part of the cache when the block ends."""
    target = _folder(json.loads(head)["fingerprint"])
    remove_folder(target)
    with atomic_folder(target, keep=True) as folder:
        yield folder


def read_data(folder: Path) -> Any:
    """Read the data in a folder; the images are a read-only memory map and the ids are empty."""
    about = json.loads((folder / _ABOUT).read_text())
    task = get_task(about.get("task", "expressions"))
    names = [Path(file).stem for file in about["files"]]
    arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
    return task.restore(arrays, about["fingerprint"])


def _save_rows(path: Path, column: Any, rows: Any) -> None:
    """Write some rows of a column as a NumPy file, block by block."""
    values = np.asarray(column)
    header = {"descr": np.lib.format.dtype_to_descr(values.dtype), "fortran_order": False}
    with path.open("wb") as handle:
        np.lib.format.write_array_header_1_0(handle, header | {"shape": (len(rows), *values.shape[1:])})
        for first in range(0, len(rows), _BLOCK):
            handle.write(np.ascontiguousarray(read_rows(column, rows[first : first + _BLOCK])).tobytes())


def _folder(fingerprint: str) -> Path:
    return cache_dir() / "handed" / fingerprint[:32]


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each array in a folder."""
    return {path.name: sha256_of(path) for path in sorted(folder.glob("*.npy")) if path.is_file()}


def _is_whole(folder: Path, names: Sequence[str]) -> bool:
    """Whether a folder has exactly the wanted arrays as they were written; another or a damaged one is written anew."""
    about = folder / _ABOUT
    try:
        found = _hashes(folder)
        return about.is_file() and json.loads(about.read_text())["files"] == found and set(found) == set(names)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
