"""Write the events of faces as CSV or JSON lines, to files or to standard output."""

import csv
import io
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferbench.realtime.events import FaceEvent, FrameResult, Sink
from ferbench.realtime.sinks.closing import Closing
from ferbench.realtime.sinks.output import check_suffix
from ferbench.utils import PartFile, printable, safe_row

EVENT_SUFFIXES = (".csv", ".jsonl")
# State of an image that could not be read.
UNREADABLE = "unreadable"
_FLUSH_BYTES, _FLUSH_SECONDS = 1 << 16, 1.0


class _Printed:
    """Lines on standard output."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def close(self) -> None:
        sys.stdout.flush()


class _Lines:
    """Text file that contains only complete lines, even if the disk becomes full."""

    def __init__(self, path: Path) -> None:
        self._file = PartFile(path)
        self._stream = self._file.part.open("wb", buffering=0)
        self._pending = bytearray()
        self._whole = 0
        self._flushed = time.monotonic()

    def write(self, text: str) -> None:
        self._pending += text.encode()
        if len(self._pending) > _FLUSH_BYTES or time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self._flush()

    def close(self) -> None:
        try:
            self._flush()
        finally:
            self._stream.truncate(self._whole)
            self._stream.close()
            self._file.commit()

    def read(self) -> str:
        """Return what was written."""
        self._flush()
        return self._file.part.read_text("utf-8")

    def restart(self) -> None:
        """Remove what was written."""
        self._stream.seek(0)
        self._stream.truncate(0)
        self._whole = 0

    def _flush(self) -> None:
        lines, self._pending = bytes(self._pending), bytearray()
        written = 0
        try:
            while written < len(lines):
                written += self._stream.write(lines[written:]) or 0
        except OSError as error:
            self._whole += lines[:written].rfind(b"\n") + 1
            raise self._file.error(error) from error
        self._whole += len(lines)
        self._flushed = time.monotonic()


class CsvSink(Closing):
    """Sink that writes CSV: one row per face and frame, and a ``no_face`` row for frames without a face.

    Parameters
    ----------
    path : str or Path
        Output file; it appears under this name when the sink is closed.
    classes : sequence of str
        Labels of the model; they define the columns.
    images : bool
        Add a last column ``image`` with the file name of each photograph.
    point_names : sequence of str
        Names of the key points, with two columns each; none by default.
    compound : bool
        Add a last column ``compound`` with the derived mixture of two emotions.
    skipped : sequence of (str, str)
        Name and reason of each image that could not be read, looked at when the sink is closed. Each gets a row with
        the state ``unreadable``, and the table gets a further column ``error``.

    Notes
    -----
    A text that a spreadsheet would take for a formula begins with an apostrophe.

    Examples
    --------
    >>> from ferbench.realtime import CsvSink, Pipeline, Recognizer, make_detector, open_source, run
    >>> recognizer = Recognizer.load()  # doctest: +SKIP
    >>> pipeline = Pipeline(recognizer, make_detector())  # doctest: +SKIP
    >>> run(open_source("party.mp4"), pipeline, [CsvSink("party.csv", recognizer.classes_)])  # doctest: +SKIP
    """

    def __init__(
        self,
        path: str | Path,
        classes: Sequence[str],
        *,
        images: bool = False,
        point_names: Sequence[str] = (),
        compound: bool = False,
        skipped: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._columns = FaceEvent.columns(classes, point_names) + ["image"] * images + ["compound"] * compound
        self._skipped = skipped
        self._lines = _Lines(Path(path))
        self._lines.write(self._text(self._columns))

    def write(self, result: FrameResult) -> None:
        """Append the rows of a frame."""
        for event in result.events:
            row = {**event.row(), "image": result.name, "compound": event.compound}
            self._lines.write(self._text([_plain(row.get(column)) for column in self._columns]))

    def close(self) -> None:
        """Complete the file."""
        try:
            if self._skipped:
                self._add_skipped()
        finally:
            self._lines.close()

    def _add_skipped(self) -> None:
        """Write the table anew with the column ``error``, and a row for each image that could not be read."""
        rows = list(csv.reader(io.StringIO(self._lines.read(), newline="")))
        self._lines.restart()
        self._lines.write(_csv_line([*rows[0], "error"]))
        for whole in rows[1:]:
            self._lines.write(_csv_line([*whole, ""]))
        for name, reason in self._skipped:
            row = {"state": UNREADABLE, "image": name}
            self._lines.write(self._text([*(row.get(column) for column in self._columns), reason]))

    @staticmethod
    def _text(values: Sequence[Any]) -> str:
        return _csv_line(safe_row(values))


class JsonLinesSink(Closing):
    """Sink that writes JSON lines: one object per face and frame, with the columns of the CSV as keys.

    For photographs, ``image`` is the file name.

    Parameters
    ----------
    path : str or Path
        Output file; it appears under this name when the sink is closed. ``-`` is standard output.
    compound : bool
        Add a key ``compound`` with the derived mixture of two emotions.
    columns : sequence of str
        Keys of the rows of images that could not be read; their state is ``unreadable``, and `error` is the reason.
    skipped : sequence of (str, str)
        Name and reason of each such image, looked at when the sink is closed.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        compound: bool = False,
        columns: Sequence[str] = (),
        skipped: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._compound, self._columns, self._skipped = compound, columns, skipped
        self._lines = _Printed() if str(path) == "-" else _Lines(Path(path))

    def write(self, result: FrameResult) -> None:
        """Append the objects of a frame."""
        for event in result.events:
            row = {name: _plain(value) for name, value in event.row().items()}
            if result.name is not None:
                row["image"] = printable(result.name)
            if self._compound:
                row["compound"] = event.compound
            self._lines.write(_json_line(row))

    def close(self) -> None:
        """Complete the file."""
        try:
            for name, reason in self._skipped:
                row = dict.fromkeys(self._columns) | {"state": UNREADABLE}
                self._lines.write(_json_line({**row, "image": printable(name), "error": printable(reason)}))
        finally:
            self._lines.close()


def event_sink(
    path: str | Path,
    classes: Sequence[str],
    *,
    images: bool = False,
    point_names: Sequence[str] = (),
    compound: bool = False,
    skipped: Sequence[tuple[str, str]] = (),
) -> Sink:
    """Create the sink for events according to the file extension; ``-`` is JSON lines on standard output.

    Raises
    ------
    ValueError
        If the extension is neither ``.csv`` nor ``.jsonl``.
    """
    check_events(Path(path))
    if Path(path).suffix.lower() == ".csv":
        return CsvSink(path, classes, images=images, point_names=point_names, compound=compound, skipped=skipped)
    return JsonLinesSink(path, compound=compound, columns=FaceEvent.columns(classes, point_names), skipped=skipped)


def check_events(path: Path) -> None:
    """Raise ValueError if the name of a file of events is neither ``-`` nor ends in a known format."""
    if str(path) != "-":
        check_suffix(path, EVENT_SUFFIXES, "the file of events")


def _plain(value: Any) -> Any:
    """Round numbers so that they are readable and still precise."""
    return round(value, 6) if isinstance(value, float) else value


def _csv_line(values: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(values)
    return buffer.getvalue()


def _json_line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
