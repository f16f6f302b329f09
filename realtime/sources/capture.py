"""Video files, cameras and network streams through OpenCV."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferbench.realtime.events import Frame
from ferbench.realtime.sources.source import MAX_PIXELS, Source
from ferbench.utils import redact

# Longest silence of a network before it counts as lost.
NETWORK_TIMEOUT_MS = 5_000
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0
UNKNOWN_FPS = 25.0

Opener = Callable[[str | int], Any]


def open_capture(target: str | int) -> Any:
    """Open a ``cv2.VideoCapture`` that gives up after five seconds without data."""
    # What goes wrong is said by us, once: keep OpenCV and FFmpeg from filling the terminal with it.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        if isinstance(target, int):
            capture = cv2.VideoCapture(target)
            # One frame in the driver's queue: an older one is of no use.
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            return capture
        patience = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, NETWORK_TIMEOUT_MS]
        patience += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, NETWORK_TIMEOUT_MS]
        return cv2.VideoCapture(target, cv2.CAP_FFMPEG, patience)
    finally:
        cv2.utils.logging.setLogLevel(level)


class VideoFile(Source):
    """A video file; nothing is dropped unless it is opened live.

    Parameters
    ----------
    path : str or Path
        The file, or a URL that is read like one.
    live : bool
        Run at the video's own pace.

    Raises
    ------
    ValueError
        If it is no video, holds no frame, or its frames are too large.
    """

    def __init__(self, path: str | Path, *, live: bool = False) -> None:
        super().__init__()
        self.name, self.live = redact(path), live
        # What is read from a pipe is gone: only files are looked into.
        if isinstance(path, Path) and path.is_file():
            _refuse_no_video(path)
        self._capture = open_capture(str(path))
        try:
            self._first = self._read_first()
        except ValueError:
            self._capture.release()
            raise
        self.size = (self._first.shape[1], self._first.shape[0])
        self.fps = _fps(self._capture)
        self.n_frames = _length(self._capture)

    def __iter__(self) -> Iterator[Frame]:
        """All frames with the container's times."""
        started = time.perf_counter()
        index, when = 0, 0.0
        image: Any = self._first
        while image is not None and not self._stopped.is_set():
            when = self._time(index, when)
            if self.live and self._stopped.wait(max(0.0, started + when - time.perf_counter())):
                return
            yield Frame(index, when, np.asarray(image, np.uint8), time.perf_counter() if self.live else None)
            index += 1
            image = self._capture.read()[1]
        if image is None:
            self._note_missing(index)

    def close(self) -> None:
        """Let go of the file."""
        super().close()
        self._capture.release()

    def _read_first(self) -> Any:
        if self._capture.isOpened():
            width, height = _size(self._capture)
            if width * height > MAX_PIXELS:
                raise ValueError(
                    f"{self.name}: frames of {width:,} x {height:,} pixels are too large; expected at most "
                    f"{MAX_PIXELS:,} pixels; make the video smaller first"
                )
            ok, image = self._capture.read()
            if ok:
                return image
        raise ValueError(
            f"{self.name}: no video or image that can be read; expected MP4, AVI, MKV, WebM, JPEG or PNG; "
            "is the file whole?"
        )

    def _time(self, index: int, last: float) -> float:
        """Container's time of the frame just read; from the frame rate where the container's does not go forward."""
        by_container = max(0.0, self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if index == 0 or by_container > last:
            return by_container
        return last + 1 / (self.fps or UNKNOWN_FPS)

    def _note_missing(self, n_read: int) -> None:
        """Say that fewer frames came than promised; a few are missing in many good files, as headers are estimates."""
        if self.n_frames and n_read < self.n_frames - max(2, 0.01 * self.n_frames):
            self.note(f"{self.name}: cut off or damaged: it ended after {n_read} of {self.n_frames} frames")


class LiveSource(Source):
    """A camera or network stream, opened again when it is lost.

    Parameters
    ----------
    target : int or str
        The camera's index, or a URL.
    opener : callable
        Makes a ``cv2.VideoCapture``, or something with its ``isOpened``, ``read``, ``get`` and ``release``.
    first_wait_s : float
        Pause before the first attempt to open it again, in seconds; doubled each time, up to five seconds.

    Raises
    ------
    OSError
        If it cannot be opened to begin with.
    """

    live = True

    def __init__(self, target: int | str, *, opener: Opener = open_capture, first_wait_s: float = FIRST_WAIT_S) -> None:
        super().__init__()
        self.target, self.opener, self.first_wait_s = target, opener, first_wait_s
        self.name = f"camera {target}" if isinstance(target, int) else redact(target)
        self._capture: Any = opener(target)
        if not self._learn():
            self._capture.release()
            camera = "is it plugged in, free, and may you use it?"
            raise OSError(f"{self.name} cannot be opened; {camera if isinstance(target, int) else 'check the address'}")

    def __iter__(self) -> Iterator[Frame]:
        """Frames as they come, timed by the clock; waits while the camera is lost."""
        started = time.perf_counter()
        index = 0
        while not self._stopped.is_set():
            ok, image = self._capture.read()
            if ok:
                self.status = None
                now = time.perf_counter()
                yield Frame(index, now - started, np.asarray(image, np.uint8), now)
                index += 1
            elif self.n_frames and index >= self.n_frames:
                return  # a file behind a URL, which is over
            else:
                self._recover(time.perf_counter() - started)

    def close(self) -> None:
        """Let go of the camera."""
        super().close()
        self._capture.release()

    def _reopen(self) -> bool:
        self._capture.release()
        self._capture = self.opener(self.target)
        return self._learn()

    def _learn(self) -> bool:
        if not self._capture.isOpened():
            return False
        self.fps, self.size = _fps(self._capture), _size(self._capture)
        self.n_frames = None if isinstance(self.target, int) else _length(self._capture)
        return True

    def _recover(self, second: float) -> None:
        """Open it again, after pauses that grow, until that works or somebody stops us."""
        self.status = f"{self.name} lost, trying again"
        self.note(f"{self.name} was lost at {second:.1f} s")
        wait = self.first_wait_s
        while not self._stopped.wait(wait) and not self._reopen():
            wait = min(2 * wait, LONGEST_WAIT_S)


def _refuse_no_video(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(4096)
    if not head:
        raise ValueError(f"{path}: the file is empty; expected a video or an image")
    # FFmpeg shows a text as a film of a terminal; a playlist is a text that it should play.
    if not head.startswith(b"#EXTM3U") and not any(byte < 32 and byte not in b"\t\n\r\f" for byte in head):
        raise ValueError(f"{path}: a text file; expected a video or an image")


def _fps(capture: Any) -> float | None:
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if 0 < fps <= 1000 else None


def _size(capture: Any) -> tuple[int, int]:
    return int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))


def _length(capture: Any) -> int | None:
    """Frames that the container promises; streams promise none, or nonsense."""
    count = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    return int(count) if 0 < count < 1e9 else None
