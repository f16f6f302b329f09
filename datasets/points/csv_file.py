"""Read the CSV of Kaggle's "Facial Keypoints Detection": thirty coordinates and a gray image in each row."""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.datasets.base import readable
from ferbench.datasets.points.marked import MarkedRows
from ferbench.datasets.readers import MAX_FIELD, read_pixels
from ferbench.utils import POINT_NAMES

_COORDINATES = tuple(f"{name}_{axis}" for name in POINT_NAMES for axis in "xy")
_TABLE = "training.csv"
_INNER = "training.zip"  # name in Kaggle's download of the whole competition


class _Columns(NamedTuple):
    coordinates: list[int]
    image: int
    width: int


def read_csv(path: Path) -> MarkedRows:
    """Read ``training.csv`` from a file, a folder or a zip.

    Raises
    ------
    FileNotFoundError
        If the folder or zip contains no such file.
    ValueError
        If a column is missing or a row cannot be read; the message names the file and the row.
    """
    with _opened(path) as (file, origin):
        reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline=""))
        columns = _read_header(next(reader, []), origin)
        rows = list(_rows(reader, columns, origin))
    if not rows:
        raise ValueError(f"{origin}: the file has a header but no row with a point")
    ids, points, images = zip(*rows, strict=True)
    return MarkedRows(np.stack(images), np.stack(points), np.array(ids))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], str]]:
    """Yield the open CSV file and its name for messages."""
    if path.is_dir():
        path = _in_folder(path)
    if path.suffix.lower() != ".zip":
        with path.open("rb") as file:
            yield file, str(path)
        return
    with readable(str(path)), zipfile.ZipFile(path) as archive, _in_zip(archive, str(path)) as (file, origin):
        yield file, origin


def _in_folder(folder: Path) -> Path:
    names = {item.name.lower(): item for item in sorted(folder.iterdir()) if item.is_file()}
    for name in (_TABLE, _INNER, "facial-keypoints-detection.zip"):
        if name in names:
            return names[name]
    raise FileNotFoundError(f"{folder}: no {_TABLE} in this folder; expected Kaggle's key-point data, or name the file")


@contextmanager
def _in_zip(archive: zipfile.ZipFile, origin: str) -> Iterator[tuple[IO[bytes], str]]:
    names = {name.rpartition("/")[2].lower(): name for name in archive.namelist()}
    tables = [name for name in names.values() if name.lower().endswith(".csv")]
    chosen = names.get(_TABLE) or (tables[0] if len(tables) == 1 and _INNER not in names else None)
    if chosen is not None:
        with archive.open(chosen) as file:
            yield file, f"{origin}/{chosen}"
    elif _INNER in names:
        with (
            archive.open(names[_INNER]) as inner,
            zipfile.ZipFile(inner) as nested,
            _in_zip(nested, f"{origin}/{names[_INNER]}") as found,
        ):
            yield found
    else:
        raise FileNotFoundError(f"{origin}: no {_TABLE} in this zip; expected Kaggle's key-point data")


def _read_header(header: list[str], origin: str) -> _Columns:
    places = {name.strip().casefold(): place for place, name in enumerate(header)}
    missing = [name for name in (*_COORDINATES, "Image") if name.casefold() not in places]
    if len(missing) == len(_COORDINATES) and "imageid" in places:
        raise ValueError(f"{origin}: images without points, as in Kaggle's test.csv; name {_TABLE} instead")
    if missing:
        got = ", ".join(header)[:60] or "an empty file"
        raise ValueError(
            f"{origin}: the column {missing[0]} is missing; expected Kaggle's thirty coordinate columns and Image; "
            f"got {got}"
        )
    return _Columns([places[name] for name in _COORDINATES], places["image"], len(header))


def _rows(
    reader: Iterator[list[str]], columns: _Columns, origin: str
) -> Iterator[tuple[str, NDArray[np.float32], NDArray[np.uint8]]]:
    """Yield number, points and image of each row with at least one point."""
    limit = csv.field_size_limit(MAX_FIELD)
    shape = None
    bar = tqdm(desc=f"reading {Path(origin).name}", unit=" faces", disable=None, leave=False, delay=2)
    try:
        for number, cells in enumerate(reader, start=1):
            if not cells:
                continue
            row = f"row {number} (line {reader.line_num})"  # type: ignore[attr-defined]
            try:
                points, image = _read_row(cells, columns)
                shape = shape or image.shape
                if image.shape != shape:
                    raise ValueError(
                        f"expected {np.prod(shape):,} gray values, as in the rows before; got {image.size:,}"
                    )
            except ValueError as error:
                raise ValueError(f"{origin}: {row}: {error}; repair or remove that row") from None
            bar.update()
            if np.isfinite(points).any():
                yield f"row {number}", points, image
    except csv.Error as error:
        raise ValueError(f"{origin}: damaged CSV: {error}; fetch the file again") from None
    finally:
        csv.field_size_limit(limit)
        bar.close()


def _read_row(cells: list[str], columns: _Columns) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    if len(cells) != columns.width:
        raise ValueError(f"expected {columns.width} columns, as in the header; got {len(cells)}")
    values = [_coordinate(cells[place], name) for place, name in zip(columns.coordinates, _COORDINATES, strict=True)]
    return np.array(values, np.float32).reshape(-1, 2), read_pixels(cells[columns.image])


def _coordinate(text: str, column: str) -> float:
    """Return a number, or NaN for an empty cell."""
    try:
        return float(text) if text.strip() else float("nan")
    except ValueError:
        raise ValueError(f"{column} must be a number of pixels or empty; got {text[:20]!r}") from None
