"""Read and write the trials of a search: one JSON record each, and a description of the search."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.store import write_record_file
from ferbench.utils import finished_files

if TYPE_CHECKING:
    import pandas as pd

STATUSES = ("ok", "failed", "pruned", "running")
_SCORES = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1", "macro_f1_low", "macro_f1_high", "log_loss")


class Trials:
    """The records of one search.

    Parameters
    ----------
    folder : Path
        Nothing is created before the first write.

    Notes
    -----
    Records are used instead of an Optuna storage: a process that is killed while writing leaves no partial record and
    no lock, a running trial is then just unfinished, and the records can be read without Optuna.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, identity: Mapping[str, Any]) -> None:
        """Write the description of the search, or check that the folder holds a search with the same description.

        Raises
        ------
        ValueError
            If the descriptions differ; the message names the difference.
        """
        path = self.folder / "search.json"
        asked = json.loads(json.dumps(identity))
        if not path.is_file():
            write_record_file(path, asked)
            return
        there = _read(path)
        if differing := [name for name in asked if asked[name] != there.get(name)]:
            name = differing[0]
            old, new = (_short(content.get(name)) for content in (there, asked))
            raise ValueError(
                f"{self.folder} holds a search with another {' and '.join(differing)} ({name}: {old} there, {new} now);"
                f" delete that folder, choose another --output, or use the same settings to resume it"
            )

    def records(self) -> list[dict[str, Any]]:
        """Return all records in order.

        Raises
        ------
        ValueError
            If a record is damaged; the message names it.
        """
        records = [_read(path) for path in finished_files(self.folder, "trials/*.json")]
        for number, record in enumerate(records):
            if record.get("trial") != number or record.get("status") not in STATUSES:
                raise ValueError(
                    f"{self._path(number)}: expected the record of trial {number}; restore it, or delete {self.folder} "
                    f"to start afresh"
                )
        return records

    def write(self, record: Mapping[str, Any]) -> None:
        """Write one record."""
        write_record_file(self._path(record["trial"]), record)

    def checkpoints(self, number: int) -> Path:
        """Return the folder for the checkpoints of a long fit of this trial."""
        return self.folder / "checkpoints" / f"{number:04d}"

    def _path(self, number: int) -> Path:
        return self.folder / "trials" / f"{number:04d}.json"


def best_trial(records: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the trial with the highest score, at equal scores the earliest; None if no trial succeeded."""
    return max((record for record in records if record["status"] == "ok"), key=lambda r: r["value"], default=None)


def trials_frame(records: list[dict[str, Any]], names: list[str]) -> "pd.DataFrame":
    """Return one row per trial: ``trial, status``, PublicTest scores, ``seconds, epochs``, parameters, ``reason``."""
    import pandas as pd

    rows = [
        {"trial": record["trial"], "status": record["status"]}
        | {name: (record["scores"] or {}).get(name) for name in _SCORES}
        | {"seconds": record["seconds"], "epochs": len(record["epochs"]) or None}
        | {name: record["params"].get(name) for name in names}
        | {"reason": record["reason"]}
        for record in records
    ]
    return pd.DataFrame(rows).astype({"epochs": "Int64"})


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: damaged ({error}); restore it, or delete its search to start afresh") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a JSON object; restore it, or delete its search to start afresh")
    return content


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
