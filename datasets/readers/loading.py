"""Load a data set by path or by name."""

import os
import re
import zipfile
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import LABELS, SPLITS, Dataset, Problems, Source, content_fingerprint
from ferbench.datasets.faces import make_faces
from ferbench.datasets.protocols import check_labels, keep_labels, resolve_splits
from ferbench.datasets.readers.cache import Table, read_table
from ferbench.datasets.readers.csv_file import CsvSource
from ferbench.datasets.readers.files import FolderSource, ZipSource
from ferbench.datasets.readers.tables import find_table

BUILT_IN = "faces"
GROUP = "ferbench.datasets"


def load(source: str | os.PathLike[str], *, size: int = 48, seed: int = 0, **options: object) -> Dataset:
    """Load labeled faces with their split.

    Parameters
    ----------
    source : str or path
        One of

        - a folder of images ``<split>/<label>/…`` or ``<label>/…``, such as FER2013 unpacked; FER2013's file
          names (``PublicTest_….jpg``) give the official split;
        - a zip of such a folder, read in place;
        - a FER2013 CSV with the columns ``emotion,pixels,Usage`` or ``emotion,pixels``, packed with gzip or not, or a
          folder, zip or ``.tar.gz`` that holds one;
        - ``"faces"``: the built-in drawn faces (a folder of that name is ``"./faces"``);
        - the name of a data set that another package adds, see :func:`loaders`.
    size : int, default=48
        Height and width in pixels; images of another size or shape are resized to this square.
    seed : int, default=0
        Seed of what the source does not set: parts held out for validation, drawn faces.
    **options : object
        ``labels=[...]`` keeps the images of these labels only, for any source. ``allow_missing=True`` accepts a split
        without some label. ``allow_unreadable=True`` accepts a source with a split of its own of which some images
        cannot be read; like those of other sources they are left out and counted in `notes`. For ``"faces"``:
        ``n_samples`` and ``difficulty``, passed to :func:`make_faces`.

    Returns
    -------
    Dataset
        Images decoded to gray; a read-only memory map for what comes from disk, kept under
        :func:`cache_dir`.

    Raises
    ------
    FileNotFoundError
        When the path does not exist.
    ValueError
        When the source holds no labeled faces, something unreadable, a label outside the seven, or a split
        in which a label is missing.
    """
    if not isinstance(size, int | np.integer) or not 8 <= size <= 1024:
        raise ValueError(f"size must be an integer from 8 to 1024 pixels; got {size!r}")
    wanted = check_labels(options.pop("labels")) if "labels" in options else None
    if isinstance(source, str) and (loader := loaders().get(source)) is not None:
        dataset = loader(size=size, seed=seed, **options)
        return dataset if wanted is None else keep_labels(dataset, wanted)
    allow_missing, allow_unreadable = options.pop("allow_missing", False), options.pop("allow_unreadable", False)
    if options:
        raise ValueError(
            f"{source}: unknown option {min(options)!r}; a path takes only labels, allow_missing and allow_unreadable"
        )
    problems = Problems(str(source), allow_unreadable=bool(allow_unreadable))
    dataset, _ = read_source(open_source(source), size, seed, problems)
    if not allow_missing:
        refuse_missing(dataset, source, wanted or LABELS)
    return dataset if wanted is None else keep_labels(dataset, wanted)


def open_source(source: str | os.PathLike[str]) -> Source:
    """Choose the reader for a path."""
    path = Path(source)
    if (table := find_table(path)) is not None:
        return CsvSource(table)
    if path.is_dir():
        return FolderSource(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path}: no such file or folder; expected a folder of labeled images, a zip of one, a FER2013 CSV, "
            f"or the name of the built-in data, {BUILT_IN!r}"
        )
    if path.suffix.lower() == ".zip" or zipfile.is_zipfile(path):
        return ZipSource(path)
    raise ValueError(f"{path}: expected a folder of labeled images, a .zip of one or a FER2013 .csv")


def read_source(source: Source, size: int, seed: int, problems: Problems) -> tuple[Dataset, NDArray[np.int32]]:
    """Read a source and resolve its splits; the second result holds original widths and heights."""
    table = read_table(source, size, problems)
    if problems.found and not problems.tolerant and (table.parts != "").any():
        _refuse_incomplete(problems)
    split, notes = resolve_splits(table.parts, table.labels, table.images, seed, problems.source)
    dataset = Dataset(
        name=re.sub(r"[^\w.-]+", "-", source.name).strip("-.") or "dataset",
        images=table.images,
        labels=table.labels,
        split=split,
        ids=table.ids,
        fingerprint=content_fingerprint(table.images, table.labels, split),
        notes=(*source.notes, *table.notes.tolist(), *_unread(problems), *notes, *_size_notes(table, size)),
    )
    return dataset, table.shapes


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
        f"{problems.source}: {row}: {reason}{more}; the split is incomplete without it: repair it, or pass "
        f"allow_unreadable=True to leave it out"
    )


def refuse_missing(dataset: Dataset, source: object, labels: Sequence[str] = LABELS) -> None:
    """Raise where a label has no image in a split: no score over all classes would mean anything."""
    for name in SPLITS:
        present = set(dataset.labels[dataset.split == name].tolist())
        if missing := [label for label in labels if label not in present]:
            raise ValueError(
                f"{source}: class {', '.join(missing)} is missing from split {name}; add images of it, "
                f"or pass allow_missing=True"
            )


def _size_notes(table: Table, size: int) -> list[str]:
    stretched = int((table.shapes[:, 0] != table.shapes[:, 1]).sum())
    resized = int((table.shapes != size).any(axis=1).sum())
    notes = [f"{resized:,} images were resized to {size} x {size} pixels."] if resized else []
    return [*notes, f"{stretched:,} of them were not square and were stretched."] if stretched else notes


def loaders() -> dict[str, Callable[..., Dataset]]:
    """Data sets by name: the built-in ones, and those of the entry-point group ``ferbench.datasets``.

    An entry point's value is a function that takes the keywords ``size``, ``seed`` and its own options, and returns a
    :class:`Dataset`; it is imported when its name is loaded. Built-in names cannot be taken.
    """
    found = {point.name: _third_party(point) for point in entry_points(group=GROUP)}
    return {**found, BUILT_IN: _load_faces}


def _third_party(point: EntryPoint) -> Callable[..., Dataset]:
    def loader(**options: object) -> Dataset:
        try:
            function = point.load()
        except Exception as error:
            package = point.dist.name if point.dist else "unknown"
            raise ImportError(f"data set {point.name!r} of package {package} cannot be loaded: {error}") from error
        return function(**options)

    return loader


def _load_faces(*, size: int, seed: int, **options: object) -> Dataset:
    if unknown := sorted(options.keys() - {"n_samples", "difficulty"}):
        raise ValueError(f"{BUILT_IN}: unknown option {unknown[0]!r}; expected n_samples or difficulty")
    return make_faces(size=size, random_state=seed, **options)  # type: ignore[arg-type]
