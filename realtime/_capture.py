"""Video files, cameras and network streams through OpenCV."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ferbench.realtime._events import Frame
from ferbench.realtime._sources import Source

OPEN_TIMEOUT_MS = 5_000
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0

Opener = Callable[[str | int], Any]


def open_capture(target: str | int) -> Any:
    """Open a ``cv2.VideoCapture`` that gives up after five seconds without data."""
    if isinstance(target, int):
        capture = cv2.VideoCapture(target)
        # One frame in the driver's queue: an older one is of no use.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, OPEN_TIMEOUT_MS]
    return cv2.VideoCapture(target, cv2.CAP_FFMPEG, limits)


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
        If it is no video, or holds no frame.
    """

    def __init__(self, path: str | Path, *, live: bool = False) -> None:
        super().__init__()
        self.name, self.live = str(path), live
        if isinstance(path, Path) and path.stat().st_size == 0:
            raise ValueError(f"{path}: the file is empty; expected a video or an image")
        self._capture = open_capture(str(path))
        ok, self._first = self._capture.read() if self._capture.isOpened() else (False, None)
        if not ok:
            self._capture.release()
            raise ValueError(
                f"{path}: not a video or image that can be read; expected MP4, AVI, MKV, WebM, JPEG or PNG"
            )
        self.size = (self._first.shape[1], self._first.shape[0])
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps <= 1000 else None
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.n_frames = count if count > 0 else None

    def __iter__(self) -> Iterator[Frame]:
        """All frames with the container's times."""
        started = time.perf_counter()
        index, last = 0, -1.0
        ok, image = True, self._first
        while ok and not self._stopped.is_set():
            last = self._time(index, last)
            if self.live and self._stopped.wait(max(0.0, started + last - time.perf_counter())):
                return
            arrived = time.perf_counter() if self.live else None
            yield Frame(index, last, np.asarray(image, np.uint8), arrived)
            index += 1
            ok, image = self._capture.read()
        if not ok and self.n_frames and index < self.n_frames - max(2, 0.01 * self.n_frames):
            self.note(f"{self.name}: ended after {index} of {self.n_frames} frames: it is cut off or damaged there")

    def close(self) -> None:
        """Let go of the file."""
        super().close()
        self._capture.release()

    def _time(self, index: int, last: float) -> float:
        """Container's time of the frame just read; by the frame rate where the container has none that goes forward."""
        by_container = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        step = 1 / (self.fps or 25.0)
        if index == 0:
            return max(0.0, by_container)
        return by_container if by_container > last else last + step


class LiveSource(Source):
    """A camera or network stream, opened again when it is lost.

    Parameters
    ----------
    target : int or str
        The camera's index, or a URL.
    opener : callable
        Makes a ``cv2.VideoCapture`` or something with its ``isOpened``, ``read``, ``get`` and ``release``.
    first_wait_s : float
        Pause before the first attempt to open it again, in seconds; doubled up to five.

    Raises
    ------
    OSError
        If it cannot be opened to begin with.
    """

    live = True

    def __init__(self, target: int | str, *, opener: Opener = open_capture, first_wait_s: float = FIRST_WAIT_S) -> None:
        super().__init__()
        self.target, self.opener, self.first_wait_s = target, opener, first_wait_s
        self.name = f"camera {target}" if isinstance(target, int) else target
        self._capture: Any = None
        if not self._open():
            remedy = "is it plugged in, allowed, and not in use?" if isinstance(target, int) else "check the address"
            raise OSError(f"{self.name}: cannot be opened; {remedy}")

    def __iter__(self) -> Iterator[Frame]:
        """Frames as they come; waits while the camera is lost."""
        started = time.perf_counter()
        index = 0
        while not self._stopped.is_set():
            ok, image = self._capture.read()
            if not ok:
                self._recover()
                continue
            self.status = None
            now = time.perf_counter()
            yield Frame(index, now - started, np.asarray(image, np.uint8), now)
            index += 1

    def close(self) -> None:
        """Let go of the camera."""
        super().close()
        self._capture.release()

    def _open(self) -> bool:
        if self._capture is not None:
            self._capture.release()
        self._capture = self.opener(self.target)
        if not self._capture.isOpened():
            return False
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps <= 1000 else None
        self.size = tuple(int(self._capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        return True

    def _recover(self) -> None:
        """Try to open it again, with growing pauses, until it works or somebody stops us."""
        self.status = f"{self.name} lost, trying again"
        self.note(self.status)
        wait = self.first_wait_s
        while not self._stopped.wait(wait):
            if self._open():
                return
            wait = min(2 * wait, LONGEST_WAIT_S)
