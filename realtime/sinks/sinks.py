"""Write annotated images and emotion counts."""

import csv
import io
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2

from ferbench.realtime.drawing import Overlay
from ferbench.realtime.events import FrameResult
from ferbench.realtime.sinks.closing import Closing
from ferbench.realtime.sinks.output import check_suffix
from ferbench.utils import PartFile, safe_row, write_atomically

IMAGE_OUTPUT_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


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
        Output file, written at the end of the run; ``-`` is standard output, and None only counts.
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
        self._file = None if path is None or str(path) == "-" else PartFile(Path(path))
        self._prints = str(path) == "-"
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
        if self._file is None and not self._prints:
            return
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(["emotion", "count", "share"])
        writer.writerows(safe_row([label, count, f"{share:.4f}"]) for label, count, share in self.rows())
        if self._file is None:
            sys.stdout.write(buffer.getvalue())
        else:
            self._file.finish(buffer.getvalue().encode())


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
