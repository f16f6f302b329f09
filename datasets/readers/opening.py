"""Open what a path holds, and read it into a data set."""

import os
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import (
    LABELS,
    SPLITS,
    Dataset,
    LabelReader,
    Problems,
    Source,
    SplitReader,
    columns_fingerprint,
    parse_split_names,
)
from ferbench.datasets.protocols import resolve_splits
from ferbench.datasets.readers.archives import TarSource, ZipSource
from ferbench.datasets.readers.cache import Table, read_table
from ferbench.datasets.readers.csv_file import CsvSource
from ferbench.datasets.readers.entries import Entry
from ferbench.datasets.readers.files import FolderSource, ImageFiles
from ferbench.datasets.readers.layouts import find_layout
from ferbench.datasets.readers.tables import TARS, find_table
from ferbench.utils import check_regular

BUILT_IN = "faces"


def open_source(
    source: str | os.PathLike[str],
    mapping: Mapping[str, str] | None = None,
    *,
    layout: str | None = None,
    options: Mapping[str, object] | None = None,
) -> Source:
    """Choose the reader for a path.

    Parameters
    ----------
    source : str or path
        A path, or ``"layout:path"``.
    mapping : mapping of str to str, optional
        New label by old one.
    layout : str, optional
        Name of a layout.
    options : mapping, optional
        Options of the layout.
    """
    chosen, path = find_layout(source, layout)
    options = dict(options or {})
    split_names = None if chosen else options.pop("split_names", None)
    known = chosen.options if chosen else ("split_names",)
    if unknown := sorted(options.keys() - set(known)):
        takes = ", ".join([*known, "labels", "allow_missing"])
        raise ValueError(f"{source}: unknown option {unknown[0]!r}; a path takes only {takes} and allow_unreadable")
    if chosen is not None:
        opened = chosen.open(path, mapping, **options)
        opened.notes = [*chosen.terms(), *opened.notes]
        return opened
    return open_plain(path, mapping, parse_split_names(split_names))


def open_plain(
    path: Path, mapping: Mapping[str, str] | None = None, split_names: Mapping[str, str] | None = None
) -> Source:
    """Open a path that has no layout of its own: a table, a folder or an archive of labeled images."""
    if (table := find_table(path)) is not None:
        rows = CsvSource(table, mapping)
        rows.splits = SplitReader(split_names)
        return rows
    files = open_files(path)
    files.labels, files.splits = LabelReader(mapping), SplitReader(split_names)
    return files


def open_placed(
    path: Path,
    layout: str,
    place: Callable[[ImageFiles, Problems], list[Entry]],
    mapping: Mapping[str, str] | None = None,
    codes: Mapping[str, str] | None = None,
) -> ImageFiles:
    """Open a folder or zip of images whose rows a layout places.

    Parameters
    ----------
    path : Path
        Folder or zip.
    layout : str
        Name of the layout and its options: part of the key of the cache.
    place : callable
        Takes the files and the problems; returns the entries.
    mapping : mapping of str to str, optional
        New label by old one.
    codes : mapping of str to str, optional
        What the codes of the layout mean, in lower case.
    """
    files = open_files(path)
    files.labels, files.layout, files.place, files.notes = LabelReader(mapping, codes), layout, place, []
    return files


def open_files(path: Path) -> ImageFiles:
    """Open a folder, zip or tar of image files."""
    if path.is_dir():
        return FolderSource(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such file or folder; expected a folder of labeled images, a zip or tar of one, a FER2013 CSV, "
            f"or the name of the built-in data, {BUILT_IN!r}"
        )
    check_regular(path, "a folder, an archive or a CSV file")
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return ZipSource(path)
    if path.name.lower().endswith(TARS):
        return TarSource(path)
    raise ValueError(f"{path}: expected a folder of labeled images, a .zip or .tar of one or a FER2013 .csv")


def read_source(source: Source, size: int, seed: int, problems: Problems) -> tuple[Dataset, NDArray[np.int32]]:
    """Read a source and resolve its splits; the second result holds original widths and heights."""
    table = read_table(source, size, problems)
    if problems.found and not problems.tolerant and (table.parts != "").any():
        _refuse_incomplete(problems)
    people = table.people if table.people.size and (table.people != "").any() else None
    split, notes = resolve_splits(table.parts, table.labels, table.images, seed, problems.source, people=people)
    votes = _votes(source, table)
    if (empty := table.ids[table.labels == ""]).size:
        raise ValueError(f"{problems.source}: {empty[0]} has an empty label; name one, or leave the image out")
    columns: dict[str, Any] = {
        "images": table.images,
        "labels": table.labels,
        "split": split,
        "groups": people,
        "votes": votes,
    }
    columns["attributes"] = _attributes(source, table)
    dataset = Dataset(
        name=re.sub(r"[^\w.-]+", "-", source.name).strip("-.") or "dataset",
        **columns,
        ids=table.ids,
        fingerprint=columns_fingerprint(columns),
        notes=(
            *source.notes,
            *table.notes.tolist(),
            *_unread(problems),
            *_label_notes(table.labels),
            *notes,
            *_size_notes(table, size),
        ),
        sequence=table.sequences if table.sequences.size and (table.sequences != "").any() else None,
        # One part alone, or none, is no test part: all three were drawn.
        official_test=len(np.unique(table.parts)) > 1,
        fer2013=bool(table.fer2013),
    )
    return dataset, table.shapes


def _votes(source: Source, table: Table) -> NDArray[np.float32] | None:
    """Votes in the order of the data set's labels, each row with a sum of one."""
    names = getattr(source, "vote_labels", ())
    if not table.votes.size:
        return None
    present = set(table.labels.tolist())
    order = (*(label for label in LABELS if label in present), *sorted(present.difference(LABELS)))
    columns = [table.votes[:, [k for k, name in enumerate(names) if name == label]].sum(axis=1) for label in order]
    votes = np.stack(columns, axis=1).astype(np.float32)
    total = votes.sum(axis=1, keepdims=True)
    return np.asarray(votes / np.where(total > 0, total, 1), np.float32)


def _attributes(source: Source, table: Table) -> dict[str, NDArray[np.str_]]:
    """Values of the group columns by name; nothing where the source has none."""
    names: Sequence[str] = getattr(source, "group_columns", ())
    if not names or table.attributes.shape != (len(table.ids), len(names)):
        return {}
    return {name: np.array(table.attributes[:, place]) for place, name in enumerate(names)}


def _label_notes(labels: NDArray[np.str_]) -> list[str]:
    counted = zip(*np.unique(labels, return_counts=True), strict=True)
    named = ", ".join(f"{name} ({count:,})" for name, count in counted if name not in LABELS)
    return [f"Labels beside FER2013's seven: {named}."] if named else []


def expected_labels(dataset: Dataset, source: Source) -> tuple[str, ...]:
    """Labels that each split must have: the data's own; FER2013's seven where it has no others and no layout."""
    if getattr(source, "layout", "") or not set(dataset.label_names) <= set(LABELS):
        return dataset.label_names
    return LABELS


def _unread(problems: Problems) -> list[str]:
    if not problems.found:
        return []
    named = "; ".join(f"{row}: {reason}" for row, reason in problems.found[:3])
    rest = f"; and {len(problems.found) - 3:,} more" if len(problems.found) > 3 else ""
    return [f"{len(problems.found):,} images or rows could not be read and were left out ({named}{rest})."]


def _refuse_incomplete(problems: Problems) -> None:
    """Raise where the source has a split of its own: with images missing, it is another test than the published one."""
    (row, reason), others = problems.found[0], len(problems.found) - 1
    more = f" (and {others:,} more)" if others else ""
    raise ValueError(
        f"{problems.source}: {row}: {reason}{more}; the split is incomplete without it: repair it, or "
        f"leave it out with --allow-unreadable (in Python and suites: pass allow_unreadable=True)"
    )


def refuse_missing(dataset: Dataset, source: object, labels: Sequence[str] = LABELS) -> None:
    """Raise where a label has no image in a split: no score over all classes would mean anything."""
    for name in SPLITS:
        present = set(dataset.labels[dataset.split == name].tolist())
        if missing := [label for label in labels if label not in present]:
            odd = sorted(present.difference(LABELS, labels if set(labels) <= set(LABELS) else ()))
            hint = f" (it has {', '.join(odd)})" if odd else ""
            raise ValueError(
                f"{source}: class {', '.join(missing)} is missing from split {name}{hint}; add images of it, "
                f"name the labels that it has (labels=[...]), or pass allow_missing=True"
            )


def _size_notes(table: Table, size: int) -> list[str]:
    stretched = int((table.shapes[:, 0] != table.shapes[:, 1]).sum())
    resized = int((table.shapes != size).any(axis=1).sum())
    notes = [f"{resized:,} images were resized to {size} x {size} pixels."] if resized else []
    return [*notes, f"{stretched:,} of them were not square and were stretched."] if stretched else notes
