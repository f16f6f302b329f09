"""Parts of the live system that tests put together: a source, a detector and a recognizer that do as they are told."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.realtime import Detection, Detector, Frame, FrameResult, Recognizer, Source

CLASSES = ("happy", "neutral", "sad")


class ScriptedDetector(Detector):
    """Finds what the script says for the frame number written into the picture's first pixel."""

    def __init__(self, script: Callable[[int], Sequence[Detection]]) -> None:
        super().__init__()
        self.script = script
        self.searched: list[int] = []

    def detect(self, image: np.ndarray, *, thorough: bool = False) -> list[Detection]:
        number = int(image[0, 0, 0])
        self.searched.append(number)
        return list(self.script(number))

    def _find(self, image: np.ndarray, thorough: bool) -> list[Any]:
        raise NotImplementedError


class BrightnessBundle:
    """A bundle whose network calls bright faces happy and dark ones sad."""

    image_shape = (8, 8)
    path = Path("brightness")

    def __init__(self, name: str = "brightness") -> None:
        self.info = {"labels": list(CLASSES), "input": {"crop_margin": 0.0}, "recipe": {"name": name}}

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        bright = X.mean(axis=(1, 2)) / 255
        return np.stack([0.9 * bright, np.full(len(X), 0.1), 0.9 * (1 - bright)], axis=1)


class ListSource(Source):
    """Numbered frames, with a pause between them; `at` is called before each frame."""

    def __init__(
        self, n: int, *, fps: float = 25.0, live: bool = False, pause_s: float = 0.0, at: Callable[[int], None] = id
    ) -> None:
        super().__init__()
        self.name, self.live, self.fps, self.size, self.n_frames = "list", live, fps, (64, 48), n
        self._pause_s, self._at = pause_s, at
        self.closed_by: list[str] = []

    def __iter__(self) -> Iterator[Frame]:
        for index in range(self.n_frames or 0):
            if self._stopped.wait(self._pause_s):
                return
            self._at(index)
            yield Frame(index, index / (self.fps or 1), picture(index), time.perf_counter() if self.live else None)

    def close(self) -> None:
        super().close()
        self.closed_by.append(threading.current_thread().name)


class Collector:
    """Sink that keeps results, may be slow, and may raise."""

    def __init__(self, *, pause_s: float = 0.0, fail_at: int | None = None, fail_on_close: bool = False) -> None:
        self.results: list[FrameResult] = []
        self.quiet: list[FrameResult] = []
        self.closed = 0
        self._pause_s, self._fail_at, self._fail_on_close = pause_s, fail_at, fail_on_close

    def write(self, result: FrameResult) -> None:
        (self.results if result.events else self.quiet).append(result)
        if self._fail_at is not None and len(self.results) > self._fail_at:
            raise RuntimeError("the sink is broken")
        time.sleep(self._pause_s)

    def close(self) -> None:
        self.closed += 1
        if self._fail_on_close:
            raise OSError("the disk is full")


def picture(number: int, level: int = 200) -> np.ndarray:
    """A picture of 64 x 48 pixels with its number in the first one."""
    image = np.full((48, 64, 3), level, np.uint8)
    image[0, 0] = number % 256
    return image


def brightness_recognizer(name: str = "brightness") -> Recognizer:
    return Recognizer(BrightnessBundle(name))


def one_face(number: int) -> list[Detection]:
    return [Detection((20, 10, 20, 20), 0.9)]
