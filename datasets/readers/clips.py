"""Frames of video clips, as a data set of faces."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import LabelReader
from ferbench.datasets.readers.entries import Entry
from ferbench.datasets.readers.files import FolderSource
from ferbench.utils import Decoded, resize


class ClipFiles(FolderSource):
    """A folder of clips; each gives some frames, spread evenly over it, cut to their central square.

    Faces are not searched for: the clips of acted data sets show one face in the middle.

    Parameters
    ----------
    path : Path
        The folder.
    suffixes : tuple of str
        Endings of the clips, in lower case.
    mapping, codes : mapping of str to str
        As :class:`~ferbench.datasets.base.LabelReader` takes them.
    """

    def __init__(
        self, path: Path, suffixes: tuple[str, ...], mapping: Mapping[str, str] | None, codes: Mapping[str, str]
    ) -> None:
        if not path.is_dir():
            raise ValueError(f"{path}: expected a folder of clips ({', '.join(suffixes)}); unpack the archive first")
        super().__init__(path, images_needed=False)
        self.labels = LabelReader(mapping, codes)
        self.clips = [name for name in self.others if name.lower().endswith(suffixes)]
        if not self.clips:
            raise ValueError(f"{path}: no clips found; expected files that end in {' or '.join(suffixes)}")
        self.notes = ["Frames are cut to their central square; faces are not searched for."]

    def _decode(self, entries: Sequence[Entry], size: int) -> list[Decoded | str]:
        found: list[Decoded | str] = []
        for path, rows in groupby(entries, key=lambda entry: entry.path):
            found += self._decode_clip(path, len(list(rows)), size)
        return found

    def _decode_clip(self, path: str, count: int, size: int) -> list[Decoded | str]:
        frames = list(_squares(self.path / path, size))
        if not frames:
            return [f"expected a clip that OpenCV reads; got {path}"] * count
        places = np.linspace(0, len(frames) - 1, count + 2)[1:-1].round().astype(int)
        return [frames[place] for place in places]


def frame_entries(entry: Entry, frames: int) -> list[Entry]:
    """One entry for each frame that is taken of a clip."""
    return [entry._replace(id=f"{entry.path}#{number}") for number in range(frames)]


def check_frames(frames: object) -> int:
    """Number of frames of each clip, 1 to 100."""
    if isinstance(frames, bool) or not isinstance(frames, int) or not 1 <= frames <= 100:
        raise ValueError(f"frames must be a whole number from 1 to 100; got {frames!r}")
    return frames


def _squares(path: Path, size: int) -> Iterator[Decoded]:
    if not path.is_file():  # a named pipe would never end
        return
    clip = cv2.VideoCapture(str(path))
    try:
        while True:
            read, frame = clip.read()
            if not read:
                return
            gray: NDArray[np.uint8] = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), np.uint8)
            height, width = gray.shape
            side = min(height, width)
            top, left = (height - side) // 2, (width - side) // 2
            yield Decoded(resize(gray[top : top + side, left : left + side], size), width, height)
    finally:
        clip.release()
