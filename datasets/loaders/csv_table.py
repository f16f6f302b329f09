"""A table of image files: ``path,label`` and, where they are known, ``person``, ``sequence`` and ``split``.

The layout is ferbench's own. Paths are relative to the table.
"""

import csv
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np

from ferbench.datasets.base import LabelReader, Problems, canonical_split
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, read_regular
from ferbench.utils import sha256_of

COLUMNS = ("path", "label", "person", "sequence", "split")


class TableOfFiles(ImageFiles):
    """Image files that a CSV names."""

    def __init__(self, path: Path, mapping: Mapping[str, str] | None) -> None:
        self._rows = _read_rows(path)
        super().__init__(path, [row["path"] for row in self._rows])
        self.labels, self.layout, self.place = LabelReader(mapping), "csv", self._entries

    def fingerprint(self) -> str:
        """The table, and sizes and modification times of the files that it names."""
        stats = [self._stat(row["path"]) for row in self._rows]
        return f"{sha256_of(self.path)} {stats}{self.reading()}"

    def read(self, path: str) -> bytes:
        """Bytes of one file."""
        return read_regular(self.path.parent / path)

    def _stat(self, name: str) -> tuple[int, int]:
        try:
            stat = (self.path.parent / name).stat()
        except OSError:  # reading it will say so, by its name
            return 0, 0
        return stat.st_size, stat.st_mtime_ns

    def _entries(self, files: ImageFiles, problems: Problems) -> list[Entry]:
        rows = []
        for number, row in enumerate(self._rows, start=1):
            part = canonical_split(row["split"]) if row["split"] else ""
            if part is None:
                raise ValueError(
                    f"{self.path}: row {number}: expected a split among train, validation, test; got {row['split']!r}"
                )
            for name in (row["split"], PurePosixPath(row["path"]).name.partition("_")[0]):
                files.splits.see(name)
            files.splits.tally(part)
            entry = Entry(row["path"], row["label"], part, row["person"], row["sequence"], id=f"{row['path']}#{number}")
            rows.append((entry, ""))
        return keep_entries(rows, files.labels, problems)


def _read_rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise ValueError(f"{path}: expected a CSV with the columns path,label and perhaps person,sequence,split")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        header = [name.strip().casefold() for name in reader.fieldnames or ()]
        if not {"path", "label"} <= set(header):
            raise ValueError(
                f"{path}: expected the columns path,label; got {', '.join(header)[:80] or 'an empty file'}"
            )
        reader.fieldnames = header
        rows = [{name: (row.get(name) or "").strip() for name in COLUMNS} for row in reader]
    if not rows:
        raise ValueError(f"{path}: the file has a header but no rows")
    _check_people(np.array([row["person"] for row in rows]), path)
    return rows


def _check_people(people: "np.ndarray[tuple[int], np.dtype[np.str_]]", path: Path) -> None:
    if not (people != "").any():
        return
    if (nobody := np.flatnonzero(people == "")).size:
        raise ValueError(f"{path}: row {nobody[0] + 1} names no person; name one in each row, or leave the column out")
    if len(np.unique(people)) == 1:
        raise ValueError(
            f"{path}: the column person is constant ({people[0]!r} in all {len(people):,} rows); leave it out, or name "
            "who it is"
        )


def _open(path: Path, mapping: Mapping[str, str] | None) -> ImageFiles:
    return TableOfFiles(path, mapping)


REGISTERED = {"csv": Layout("csv", "A table of image files", "your own files", "your own", True, _open)}
