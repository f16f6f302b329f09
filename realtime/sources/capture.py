"""Read cameras and network streams with OpenCV."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np

from ferbench.realtime.events import Frame
from ferbench.realtime.sources.base import Source
from ferbench.utils import redact

# Longest time without data before a stream counts as lost. Opening and the first read take at most twice as long.
NETWORK_TIMEOUT_MS = 4_000
# A live source without a first frame after this time raises an error.
FIRST_FRAME_S = 8.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 5.0

Opener = Callable[[str | int], Any]


def open_capture(target: str | int) -> Any:
    """Open a ``cv2.VideoCapture`` with a timeout of four seconds without data."""
    # Errors are reported once by this module, so silence the messages of OpenCV and FFmpeg.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        if isinstance(target, int):
            capture = cv2.VideoCapture(target)
            # Keep one frame in the queue of the driver, because older frames are not needed.
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            return capture
        patience = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, NETWORK_TIMEOUT_MS]
        patience += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, NETWORK_TIMEOUT_MS]
        return cv2.VideoCapture(target, cv2.CAP_FFMPEG, patience)
    finally:
        cv2.utils.logging.setLogLevel(level)


class LiveSource(Source):
    """Camera or network stream; it is reopened when the connection is lost.

    Parameters
    ----------
    target : int or str
        Number of the camera, or a URL.
    opener : callable
        Returns a ``cv2.VideoCapture``, or an object with the same ``isOpened``, ``read``, ``get`` and ``release``.
    first_wait_s : float
        Seconds before the first attempt to reopen it; doubled after each attempt, up to five seconds.
    capture : cv2.VideoCapture, optional
        The capture, if it is already open.

    Raises
    ------
    OSError
        If it cannot be opened, or gives no frame within ten seconds.
    """

    live = True

    def __init__(
        self,
        target: int | str,
        *,
        opener: Opener = open_capture,
        first_wait_s: float = FIRST_WAIT_S,
        capture: Any = None,
    ) -> None:
        super().__init__()
        self.target, self.opener, self.first_wait_s = target, opener, first_wait_s
        self.name = f"camera {target}" if isinstance(target, int) else redact(target)
        self._capture: Any = opener(target) if capture is None else capture
        self._waited_since: float | None = time.perf_counter()
        if not self._learn():
            self._capture.release()
            camera = "is it plugged in, not used by another program, and permitted?"
            raise OSError(f"{self.name} cannot be opened; {camera if isinstance(target, int) else 'check the address'}")

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames as they arrive, with times of the clock; wait while the camera is lost."""
        started = time.perf_counter()
        index = 0
        while not self._stopped.is_set():
            ok, image = self._capture.read()
            if ok:
                self.status = self._waited_since = None
                now = time.perf_counter()
                yield Frame(index, now - started, np.asarray(image, np.uint8), now)
                index += 1
            else:
                self._recover(time.perf_counter() - started)

    def close(self) -> None:
        """Release the camera."""
        super().close()
        self._capture.release()

    def _reopen(self) -> bool:
        self._capture.release()
        self._capture = self.opener(self.target)
        return self._learn()

    def _learn(self) -> bool:
        if not self._capture.isOpened():
            return False
        self.fps, self.size = fps_of(self._capture), size_of(self._capture)
        return True

    def _recover(self, second: float) -> None:
        """Try to reopen the source, with increasing pauses, until it works or `wake` is called."""
        self.status = f"{self.name} lost, trying again"
        self.note(f"{self.name} was lost at {second:.1f} s")
        wait = self.first_wait_s
        self._give_up_without_frame()
        while not self._stopped.wait(wait) and not self._reopen():
            wait = min(2 * wait, LONGEST_WAIT_S)
            self._give_up_without_frame()

    def _give_up_without_frame(self) -> None:
        """Raise OSError if there was no frame yet, and another attempt could exceed the time limit."""
        if self._waited_since is None:
            return
        waited = time.perf_counter() - self._waited_since
        if waited + NETWORK_TIMEOUT_MS / 1000 > FIRST_FRAME_S:
            raise OSError(
                f"{self.name} opens but gives no picture (waited {waited:.0f} s); check it in another program"
            )


def is_finite(capture: Any) -> bool:
    """Whether a capture has a length, as files have and streams have not."""
    return length_of(capture) is not None


def fps_of(capture: Any) -> float | None:
    """Return the frames per second reported by the container or driver."""
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return fps if 0 < fps <= 1000 else None


def size_of(capture: Any) -> tuple[int, int]:
    """Return width and height in pixels."""
    return int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))


def length_of(capture: Any) -> int | None:
    """Return the number of frames in the container; None for streams, which report none or a wrong one."""
    count = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    return int(count) if 0 < count < 1e9 else None
