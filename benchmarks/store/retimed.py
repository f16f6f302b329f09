"""Read and write the records of timings that were taken again, beside the records of the cells."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.benchmarks.store.store import write_record_file
from ferbench.utils import finished_files, read_json

TIMINGS = "timings"
TIMING_SCHEMA = 1


def write_timing(root: Path, content: Mapping[str, Any]) -> Path:
    """Write the record of one run of timings, under the name of the run; earlier runs are kept.

    Returns
    -------
    Path
    """
    path = root / TIMINGS / f"{content['run']}.json"
    number = 1
    while path.exists():
        number += 1
        path = root / TIMINGS / f"{content['run']}.{number}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_record_file(path, {**content, "run": path.stem})
    return path


def read_timings(root: Path) -> list[dict[str, Any]]:
    """Read all runs of timings of a results folder, the newest first.

    Raises
    ------
    ValueError
        If a file is damaged, or of a newer version; the message names it.
    """
    return sorted(
        (_read(path) for path in finished_files(root / TIMINGS, "*.json")), key=lambda run: run["run"], reverse=True
    )


def _read(path: Path) -> dict[str, Any]:
    remedy = "restore it from version control, or remove it and run 'ferbench retime' again"
    try:
        content: dict[str, Any] = read_json(path)
        whole = all(
            isinstance(content[key], kind)
            for key, kind in (("run", str), ("cells", dict), ("environment", dict), ("rounds", int))
        )
        cells = all(
            isinstance(cell, dict) and isinstance(cell.get("latency_ms"), dict | None)
            for cell in content["cells"].values()
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: damaged record of timings ({error}); {remedy}") from error
    if content.get("schema") != TIMING_SCHEMA or not whole or not cells:
        raise ValueError(f"{path}: expected a record of timings of schema {TIMING_SCHEMA}; {remedy}")
    return content
