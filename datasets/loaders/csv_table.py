"""A table of image files: ``path,label`` and, where they are known, ``person``, ``sequence`` and ``split``.

The layout is ferbench's own. Paths are relative to the table. Further columns, such as ``gender``, are group columns:
a report gives the accuracy of each of their values.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from ferbench.datasets.base import LabelReader, Problems, canonical_split
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, read_regular
from ferbench.utils import sha256_of

COLUMNS = ("path", "label", "person", "sequence", "split")
#: A column with more values is no group, and a report of more columns is not read.
MOST_GROUPS, MOST_COLUMNS = 50, 10


class TableOfFiles(ImageFiles):
    """Image files that a CSV names.

    Parameters
    ----------
    path : Path
        The table.
    mapping : mapping of str to str or None
        New label by old one.
    group_columns : str, sequence of str or None
        Names of the group columns, as a sequence or with commas between them. By default all further columns that can
        be groups, at most ten.

    Raises
    ------
    ValueError
        If the table lacks a column, or one of `group_columns` cannot be a group.
    """

    def __init__(self, path: Path, mapping: Mapping[str, str] | None, group_columns: object = None) -> None:
        self._rows = _read_rows(path)
        super().__init__(path, [row["path"] for row in self._rows])
        self.group_columns, self.notes = _group_columns(self._rows, group_columns, path)
        chosen = "" if group_columns is None else f" {list(self.group_columns)}"
        self.labels, self.layout, self.place = LabelReader(mapping), f"csv{chosen}", self._entries

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
            values = tuple(row[name] for name in self.group_columns)
            rows.append((entry._replace(attributes=values), ""))
        return keep_entries(rows, files.labels, problems)


def _read_rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise ValueError(
            f"{path}: expected a CSV with the columns path,label and perhaps person,sequence,split and group columns"
        )
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        header = [name.strip().casefold() for name in reader.fieldnames or ()]
        if not {"path", "label"} <= set(header):
            raise ValueError(
                f"{path}: expected the columns path,label; got {', '.join(header)[:80] or 'an empty file'}"
            )
        if twice := sorted(name for name, count in Counter(header).items() if name and count > 1):
            raise ValueError(f"{path}: the column {twice[0]} is there twice; rename or remove one")
        reader.fieldnames = header
        names = (*COLUMNS, *(name for name in header if name and name not in COLUMNS))
        rows = [{name: (row.get(name) or "").strip() for name in names} for row in reader]
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


def _group_columns(rows: Sequence[Mapping[str, str]], chosen: object, path: Path) -> tuple[tuple[str, ...], list[str]]:
    """Columns that are groups, and what is said of them and of those that are not."""
    further = [name for name in rows[0] if name not in COLUMNS]
    wanted = further if chosen is None else _chosen(chosen, further, path)
    values = {name: Counter(value for row in rows if (value := row[name])) for name in wanted}
    wrong = {name: reason for name in wanted if (reason := _no_group(values[name]))}
    if chosen is not None and wrong:
        name, reason = next(iter(wrong.items()))
        raise ValueError(f"{path}: the column {name} is no group: {reason}; leave it out of group_columns")
    fit = [name for name in wanted if name not in wrong]
    taken = fit if chosen is not None else fit[:MOST_COLUMNS]
    notes = [f"The column {name} is left out, since it is no group: {reason}." for name, reason in wrong.items()]
    if more := fit[len(taken) :]:
        notes.append(
            f"Only the first {MOST_COLUMNS} group columns are taken; left out: {', '.join(more)}. The option "
            "group_columns names others."
        )
    if taken:
        notes.insert(0, f"Group columns: {', '.join(_described(name, values[name], len(rows)) for name in taken)}.")
    return tuple(taken), notes


def _chosen(chosen: object, further: Sequence[str], path: Path) -> list[str]:
    names = chosen.split(",") if isinstance(chosen, str) else list(chosen) if isinstance(chosen, list | tuple) else [""]
    plain = [str(name).strip().casefold() for name in names]
    if unknown := [name for name in plain if name not in further]:
        raise ValueError(
            f"{path}: group_columns must name further columns of the table "
            f"({', '.join(further)[:80] or 'it has none'}); got {unknown[0] or chosen!r}"
        )
    return list(dict.fromkeys(plain))


def _no_group(values: Counter[str]) -> str:
    """Why a column is no group, empty where it is one."""
    if not values:
        return "it is empty"
    if len(values) == 1:
        return f"it is constant ({next(iter(values))[:40]!r})"
    return f"it has {len(values):,} different values, more than {MOST_GROUPS}" if len(values) > MOST_GROUPS else ""


def _described(name: str, values: Counter[str], n_rows: int) -> str:
    silent = n_rows - values.total()
    return f"{name} ({len(values)} groups{f', {silent:,} rows without a value' if silent else ''})"


def _open(path: Path, mapping: Mapping[str, str] | None, group_columns: object = None) -> ImageFiles:
    return TableOfFiles(path, mapping, group_columns)


REGISTERED = {
    "csv": Layout(
        "csv", "A table of image files", "your own files", "your own", (), _open, ("group_columns",), own=True
    )
}
