"""Read and write the result store: one folder per data set, one JSON record per cell, with its arrays and bundle."""

import contextlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.store.shapes import check_record, check_suite
from ferbench.models.bundles import with_recipe_names
from ferbench.utils import (
    atomic_file,
    finished_files,
    lock_file,
    move,
    prepared_file,
    read_json,
    remove_leftovers,
    write_atomically,
)
from ferbench.utils import read_arrays as read_npz
from ferbench.utils import sha256_of as file_digest

SCHEMA = 1
# Folders with one array file per cell, by task: probabilities of labels, errors of points.
COMPANIONS = ("probabilities", "errors")
STATUSES = ("ok", "error", "oom", "timeout", "killed", "skipped")
_LOGGER = logging.getLogger("ferbench")


class Store:
    """Records, probabilities and bundles of one data set.

    Use it to read the results of a data set, or to publish new ones. The files of a cell are published in a fixed order
    (probabilities, bundle, record), each by a rename within one file system. Therefore a readable record with status
    ``ok`` has all its files, and readers need no lock.

    Parameters
    ----------
    root : str or Path
        The folder of one data set, such as ``results/fer2013``. Nothing is created before the first write.

    Examples
    --------
    >>> Store("no/such/folder").records()
    []
    """

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def record(self, cell_id: str) -> dict[str, Any]:
        """Read one record.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If the file is damaged; the message names it.
        """
        path = self._record_path(cell_id)
        try:
            record = read_json(path)
        except ValueError as error:
            raise ValueError(f"{path}: damaged record ({error}); run the suite again to redo it") from error
        if not isinstance(record, dict) or record.get("cell_id") != cell_id or "status" not in record:
            raise ValueError(f"{path}: not a record of cell {cell_id}; run the suite again to redo it")
        self._check_not_newer(path, record)
        if record.get("schema") != SCHEMA or record["status"] not in STATUSES:
            raise ValueError(
                f"{path}: expected schema {SCHEMA} and a status of {', '.join(STATUSES)}; "
                f"got {record.get('schema')!r} and {record['status']!r}; run the suite again to redo it"
            )
        return with_recipe_names(check_record(str(path), record))

    def records(self) -> list[dict[str, Any]]:
        """Return the readable records of the current data, in the order of the suite.

        Records of other data (with another fingerprint than ``rows.npz``) stay on disk but are left out. For each
        recipe and seed only the record with the newest parameters is returned. A damaged record is left out and
        reported in the log.
        """
        found: dict[tuple[str, int], dict[str, Any]] = {}
        fingerprint, order = self._fingerprint(), self._suite_order()
        for path in finished_files(self.root, "records/*.json"):
            try:
                record = self.record(path.stem)
            except ValueError as error:
                _LOGGER.warning("%s", error)
                continue
            if fingerprint and record["dataset"]["fingerprint"] != fingerprint:
                continue
            key = (record["recipe"]["name"], record["seed"])
            if key not in found or _rank(record, order) > _rank(found[key], order):
                found[key] = record
        last = len(order)
        return sorted(found.values(), key=lambda record: (order.get(record["cell_id"], last), record["cell_id"]))

    def probabilities(self, cell_id: str) -> dict[str, NDArray[Any]]:
        """Read one cell's probabilities.

        Returns
        -------
        dict of ndarray
            ``classes`` of shape (n_classes,), and ``PublicTest``, float32 of shape (n_images, n_classes); also
            ``PrivateTest`` if it was opened when the cell was measured.
        """
        path = self.root / "probabilities" / f"{cell_id}.npz"
        arrays = read_arrays(path)
        if "classes" not in arrays or arrays["classes"].ndim != 1 or arrays["classes"].dtype.kind != "U":
            raise ValueError(f"{path}: expected 'classes', a row of labels; run the suite again to redo it")
        for split, values in arrays.items():
            if split != "classes" and (values.ndim != 2 or values.dtype.kind != "f"):
                raise ValueError(
                    f"{path}: expected {split} to be probabilities of shape (n_images, n_classes); "
                    f"got {values.dtype} of shape {values.shape}; run the suite again to redo it"
                )
        return arrays

    def errors(self, cell_id: str) -> dict[str, NDArray[Any]]:
        """Read the errors of one cell's points: ``Validation``, and ``Test`` if opened, (n_images, n_points, 2)."""
        return read_arrays(self.root / "errors" / f"{cell_id}.npz")

    def rows(self) -> dict[str, NDArray[Any]]:
        """Read the stored columns of the test splits, with keys such as ``PrivateTest_labels``."""
        return read_arrays(self.root / "rows.npz")

    def problem(self, record: Mapping[str, Any]) -> str | None:
        """Return why a record is not a complete, successful measurement; None if it is."""
        if record["status"] != "ok":
            return f"{record['status']}: {record['reason']}"
        for name, expected in record["files"].items():
            path = self.root / name
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != expected["bytes"] or file_digest(path) != expected["sha256"]:
                return f"{name} was changed after it was recorded"
        return None

    def write_suite(self, content: Mapping[str, Any]) -> None:
        """Write ``suite.json``."""
        write_atomically(self.root / "suite.json", _json_bytes(content))

    def write_rows(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write ``rows.npz``."""
        with atomic_file(self.root / "rows.npz") as part:
            save_arrays(part, arrays)

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Write the record of a failed cell, which has no other files."""
        self.publish(record, None)

    def publish(self, record: Mapping[str, Any], outbox: Path | None) -> None:
        """Move the files of a finished cell from `outbox` into the store, then write its record.

        Parameters
        ----------
        record : mapping
            The record; with status ``ok`` all its ``files`` must be in `outbox`.
        outbox : Path or None
            A folder on the same file system with the layout of the store.

        Raises
        ------
        ValueError
            If a newer version of ferbench wrote the record that is there; nothing is changed then.
        """
        cell_id, final = record["cell_id"], self._record_path(record["cell_id"])
        self.check_writable(cell_id)
        # Steps that can fail on a full disk come first, while the old record is still in place.
        with prepared_file(final, _json_bytes(record)):
            self._clear(cell_id)
            for name in (*(f"{kind}/{cell_id}.npz" for kind in COMPANIONS), f"bundles/{cell_id}"):
                if outbox and (outbox / name).exists():
                    move(outbox / name, self.root / name)

    def check_writable(self, cell_id: str) -> None:
        """Raise ValueError where a newer version wrote the record of a cell: what it holds is not known here."""
        path = self._record_path(cell_id)
        try:
            record = read_json(path)
        except (FileNotFoundError, ValueError):
            return
        if isinstance(record, dict):
            self._check_not_newer(path, record)

    def outbox(self) -> Path:
        """Create a new folder on the file system of the store for the results of a child process."""
        folder = self.root / ".outbox"
        folder.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(dir=folder))

    def checkpoints(self, cell_id: str) -> Path:
        """Return the folder for the checkpoints of a long fit of this cell."""
        return self.root / "checkpoints" / cell_id

    def sweep(self) -> None:
        """Remove unpublished results and partial files of killed runs."""
        shutil.rmtree(self.root / ".outbox", ignore_errors=True)
        for leftover in self.root.glob("**/.*.tmp"):  # Left by earlier versions.
            leftover.unlink(missing_ok=True)
        for folder in [self.root, *(path for path in self.root.glob("**/") if path != self.root)]:
            remove_leftovers(folder)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for one run.

        Raises
        ------
        ValueError
            If another run holds the lock; the message names its process.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        path = self.root / ".lock"
        # The kernel releases the lock when the process ends, so a lock never outlives its run.
        with path.open("a+") as handle:
            try:
                lock_file(handle, wait=False)
            except BlockingIOError:
                handle.seek(0)
                owner = handle.read().strip() or "unknown"
                raise ValueError(
                    f"{self.root}: another run (process {owner}) is writing here; "
                    "wait for it to end or choose another --output"
                ) from None
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield

    @staticmethod
    def _check_not_newer(path: Path, record: Mapping[str, Any]) -> None:
        schema = record.get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise ValueError(
                f"{path}: expected schema {SCHEMA} at most; got {schema}, of a newer ferbench, which is "
                "never overwritten; update ferbench or choose another --output"
            )

    def _record_path(self, cell_id: str) -> Path:
        return self.root / "records" / f"{cell_id}.json"

    def _clear(self, cell_id: str) -> None:
        # The record is removed first: without it, the remaining files are not taken for a result.
        self._record_path(cell_id).unlink(missing_ok=True)
        for kind in COMPANIONS:
            (self.root / kind / f"{cell_id}.npz").unlink(missing_ok=True)
        shutil.rmtree(self.root / "bundles" / cell_id, ignore_errors=True)

    def _fingerprint(self) -> str | None:
        path = self.root / "rows.npz"
        rows = read_arrays(path) if path.is_file() else {}
        return str(rows["fingerprint"]) if "fingerprint" in rows else None

    def _suite_order(self) -> dict[str, int]:
        path = self.root / "suite.json"
        cells = check_suite(str(path), read_json(path)).get("cells", []) if path.is_file() else []
        return {cell_id: position for position, cell_id in enumerate(cells)}


def write_record_file(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record as JSON atomically."""
    write_atomically(path, _json_bytes(record))


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a compressed ``.npz`` and wait until they are on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as handle:
        np.savez_compressed(handle, allow_pickle=False, **dict(arrays))
        handle.flush()
        os.fsync(handle.fileno())


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read an ``.npz``; raise ValueError if it is damaged."""
    return read_npz(path, "run the suite again to redo it")


def _json_bytes(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, indent=1, allow_nan=False).encode() + b"\n"


def _rank(record: Mapping[str, Any], order: Mapping[str, int]) -> tuple[bool, str]:
    return record["cell_id"] in order, record.get("finished") or ""
