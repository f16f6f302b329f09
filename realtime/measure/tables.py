"""Write the tables of faces by size and of the timing of videos, as CSV and Markdown."""

import csv
import io
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ferbench.utils import safe_row, write_atomically

_FACES = """# Faces that each detector finds, by size of the photograph

The same {photos} photographs with one face each, resized so that the longer side has `size` pixels.
*Found*: photographs in which at least one face is found; *more*: further boxes. *Shift*: largest
distance of the box from that at 320 pixels in position or size, as a share of the face.
Made by `ferbench measure-live --sizes` with {library}.
"""
_TIMING = """# Timing of annotated videos

Videos whose frames carry their number, annotated as `ferbench video --output-video` does. *Error*:
time at which a frame is first shown, minus its time in the source. A video of varying rate is
written at the constant rate of its short intervals, so an error of up to one written frame remains.
Made by `ferbench measure-live --timing` with {library}.
"""
_CHANGES = """# Labels on changed photographs

Photographs with one face each, recognized as they are and changed by `{model}`, with the detector
`{detector}`. *Found*: photographs in which a face is still found; *kept*: those with the same label
as before. The labels are not compared with a truth, so this is no accuracy.
Made by `ferbench measure-live --changes` with {library}.
"""


def write_faces_table(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows of :func:`count_faces` as ``sizes.csv`` and ``sizes.md``; return the path of the page."""
    photos = rows[0]["photos"]
    columns = ["detector", "size", "found", "more", "median_shift", "largest_shift"]
    return _write(folder / "sizes", _FACES.format(photos=photos, library=_library()), rows, columns)


def write_timing_table(folder: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write rows of :func:`measure_timing` as ``timing.csv`` and ``timing.md``; return the path of the page."""
    columns = ["frames_per_s", "frames", "written_fps", "largest_error_s", "length_error_s", "within_one_frame"]
    return _write(folder / "timing", _TIMING.format(library=_library()), rows, columns)


def write_changes_table(folder: Path, rows: Sequence[dict[str, Any]], *, model: str, detector: str) -> Path:
    """Write rows of :func:`count_kept_labels` as ``changes.csv`` and ``changes.md``; return the path of the page."""
    text = _CHANGES.format(model=model, detector=detector, library=_library())
    return _write(folder / "changes", text, rows, list(rows[0]))


def _write(place: Path, text: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> Path:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(list(rows[0]))
    writer.writerows(safe_row(row.values()) for row in rows)
    write_atomically(place.with_suffix(".csv"), buffer.getvalue().encode())
    lines = [text, f"| {' | '.join(columns)} |", f"|{' :-- |' * len(columns)}"]
    lines += [f"| {' | '.join(_cell(row[column]) for column in columns)} |" for row in rows]
    page = place.with_suffix(".md")
    write_atomically(page, ("\n".join(lines) + "\n").encode())
    return page


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).replace("|", r"\|")


def _library() -> str:
    return f"OpenCV {version('opencv-python-headless')}"
