"""FER+: ten votes for each face of FER2013, joined by row.

``fer2013new.csv`` has ``Usage, Image name, neutral, happiness, surprise, sadness, anger, disgust, fear, contempt,
unknown, NF``, its rows in the order of the original ``fer2013.csv``: :data:`SOURCES`. The images are those of FER2013.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import Batch, LabelReader, Problems
from ferbench.datasets.readers import CsvSource, Layout, TableFile
from ferbench.utils import sha256_of

COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
RULES = ("majority", "distribution")
_FACES = 7  # the first seven columns are the labels of FER2013


class FerPlus:
    """FER2013's rows with the labels that the raters of FER+ gave."""

    fer2013 = True

    def __init__(self, faces: Path, votes: Path, mapping: Mapping[str, str] | None, rule: str) -> None:
        self._source = CsvSource(TableFile(faces))
        self._votes_file, self._rule = votes, rule
        self.labels = LabelReader(mapping)
        self.path, self.name, self.layout = faces, "ferplus", f"ferplus {rule}"
        self.notes: list[str] = []
        self.vote_labels = tuple(self.labels.target(column) or column.casefold() for column in COLUMNS[:_FACES])

    def __len__(self) -> int:
        return 0

    def fingerprint(self) -> str:
        """Both files, the rule and the mapping."""
        votes = sha256_of(self._votes_file)
        return f"{self._source.fingerprint()} {votes} {self._rule} {sorted(self.labels.mapping.items())}"

    def batches(self, size: int, problems: Problems) -> Iterator[Batch]:
        """Read all rows, without those on which the raters do not agree on one of the seven."""
        usages, votes = _read_votes(self._votes_file)
        row, left_out = 0, Counter[str]()
        for batch in self._source.batches(size, Problems(problems.source)):
            rows = np.arange(row, row + len(batch.ids))
            row += len(batch.ids)
            _check_join(rows, batch.parts, usages, self._votes_file)
            yield self._voted(batch, votes[rows], left_out)
        if row != len(usages):
            raise ValueError(
                f"{self._votes_file}: the votes do not join: {len(usages):,} rows of votes and {row:,} rows of images"
            )
        problems.notes.extend(self.labels.notes())
        problems.notes.extend(f"{count:,} images were left out: {why}." for why, count in sorted(left_out.items()))

    def _voted(self, batch: Batch, votes: NDArray[np.float32], left_out: Counter[str]) -> Batch:
        kept, labels = [], []
        for number, of_row in enumerate(votes):
            reason = _reason(of_row, self._rule)
            if reason:
                left_out[reason] += 1
                continue
            label = self.labels.read(COLUMNS[int(np.argmax(of_row[:_FACES]))])
            if label is not None:
                kept.append(number)
                labels.append(label)
        return Batch(
            ids=[batch.ids[number] for number in kept],
            labels=labels,
            parts=[batch.parts[number] for number in kept],
            images=batch.images[kept],
            shapes=batch.shapes[kept],
            votes=votes[kept][:, :_FACES],
        )


def _reason(votes: NDArray[np.float32], rule: str) -> str:
    """Why a row is left out, empty where it stays."""
    if not votes[:_FACES].sum():
        return "no vote for one of the seven labels"
    if rule == "distribution":
        return ""
    best = np.flatnonzero(votes == votes.max())
    if len(best) > 1:
        return "the most votes are tied"
    return "" if best[0] < _FACES else f"most votes are for {COLUMNS[best[0]]}"


def _read_votes(path: Path) -> tuple[list[str], NDArray[np.float32]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        header = [name.strip() for name in reader.fieldnames or ()]
        if not {"Usage", *COLUMNS} <= set(header):
            raise ValueError(f"{path}: expected the columns Usage, {', '.join(COLUMNS)}; got {', '.join(header)[:80]}")
        reader.fieldnames = header
        rows = list(reader)
    votes = np.zeros((len(rows), len(COLUMNS)), np.float32)
    for number, row in enumerate(rows):
        try:
            votes[number] = [int(row[column]) for column in COLUMNS]
        except (TypeError, ValueError):
            raise ValueError(f"{path}: row {number + 1}: expected ten whole numbers of votes") from None
    return [row["Usage"] for row in rows], votes


def _check_join(rows: NDArray[np.intp], parts: Sequence[str], usages: Sequence[str], path: Path) -> None:
    for row, part in zip(rows.tolist(), parts, strict=True):
        usage = usages[row] if row < len(usages) else "no row"
        if part and usage != part:
            raise ValueError(
                f"{path}: the votes do not join: row {row + 1} is {usage} here and {part} in FER2013; use the original "
                "fer2013.csv, whose order the votes have"
            )


def _open(path: Path, mapping: Mapping[str, str] | None, votes: object = None, rule: object = "majority") -> FerPlus:
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}; got {rule!r}")
    faces = path / "fer2013.csv" if path.is_dir() else path
    joined = Path(str(votes)) if votes is not None else faces.with_name("fer2013new.csv")
    for file, what in ((faces, "FER2013's own fer2013.csv"), (joined, "the votes, fer2013new.csv")):
        if not file.is_file():
            raise FileNotFoundError(f"{file}: no such file; expected {what}: FER+ is joined to it by row")
    return FerPlus(faces, joined, mapping, str(rule))


SOURCES = (
    "github.com/microsoft/FERPlus: README.md",
    "github.com/StevenHSKim/FERPlus-Vote-To-Label: README.md",
)
REGISTERED = {
    "ferplus": Layout(
        "ferplus",
        "FER+",
        "Barsoum, Zhang, Canton Ferrer and Zhang (2016), github.com/Microsoft/FERPlus",
        "MIT for the votes; the images are FER2013's",
        SOURCES,
        _open,
        ("votes", "rule"),
    )
}
