"""Read video files with OpenCV: all frames with their times, or a part of them."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferbench.realtime.events import Frame
from ferbench.realtime.sources.base import MAX_PIXELS, Source
from ferbench.realtime.sources.capture import fps_of, length_of, open_capture, size_of
from ferbench.realtime.sources.ending import is_cut_off
from ferbench.realtime.sources.timing import packet_times, steady_fps
from ferbench.utils import redact

UNKNOWN_FPS = 25.0
# Distances to skip after a damaged part, in seconds; each is tried if the one before finds no frame.
SKIPS_S = (0.5, 1.0, 2.0, 4.0, 8.0)


class VideoFile(Source):
    """Video file as a source; frames are dropped only if it is opened live.

    Parameters
    ----------
    path : str or Path
        Video file, or the URL of one.
    live : bool
        Run at the original speed of the video.
    rate : float, optional
        Maximum frames per second.
    start_s, stop_s : float, optional
        Time range in seconds. Frames keep their numbers and times.
    capture : cv2.VideoCapture, optional
        The capture, if it is already open.

    Raises
    ------
    ValueError
        If the file is not a video or has no frame, its frames are too large, or a number is out of range.

    Notes
    -----
    Frames before `start_s` are decoded and skipped, so that numbers and times are exact in every format.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        live: bool = False,
        rate: float | None = None,
        start_s: float = 0.0,
        stop_s: float | None = None,
        capture: Any = None,
    ) -> None:
        super().__init__()
        _check_part(rate, start_s, stop_s)
        self.name, self.live = redact(path), live
        self._path = str(path)
        self.rate, self.start_s, self.stop_s = rate, start_s, stop_s
        # Only regular files are inspected, because reading consumes the data of a pipe.
        if isinstance(path, Path) and path.is_file():
            _refuse_no_video(path)
        self._capture = open_capture(str(path)) if capture is None else capture
        try:
            self._first = self._read_first()
        except ValueError:
            self._capture.release()
            raise
        self.size = (self._first.shape[1], self._first.shape[0])
        self.fps = fps_of(self._capture)
        self.n_frames = length_of(self._capture)
        self._step_s = 1 / (self.fps or UNKNOWN_FPS)
        self._seconds = self.n_frames * self._step_s if self.n_frames and self.fps else None
        if rate is not None or start_s or stop_s is not None:
            # The number of frames in this part is known only at the end.
            self.n_frames = None
        if rate is not None:
            self.fps = min(rate, self.fps or rate)

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames with the times of the container.

        Raises
        ------
        ValueError
            If the video ends before `start_s`.
        """
        started, begin, due, given = time.perf_counter(), None, self.start_s, False
        for index, when in self._times():
            if self.stop_s is not None and when >= self.stop_s:
                return
            # Containers round times to a millisecond or less.
            if when < due - 1e-3:
                continue
            begin = when if begin is None else begin
            if self.live and self._stopped.wait(max(0.0, started + when - begin - time.perf_counter())):
                return
            image = self._first if index == 0 else self._capture.retrieve()[1]
            if image is None:
                continue
            given = True
            if self.rate is not None:
                due = self.start_s + (math.floor((when - self.start_s) * self.rate + 1e-3 * self.rate) + 1) / self.rate
            yield Frame(index, when, np.asarray(image, np.uint8), time.perf_counter() if self.live else None)
        if not given and not self._stopped.is_set():
            raise ValueError(f"{self.name}: has no frame after {self.start_s:g} s; give an earlier start")

    def steady_fps(self) -> float:
        """Return a constant rate that shows each frame at its time; above the average if the rate varies.

        This reads only the packets of the file and decodes no frame.
        """
        steady = steady_fps(packet_times(self._path), self.fps or UNKNOWN_FPS)
        return steady if self.rate is None else min(steady, self.rate)

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._capture.release()

    def _times(self) -> Iterator[tuple[int, float]]:
        """Yield number and time of each frame; the frame can then be decoded."""
        index, when, lost = 0, self._time(0, 0.0), 0.0
        while not self._stopped.is_set():
            yield index, when
            index += 1
            if self._capture.grab():
                when = self._time(index, when)
            elif (later := self._behind_damage(when)) is not None:
                lost, when = lost + later - when, later
            else:
                break
        if not self._stopped.is_set():
            self._note_missing(index, when, lost)

    def _behind_damage(self, when: float) -> float | None:
        """Continue after an unreadable part; return the time of the next readable frame, or None."""
        if self._seconds is None or not Path(self._path).is_file():
            return None
        for skip in SKIPS_S:
            if when + skip >= self._seconds:
                return None
            self._capture.set(cv2.CAP_PROP_POS_MSEC, 1000 * (when + skip))
            if self._capture.grab():
                found = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
                return found if found > when else None
        return None

    def _read_first(self) -> Any:
        if self._capture.isOpened():
            width, height = size_of(self._capture)
            if width * height > MAX_PIXELS:
                raise ValueError(
                    f"{self.name}: frames of {width:,} x {height:,} pixels are too large; expected at most "
                    f"{MAX_PIXELS:,} pixels; make the video smaller first"
                )
            ok, image = self._capture.read()
            if ok:
                return image
        remedy = "is the file whole?"
        if Path(self._path).is_fifo():
            remedy = "an MP4 whose index is at its end cannot be read from a pipe: save it to a file"
        raise ValueError(
            f"{self.name}: no video or image that can be read; expected MP4, AVI, MKV, WebM, JPEG or PNG; {remedy}"
        )

    def _time(self, index: int, last: float) -> float:
        """Return the time of the last read frame; use the frame rate if the container time does not increase."""
        by_container = max(0.0, self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if index == 0 or by_container > last:
            return by_container
        return last + self._step_s

    def _note_missing(self, n_read: int, last: float, lost_s: float) -> None:
        """Record missing parts in seconds, because frame counts in headers are estimates for variable rates."""
        if lost_s:
            self.note(f"{self.name}: damaged: {lost_s:.1f} s within it could not be read")
        if self._seconds is None:
            return
        end = last + 2 * self._step_s
        if end < self._seconds - max(0.08, 0.01 * self._seconds):
            of = f" of {self.n_frames}" if self.n_frames else ""
            if is_cut_off(Path(self._path)) is False:
                self.note(f"{self.name}: damaged: {n_read}{of} frames could be read")
            else:
                self.note(f"{self.name}: cut off or damaged: it ended after {n_read}{of} frames")


def _check_part(rate: float | None, start_s: float, stop_s: float | None) -> None:
    if rate is not None and not 0 < rate < math.inf:
        raise ValueError(f"rate must be more than 0 frames per second; got {rate}")
    if not 0 <= start_s < math.inf:
        raise ValueError(f"start must be at least 0 seconds; got {start_s}")
    if stop_s is not None and not stop_s > start_s:
        raise ValueError(f"stop must be later than the start, {start_s:g} seconds; got {stop_s}")


def _refuse_no_video(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise ValueError(f"{path}: the file is empty; expected a video or an image")
    # FFmpeg decodes text files as video of a terminal, so refuse them; playlists are text files, but allowed.
    if not head.startswith(b"#EXTM3U") and not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        raise ValueError(f"{path}: a text file; expected a video or an image")
