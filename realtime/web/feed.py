"""Share the source of the server: one loop for all viewers."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2

from ferbench.realtime import FrameResult, open_source, run
from ferbench.realtime.drawing import Overlay
from ferbench.realtime.web.answers import describe_result
from ferbench.realtime.web.engine import Engine
from ferbench.realtime.web.limits import Places
from ferbench.utils import redact

_LOG = logging.getLogger(__name__)
FAREWELL_S = 10.0
_JPEG = (int(cv2.IMWRITE_JPEG_QUALITY), 80)


class Viewer:
    """Queue of items for one viewer; the oldest items are dropped if the viewer is slow.

    Parameters
    ----------
    kind : {"picture", "events"}
        A viewer of pictures gets only the newest one, a viewer of events the last few seconds.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: deque[Any] = deque(maxlen=1 if kind == "picture" else 128)
        self._arrived = asyncio.Event()
        self._error: str | None = None

    def offer(self, item: Any) -> None:
        """Add an item."""
        self._items.append(item)
        self._arrived.set()

    def end(self, error: str) -> None:
        """Mark the end of the items."""
        self._error = error
        self._arrived.set()

    async def take(self) -> Any:
        """Wait for the next item.

        Raises
        ------
        FeedEnded
            If no item is left and none will follow.
        """
        while not self._items:
            if self._error is not None:
                raise FeedEnded(self._error)
            self._arrived.clear()
            await self._arrived.wait()
        return self._items.popleft()


class FeedEnded(Exception):
    """The source of the server has ended; the message contains the reason."""


class Feed:
    """Sink of the live loop that passes each frame to all viewers.

    The loop starts with the first viewer and stops with the last one, so that the camera is off while nobody watches.
    Files are repeated.

    Parameters
    ----------
    source : str
        Source for `open_source`: camera number, file or URL.
    engine : Engine
        Provides the models.
    compound : bool, default=False
        Whether the pictures name mixtures of two emotions.
    """

    def __init__(self, source: str, engine: Engine, *, compound: bool = False) -> None:
        self._address, self._engine, self._compound = source, engine, compound
        # Displayed name without a password, which camera URLs often contain.
        self.source = redact(source)
        self.model = engine.shelf.default
        self.points = engine.points.on
        self._overlay = Overlay(bars=False, status=False)
        self._places = Places(engine.limits.viewers, "viewers")
        self._viewers: set[Viewer] = set()
        self._stop: threading.Event | None = None
        self._threads: set[threading.Thread] = set()
        self._pipeline: Any = None

    @contextmanager
    def watch(self, kind: str) -> Iterator[Viewer]:
        """Register a viewer for the duration of the block; call it on the event loop."""
        with self._places.seat():
            viewer = Viewer(kind)
            self._viewers.add(viewer)
            if self._stop is None:
                self._start()
            try:
                yield viewer
            finally:
                self._viewers.discard(viewer)
                if not self._viewers:
                    self._halt()

    async def switch(self, name: str) -> None:
        """Change the model for all viewers."""
        recognizer = await self._engine.load(name)
        self.model = name
        if self._pipeline is not None:
            self._pipeline.switch(recognizer)

    async def switch_points(self, on: bool) -> None:
        """Turn key points on or off for all viewers."""
        points = await self._engine.load_points(on)
        self.points = on
        if self._pipeline is not None:
            self._pipeline.switch_points(points)

    async def close(self) -> None:
        """Stop the loop and end all viewers."""
        self._halt()
        self._deliver_end("the server is closing")
        for thread in list(self._threads):
            await asyncio.to_thread(thread.join)

    def _start(self) -> None:
        self._stop = threading.Event()
        before = [thread for thread in self._threads if thread.is_alive()]
        worker = _Worker(self, self._stop, asyncio.get_running_loop(), before)
        thread = threading.Thread(target=worker.work, name="ferbench-feed", daemon=True)
        self._threads = {thread, *before}
        thread.start()

    def _halt(self) -> None:
        if self._stop is not None:
            self._stop.set()
        self._stop = None

    def _deliver(self, picture: bytes | None, events: str) -> None:
        for viewer in self._viewers:
            if viewer.kind == "events":
                viewer.offer(events)
            elif picture is not None:
                viewer.offer(picture)

    def _deliver_end(self, error: str) -> None:
        self._halt()
        for viewer in self._viewers:
            viewer.end(error)

    def _wants_pictures(self) -> bool:
        return any(viewer.kind == "picture" for viewer in list(self._viewers))


class _Worker:
    """One run of the loop in a thread; each run has its own object, so that runs share no state."""

    def __init__(
        self,
        feed: Feed,
        stop: threading.Event,
        loop: asyncio.AbstractEventLoop,
        before: Sequence[threading.Thread],
    ) -> None:
        self._feed, self._stop, self._loop, self._before = feed, stop, loop, before
        self._paced_from_s: float | None = None
        self._live = False

    def work(self) -> None:
        """Run until stopped; an error ends all viewers with its message."""
        try:
            error = self._rounds()
        except (ValueError, OSError) as problem:
            error = redact(problem)
        except Exception:
            _LOG.exception("the server's source failed")
            error = "the server's source failed; see the server's terminal for details"
        if not self._stop.is_set():
            self._tell(self._feed._deliver_end, error)

    def _rounds(self) -> str:
        engine = self._feed._engine
        for thread in self._before:
            # A camera can be opened only after the previous run has released it.
            thread.join(FAREWELL_S)
        while not self._stop.is_set():
            points = engine.points.get() if self._feed.points else None
            self._feed._pipeline = engine.pipeline(engine.shelf.get(self._feed.model), points)
            self._feed._pipeline.compound = self._feed._compound
            with open_source(self._feed._address, live=True) as source:
                self._live, self._paced_from_s = source.live, None
                summary = run(source, self._feed._pipeline, [self], stop=self._stop)
            if not summary.frames or not Path(self._feed._address).exists():
                return f"{self._feed.source} has ended"
            self._stop.wait(1.0)
        return "stopped"

    def write(self, result: FrameResult) -> None:
        """Send a frame to all viewers."""
        if not self._live:
            # Show each photograph for one second.
            self._pace(result.timestamp_s)
        picture = None
        # Viewers keep the last picture while the next one is not available.
        if (result.events or result.message) and self._feed._wants_pictures():
            done, data = cv2.imencode(".jpg", self._feed._overlay.annotate(result), _JPEG)
            picture = data.tobytes() if done else None
        self._tell(self._feed._deliver, picture, describe_result(result, self._feed.model))

    def close(self) -> None:
        """Do nothing, because pictures are not stored."""

    def _pace(self, timestamp_s: float) -> None:
        now = time.perf_counter()
        if self._paced_from_s is None:
            self._paced_from_s = now - timestamp_s
        self._stop.wait(max(0.0, self._paced_from_s + timestamp_s - now))

    def _tell(self, function: Any, *args: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)
