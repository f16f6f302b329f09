"""Helpers of the measurement: an endless video, a timed detector, a recording sink, and process statistics."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from ferbench.realtime.detection import Detection, Detector, Found
from ferbench.realtime.events import Frame, FrameResult, Image
from ferbench.realtime.sources import Source, open_source

# Counting threads and open files reads /proc, which takes time, so it is not done at every frame.
LOOK_EVERY = 50


class Repeated(Source):
    """Source that repeats a video without end; its timestamps keep increasing.

    Parameters
    ----------
    path : str or Path
        A video file.
    live : bool
        Run at the original speed of the video.
    """

    def __init__(self, path: str | Path, *, live: bool = False) -> None:
        super().__init__()
        self.path = Path(path)
        self._current = open_source(self.path, live=live)
        self.name, self.live = self._current.name, self._current.live
        self.fps, self.size = self._current.fps, self._current.size

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames until `wake` is called."""
        index, begin, last = 0, 0.0, 0.0
        while not self._stopped.is_set():
            for frame in self._current:
                last = begin + frame.timestamp_s
                yield replace(frame, index=index, timestamp_s=last)
                index += 1
            self._current.close()
            if not self._stopped.is_set():
                self._current = open_source(self.path, live=self.live)
            begin = last + 1 / (self.fps or 25.0)

    def wake(self) -> None:
        """End the iteration soon."""
        super().wake()
        self._current.wake()

    def close(self) -> None:
        """Close the file."""
        super().close()
        self._current.close()


class Counted(Detector):
    """Detector wrapper that counts and times the searches."""

    def __init__(self, inner: Detector) -> None:
        super().__init__()
        self.inner = inner
        self.milliseconds: list[float] = []

    def detect(self, image: Image, *, thorough: bool = False) -> list[Detection]:
        """Find all faces, sorted by decreasing score."""
        return self._timed(lambda: self.inner.detect(image, thorough=thorough))

    def detect_large(self, image: Image, least: float) -> list[Detection]:
        """Find the faces of at least `least` pixels."""
        return self._timed(lambda: self.inner.detect_large(image, least))

    def _timed(self, search: Callable[[], list[Detection]]) -> list[Detection]:
        begin = time.perf_counter()
        faces = search()
        self.milliseconds.append(1000 * (time.perf_counter() - begin))
        return faces

    def _find(self, image: Image, thorough: bool) -> list[Found]:
        return self.inner._find(image, thorough)


class Watch:
    """Sink that records the numbers of a run.

    Parameters
    ----------
    stop : threading.Event
        Set after `seconds`.
    seconds : float
        Duration of the run.
    """

    def __init__(self, stop: Any, seconds: float) -> None:
        self._stop, self._seconds = stop, seconds
        self.latencies_ms: list[float] = []
        self.faces = self.with_face = self.threads = 0
        self.begin_s = self.end_s = time.perf_counter()
        self._begin_cpu_s = self.cpu_s = time.process_time()

    def write(self, result: FrameResult) -> None:
        """Record one frame."""
        if not result.events:
            return
        faces = sum(event.state == "face" for event in result.events)
        self.faces += faces
        self.with_face += bool(faces)
        if len(self.latencies_ms) % LOOK_EVERY == 0:
            self.threads = max(self.threads, psutil.Process().num_threads())
        self.latencies_ms.append(result.latency_ms)
        self.end_s, self.cpu_s = time.perf_counter(), time.process_time() - self._begin_cpu_s
        if self.end_s - self.begin_s >= self._seconds:
            self._stop.set()

    def close(self) -> None:
        """Do nothing, because no file is open."""

    def figures(self) -> dict[str, Any]:
        """Return the recorded numbers by name."""
        return {
            "frames": len(self.latencies_ms),
            "faces": self.faces,
            "frames_with_face": self.with_face,
            "seconds": self.end_s - self.begin_s,
            "cpu_s": self.cpu_s,
            "threads": self.threads,
            "latencies_ms": [round(value, 4) for value in self.latencies_ms],
        }


def process_state() -> dict[str, int | None]:
    """Return the current memory in bytes, threads and open files of this process."""
    process = psutil.Process()
    return {
        "rss_bytes": process.memory_info().rss,
        "threads": process.num_threads(),
        "fds": process.num_fds() if hasattr(process, "num_fds") else None,
    }


def peak_rss_bytes() -> int | None:
    """Return the peak memory of this process; None if the system does not report it for this process alone."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)
