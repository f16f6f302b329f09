"""Read FER2013's CSV with the columns ``emotion,pixels,Usage``, or the competition's ``emotion,pixels``."""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import (
    CODES,
    DROP,
    LABELS,
    NONE,
    SPLITS,
    Batch,
    LabelReader,
    Problems,
    SplitReader,
    canonical_split,
)
from ferbench.datasets.readers.tables import TableFile
from ferbench.utils import resize, sha256_of

_ROWS_PER_BATCH = 256
# Longer than any row this project accepts: 1024 x 1024 pixels of up to three digits and a space.
MAX_FIELD = 4 * 1024 * 1024
_PIXEL = {str(value): value for value in range(256)}
_OFFICIAL = {name.casefold(): name for name in SPLITS}


class CsvSource:
    """CSV source with one face per row; pixels are integers 0 to 255, separated by spaces."""

    def __init__(
        self, table: TableFile | Path, mapping: Mapping[str, str] | None = None, codes: Sequence[str] = CODES
    ) -> None:
        self.labels = LabelReader(mapping, {str(code): label for code, label in enumerate(codes)})
        self.splits = SplitReader()
        self._codes = codes
        self.layout = ""  # set by the layout that opens the file, if any
        self._table = TableFile(table) if isinstance(table, Path) else table
        self.path = self._table.path
        self.name = self._table.name
        self.notes: list[str] = []
        with self._open() as file:
            head = file.readline()
        self._delimiter = max(",;\t", key=head.count)
        self._columns = self._read_header(next(csv.reader([head], delimiter=self._delimiter), []))

    def __len__(self) -> int:
        return 0

    @property
    def fer2013(self) -> bool:
        """Whether the rows read so far have FER2013's own test split; a layout is of another data set."""
        return self.splits.fer2013 and not self.layout

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file and the name of the member inside it."""
        key = f"{sha256_of(self.path)} {self._table.member}".strip()
        names = f" {sorted(self.splits.names.items())}" if self.splits.names else ""
        changed = self.labels.mapping or self._codes != CODES or names
        return f"{key}\n{self._codes} {sorted(self.labels.mapping.items())}{names}" if changed else key

    def batches(self, size: int, problems: Problems) -> Iterator[Batch]:
        """Read all rows."""
        rows: list[tuple[str, str, str, NDArray[np.uint8]]] = []
        n_pixels = 0
        for row_id, cells in self._rows(problems):
            try:
                row = self._read_row(cells)
                if row is None:
                    continue
                n_pixels = n_pixels or row[2].size
                if row[2].size != n_pixels:
                    raise ValueError(f"expected {n_pixels:,} pixels, as in the rows before; got {row[2].size:,}")
                rows.append((row_id, *row))
            except ValueError as error:
                problems.add(row_id, str(error))
            if len(rows) == _ROWS_PER_BATCH:
                yield _batch(rows, size)
                rows = []
        problems.notes.extend([*self.labels.notes(), *self.splits.notes()])
        if rows:
            yield _batch(rows, size)

    @contextmanager
    def _open(self) -> Iterator[TextIO]:
        with self._table.open() as stream:
            buffered = io.BufferedReader(stream)  # type: ignore[type-var]
            wide = buffered.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff")
            encoding = "utf-16" if wide else "utf-8-sig"
            with io.TextIOWrapper(buffered, encoding=encoding, errors="replace", newline="") as text:
                yield text

    def _read_header(self, header: list[str]) -> dict[str, int]:
        columns = {name.strip().casefold(): number for number, name in enumerate(header)}
        if not {"emotion", "pixels"} <= columns.keys():
            got = ", ".join(header)[:60] or "an empty file"
            raise ValueError(
                f"{self._table.origin}: expected the columns emotion,pixels,Usage or emotion,pixels; got {got}"
            )
        return {name: columns[name] for name in ("emotion", "pixels", "usage") if name in columns}

    def _rows(self, problems: Problems) -> Iterator[tuple[str, list[str]]]:
        limit = csv.field_size_limit(MAX_FIELD)
        empty, blank = True, 0
        try:
            with self._open() as file:
                reader = csv.reader(file, delimiter=self._delimiter)
                next(reader)
                for number, cells in enumerate(reader, start=1):
                    if any(cell.strip() for cell in cells):
                        empty = False
                        yield f"row {number} (line {reader.line_num})", cells
                    else:
                        blank += bool(cells)
        except csv.Error as error:
            problems.add(f"line {reader.line_num}", f"damaged CSV: {error}")
        finally:
            csv.field_size_limit(limit)
        if empty:
            raise ValueError(f"{self._table.origin}: the file has a header but no rows")
        if blank:
            problems.notes.append(f"{blank:,} rows without any content were passed over.")

    def _read_row(self, cells: list[str]) -> tuple[str, str, NDArray[np.uint8]] | None:
        if len(cells) <= max(self._columns.values()):
            raise ValueError(f"expected {len(self._columns)} columns; got {len(cells)}")
        part = self._read_usage(cells[self._columns["usage"]].strip()) if "usage" in self._columns else ""
        self.splits.tally(part)
        label = None if part == DROP else self._read_label(cells[self._columns["emotion"]].strip())
        if label is None:
            return None
        return label, part, read_pixels(cells[self._columns["pixels"]])

    def _read_label(self, text: str) -> str | None:
        # Spreadsheets and pandas write 3 as 3.0.
        whole = text.removesuffix(".0")
        if whole.isdecimal() and not self.labels.knows(str(int(whole))):
            raise ValueError(
                f"label {text!r} is outside the seven; expected a code 0 to {len(self._codes) - 1}, one of "
                f"{', '.join(LABELS)} or another name; or give its meaning, such as labels={{{whole!r}: 'bored'}}"
            )
        return self.labels.read(str(int(whole)) if whole.isdecimal() else text)

    def _read_usage(self, text: str) -> str:
        self.splits.count([text])
        name = text.strip().casefold()
        # FER2013's names stay as they are, so that a file of PrivateTest alone is recognized and refused.
        part = self.splits.names.get(name) or _OFFICIAL.get(name) or canonical_split(text)
        if part is None:
            raise ValueError(
                f"expected a Usage among {', '.join(SPLITS)}; got {text!r}; if it means one of them, say so, such as "
                f"--split-names Training={text or 'NAME'} (in Python and suites split_names=...)"
            )
        return "" if part == NONE else part


def read_pixels(text: str) -> NDArray[np.uint8]:
    """Return a square image from gray values 0 to 255, separated by spaces."""
    text = text.strip()
    if text[:1] == "[" and text[-1:] == "]":  # a list as Python writes it
        text = text[1:-1].replace(",", " ")
    words = text.split()
    side = math.isqrt(len(words))
    if side**2 != len(words) or not words:
        nearest = max(1, round(math.sqrt(len(words))))
        raise ValueError(
            f"expected the pixels of a square image, such as {nearest**2:,} ({nearest} x {nearest}); got {len(words):,}"
        )
    try:
        values = bytes(map(_PIXEL.__getitem__, words))
    except KeyError as error:
        raise ValueError(f"expected pixel values that are integers from 0 to 255; got {error.args[0]!r}") from None
    return np.frombuffer(values, np.uint8).reshape(side, side)


def _batch(rows: list[tuple[str, str, str, NDArray[np.uint8]]], size: int) -> Batch:
    ids, labels, parts, images = zip(*rows, strict=True)
    return Batch(
        ids=list(ids),
        labels=list(labels),
        parts=list(parts),
        images=np.stack([resize(image, size) for image in images]),
        shapes=np.array([image.shape[::-1] for image in images], np.int32),
    )
