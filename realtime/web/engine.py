"""Run predictions in a bounded number of threads, outside the event loop."""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from ferbench.realtime import Frame, KeyPoints, Pipeline, Recognizer, make_detector
from ferbench.realtime.web.answers import describe_event
from ferbench.realtime.web.limits import Limits, Places
from ferbench.realtime.web.pictures import read_picture
from ferbench.realtime.web.points import PointsOffer
from ferbench.realtime.web.refusal import Refusal
from ferbench.realtime.web.rival import Rival, Timed
from ferbench.realtime.web.shelf import Shelf
from ferbench.utils import redact

P = ParamSpec("P")
R = TypeVar("R")
_LOG = logging.getLogger(__name__)


class Engine:
    """Worker threads, models and detectors that all clients share.

    Parameters
    ----------
    shelf : Shelf
        The models.
    detector : str or None
        Name of the face detector.
    limits : Limits
        Uses `workers` and `waiting`.
    points : PointsOffer
        The key points.
    """

    def __init__(self, shelf: Shelf, detector: str | None, limits: Limits, points: PointsOffer) -> None:
        self.shelf, self.limits, self.points = shelf, limits, points
        self._workers = ThreadPoolExecutor(limits.workers, thread_name_prefix="ferbench-web")
        # Loading takes seconds. In the worker threads it would delay all cameras.
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="ferbench-load")
        self.uploads = Places(limits.workers + limits.waiting, "uploads")
        # Calls of a detector are serialized, so each worker gets its own.
        first = make_detector(detector)
        self.detector_name = first.name
        # Without its model file the default detector prints a message and falls back to another; do this once.
        others = [make_detector(detector or first.name) for _ in range(limits.workers - 1)]
        self._detectors = itertools.cycle([first, *others])

    async def call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run `function` in a worker."""
        return await asyncio.get_running_loop().run_in_executor(self._workers, lambda: function(*args, **kwargs))

    async def load(self, name: str | None) -> Recognizer:
        """Return a model by name, None for the default; raise Refusal 404 for an unknown name."""
        self.shelf.check(name)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._loader, self.shelf.get, name)
        except (ValueError, OSError) as error:
            _LOG.error("%s", redact(error))
            raise Refusal(
                503, "broken_model", f"the model {name} cannot be loaded; see the server's terminal for the reason"
            ) from error

    async def load_points(self, on: bool) -> KeyPoints | None:
        """Return the key-point model, None if it is off; raise Refusal 404 if there is none."""
        if not on:
            return None
        try:
            return await asyncio.get_running_loop().run_in_executor(self._loader, self.points.get)
        except (ValueError, OSError, ImportError) as error:
            _LOG.error("%s", redact(error))
            message = "the key-point model cannot be loaded; see the server's terminal for the reason"
            raise Refusal(503, "broken_points", message) from error

    def pipeline(self, recognizer: Recognizer, points: KeyPoints | None = None) -> Pipeline:
        """Return a new pipeline for one stream of frames."""
        return Pipeline(recognizer, next(self._detectors), points=points)

    async def predict(
        self, picture: bytes, name: str | None, points: bool | None = None, compare: str | None = None
    ) -> dict[str, Any]:
        """Recognize the faces of an uploaded picture; optionally find their key points, or ask a second model too."""
        name = self.shelf.check(name)
        recognizer = Timed(await self.load(name))
        rival = None if compare is None else Rival(await self.load(compare), compare)
        located = await self.load_points(self.points.on if points is None else points)
        return await self.call(self._predict, picture, name, recognizer, located, rival)

    def _predict(
        self, data: bytes, name: str, recognizer: Timed, points: KeyPoints | None, rival: Rival | None
    ) -> dict[str, Any]:
        start = time.perf_counter()
        picture = read_picture(data, max_pixels=self.limits.pixels)
        pipeline = self.pipeline(recognizer, points)
        result = pipeline.process(Frame(0, 0.0, picture, still=True))
        height, width = picture.shape[:2]
        return {
            "model": name,
            "classes": self.shelf.about(name)["classes"],
            "width": width,
            "height": height,
            "latency_ms": round((time.perf_counter() - start) * 1000, 2),
            "recognize_ms": round(recognizer.milliseconds, 2),
            "events": [describe_event(event) for event in result.events],
            "compare": None if rival is None else rival.compare(result, pipeline),
        }

    def close(self) -> None:
        """Stop the threads: cancel waiting tasks and wait for running ones."""
        for pool in (self._workers, self._loader):
            pool.shutdown(wait=True, cancel_futures=True)
