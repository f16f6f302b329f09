"""Write results to files: events as CSV or JSON lines, annotated images, emotion counts."""

import csv
import io
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from ferbench.realtime.drawing import Overlay
from ferbench.realtime.events import FaceEvent, FrameResult, Sink
from ferbench.realtime.sinks.closing import Closing
from ferbench.realtime.sinks.output import check_suffix
from ferbench.utils import PartFile, write_atomically

EVENT_SUFFIXES = (".csv", ".jsonl")
IMAGE_OUTPUT_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
_FLUSH_BYTES, _FLUSH_SECONDS = 1 << 16, 1.0


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
    ) -> None:
        self._columns = FaceEvent.columns(classes, point_names) + ["image"] * images + ["compound"] * compound
        self._lines = _Lines(Path(path))
        self._lines.write(self._text(self._columns))

    def write(self, result: FrameResult) -> None:
        """Append the rows of a frame."""
        for event in result.events:
            row = {**event.row(), "image": result.name, "compound": event.compound}
            self._lines.write(self._text([_plain(row.get(column)) for column in self._columns]))

    def close(self) -> None:
        """Complete the file."""
        self._lines.close()

    @staticmethod
    def _text(values: Sequence[Any]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerow(values)
        return buffer.getvalue()


class JsonLinesSink(Closing):
    """Sink that writes JSON lines: one object per face and frame, with the columns of the CSV as keys.

    For photographs, ``image`` is the file name.

    Parameters
    ----------
    path : str or Path
        Output file; it appears under this name when the sink is closed.
    compound : bool
        Add a key ``compound`` with the derived mixture of two emotions.
    """

    def __init__(self, path: str | Path, *, compound: bool = False) -> None:
        self._lines, self._compound = _Lines(Path(path)), compound

    def write(self, result: FrameResult) -> None:
        """Append the objects of a frame."""
        for event in result.events:
            row = {name: _plain(value) for name, value in event.row().items()}
            if result.name is not None:
                row["image"] = result.name
            if self._compound:
                row["compound"] = event.compound
            self._lines.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Complete the file."""
        self._lines.close()


class ImageSink(Closing):
    """Sink that writes annotated images.

    Parameters
    ----------
    path : str or Path
        Image file, or a folder.
    folder : bool
        Whether `path` is a folder. Images in it keep their names.
    overlay : Overlay, optional
        Style of the annotations; by default with bars and without frames per second.
    """

    def __init__(self, path: str | Path, *, folder: bool = False, overlay: Overlay | None = None) -> None:
        self._path, self._folder = Path(path), folder
        if folder:
            self._path.mkdir(parents=True, exist_ok=True)
        self._overlay = overlay or Overlay(status=False)

    def write(self, result: FrameResult) -> None:
        """Draw and write an image."""
        if result.events:
            write_image(self._target(result), self._overlay.annotate(result))

    def close(self) -> None:
        """Do nothing, because every image is already written."""

    def _target(self, result: FrameResult) -> Path:
        if not self._folder:
            return self._path
        name = Path(result.name or f"{result.frame:06d}")
        # Formats that OpenCV cannot write are saved as PNG.
        known = name.suffix.lower() in IMAGE_OUTPUT_SUFFIXES
        return self._path / (name if known else name.with_name(f"{name.name}.png"))


class FrequencySink(Closing):
    """Sink that counts emotions and writes them as CSV with the columns ``emotion, count, share``.

    Faces without a certain label count as ``uncertain``, so that the counts add up to the number of faces.

    Parameters
    ----------
    path : str, Path or None
        Output file, written at the end of the run; None only counts.
    classes : sequence of str
        Labels of the model; each has a row, even without a face.

    Attributes
    ----------
    counts : Counter
        Faces by label.
    people : set of int
        Numbers of the tracked people.
    """

    def __init__(self, path: str | Path | None, classes: Sequence[str]) -> None:
        # Create the file now, so that a read-only folder is reported at the start and not at the end of the run.
        self._file = None if path is None else PartFile(Path(path))
        self._classes = tuple(classes)
        self.counts: Counter[str] = Counter()
        self.people: set[int] = set()

    def write(self, result: FrameResult) -> None:
        """Count the faces of a frame."""
        faces = [event for event in result.events if event.state == "face"]
        self.counts.update(event.label if event.certain and event.label else "uncertain" for event in faces)
        self.people.update(event.track_id for event in faces if event.track_id is not None)

    def rows(self) -> list[tuple[str, int, float]]:
        """Return emotion, number of faces, and share of all faces (0 without faces)."""
        labels = [*self._classes, *sorted(set(self.counts) - {*self._classes, "uncertain"}), "uncertain"]
        total = self.counts.total()
        return [(label, self.counts[label], self.counts[label] / total if total else 0.0) for label in labels]

    def close(self) -> None:
        """Write the file."""
        if self._file is None:
            return
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(["emotion", "count", "share"])
        writer.writerows((label, count, f"{share:.4f}") for label, count, share in self.rows())
        self._file.finish(buffer.getvalue().encode())


def event_sink(
    path: str | Path,
    classes: Sequence[str],
    *,
    images: bool = False,
    point_names: Sequence[str] = (),
    compound: bool = False,
) -> Sink:
    """Create the sink for events according to the file extension.

    Raises
    ------
    ValueError
        If the extension is neither ``.csv`` nor ``.jsonl``.
    """
    check_suffix(Path(path), EVENT_SUFFIXES, "the file of events")
    if Path(path).suffix.lower() == ".csv":
        return CsvSink(path, classes, images=images, point_names=point_names, compound=compound)
    return JsonLinesSink(path, compound=compound)


def write_image(path: Path, image: Any) -> None:
    """Write an image atomically. OpenCV's own writer does not report a full disk.

    Raises
    ------
    ValueError
        If the extension is unknown, or the format does not support this image size.
    OSError
        If the file cannot be written.
    """
    check_suffix(path, IMAGE_OUTPUT_SUFFIXES, "the image")
    try:
        done, content = cv2.imencode(path.suffix.lower(), image)
    except cv2.error as error:
        raise ValueError(f"{path}: the image cannot be written in this format ({error.err}); try .png") from error
    if not done:
        raise ValueError(f"{path}: an image of {image.shape[1]} × {image.shape[0]} does not fit this format; try .png")
    write_atomically(path, content.tobytes())


def _plain(value: Any) -> Any:
    """Round numbers so that they are readable and still precise."""
    return round(value, 6) if isinstance(value, float) else value
