"""Read and write final records, for cells whose test split was opened after they were measured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.store.store import SCHEMA, Store, file_digest, read_arrays, save_arrays, write_record_file
from ferbench.utils import finished_files, read_json

FINALS = "finals"


def write_final(store: Store, content: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Path:
    """Write one final record and its arrays beside the record of the cell, which is not changed; return the file.

    Parameters
    ----------
    store : Store
    content : mapping
        Content with ``cell_id``; the schema, the digest of the cell's record, and the files are added.
    arrays : mapping of str to ndarray
        Arrays by split.
    """
    cell_id = str(content["cell_id"])
    number = len(_files(store, cell_id)) + 1
    name = cell_id if number == 1 else f"{cell_id}.{number}"
    file = store.root / FINALS / f"{name}.npz"
    save_arrays(file, arrays)
    whole = {
        "schema": SCHEMA,
        **content,
        "record_sha256": file_digest(_record_file(store, cell_id)),
        "files": {f"{FINALS}/{file.name}": {"bytes": file.stat().st_size, "sha256": file_digest(file)}},
    }
    # The record is written last, because arrays without a record are ignored.
    write_record_file(file.with_suffix(".json"), whole)
    return file.with_suffix(".json")


def final_record(store: Store, cell_id: str) -> dict[str, Any] | None:
    """Read the newest final record for the current record of a cell; None if there is none.

    Raises
    ------
    ValueError
        If a file is damaged; the message names it.
    """
    for path in reversed(_files(store, cell_id)):
        try:
            content: dict[str, Any] = read_json(path)
            # After a new measurement of the cell, older final records do not apply.
            present = content["record_sha256"] == file_digest(_record_file(store, cell_id))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: damaged final record ({error}); restore it from version control") from error
        if present:
            return content
    return None


def final_arrays(store: Store, cell_id: str) -> dict[str, NDArray[np.float32]]:
    """Read the test arrays of a cell that were scored after its measurement, by split; empty if there are none.

    Raises
    ------
    ValueError
        If a file is damaged or was changed.
    """
    content = final_record(store, cell_id)
    arrays: dict[str, NDArray[Any]] = {}
    for name, expected in (content or {}).get("files", {}).items():
        path = store.root / name
        if not path.is_file() or file_digest(path) != expected["sha256"]:
            raise ValueError(f"{path}: missing or changed after it was recorded; restore it from version control")
        arrays |= read_arrays(path)
    return arrays


def _record_file(store: Store, cell_id: str) -> Path:
    return store.root / "records" / f"{cell_id}.json"


def _files(store: Store, cell_id: str) -> list[Path]:
    """Return the final records of a cell, oldest first."""
    found = {}
    for path in finished_files(store.root / FINALS, "*.json"):
        name, _, number = path.stem.rpartition(".")
        if path.stem == cell_id:
            found[1] = path
        elif name == cell_id and number.isdigit():
            found[int(number)] = path
    return [found[number] for number in sorted(found)]
