"""Open a test split: compare the predictions of a child process with the labels, in the process of the runner."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.run.handoff import list_files
from ferbench.benchmarks.run.job import ANSWERS
from ferbench.benchmarks.store import Ledger, Opening, code_version, family_of, opening_time, read_arrays, save_arrays
from ferbench.benchmarks.tasks import Task
from ferbench.models.bundles import add_scores


@dataclass(frozen=True)
class Opened:
    """Result of one opening of a test split.

    Attributes
    ----------
    kept : ndarray
        The stored array of the split: probabilities, or errors of points.
    scores : mapping
        A flat row of scores.
    """

    kept: NDArray[np.floating]
    scores: Mapping[str, Any]


@dataclass(frozen=True)
class Gate:
    """Access to the labels of a test split. Each opening is written to the ledger before the labels are used.

    Attributes
    ----------
    dataset : Dataset or PointDataset
    task : Task
    ledger : Ledger
    how : {"run", "score-final"}
    """

    dataset: Any
    task: Task
    ledger: Ledger
    how: str

    def open(self, record: Mapping[str, Any], outbox: Path, *, note: str = "") -> Opened:
        """Write the opening to the ledger, then score the predictions in an outbox.

        Raises
        ------
        ValueError
            If the predictions are missing, damaged, or do not match the images.
        OSError
            If the ledger cannot be written; the split is not opened then.
        """
        answers = _read_answers(outbox)
        self._note(record, note)
        return Opened(*self.task.open_test(answers, record["classes"], self.dataset))

    def complete(self, record: dict[str, Any], outbox: Path, *, note: str = "") -> dict[str, Any]:
        """Open the test split for a cell that was just measured, before its record is published.

        Returns
        -------
        dict
            The record with the updated files: the array file has both splits, and the bundle has the scores of both.
            Its status is ``error`` if the predictions cannot be scored.
        """
        try:
            opened = self.open(record, outbox, note=note)
        except ValueError as error:
            return record | {"status": "error", "reason": f"ValueError: {error}", "bundle": None, "files": {}}
        companion = outbox / self.task.companion / f"{record['cell_id']}.npz"
        save_arrays(companion, read_arrays(companion) | {self.task.test: opened.kept})
        size = record["size_bytes"]
        if record["bundle"]:
            add_scores(outbox / record["bundle"], {self.task.test: opened.scores})
            size = sum(path.stat().st_size for path in (outbox / record["bundle"]).iterdir())
        return record | {"files": list_files(outbox), "size_bytes": size}

    def _note(self, record: Mapping[str, Any], note: str) -> None:
        recipe = str(record["recipe"]["name"])
        opening = Opening(
            when=opening_time(),
            suite=str(record["suite"]),
            recipe=recipe,
            cell_id=str(record["cell_id"]),
            family=family_of(recipe, record["recipe"].get("params")),
            split=self.task.test,
            n_images=len(self.dataset.rows(self.task.test)),
            commit=code_version(),
            how=self.how,
            note=note,
        )
        self.ledger.append(opening)


def _read_answers(outbox: Path) -> NDArray[np.float32]:
    try:
        answers = np.asarray(read_arrays(outbox / ANSWERS)["answers"])
    except (FileNotFoundError, KeyError) as error:
        raise ValueError("its process left no answers to the images of the test split") from error
    if answers.dtype.kind != "f":
        raise ValueError(f"expected answers of a floating type; got {answers.dtype}")
    return answers
