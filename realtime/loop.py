"""The loop: capture and inference in threads of their own, results in the caller's."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import numpy as np

from ferbench.realtime.detection import Detector, make_detector
from ferbench.realtime.events import FaceEvent, Frame, FrameResult, Sink
from ferbench.realtime.pipeline import Pipeline
from ferbench.realtime.recognition import PointsChoice, Recognizer
from ferbench.realtime.sinks import Latencies, RunSummary
from ferbench.realtime.sources import Mailbox, Source, open_source

# How often a viewer hears that no frame comes, and how long a thread may take to notice the end, in seconds.
HEARTBEAT_S, FAREWELL_S = 0.2, 3.0
# Silence of a live source that is worth a word, in seconds, and after which one without any picture is given up.
PATIENCE_S, FIRST_PICTURE_S = 2.0, 9.0


class Loop:
    """Results of a source, made by two threads and taken by the caller's.

    Parameters
    ----------
    source : Source
        Belongs to the loop from now on, which closes it.
    pipeline : Pipeline
        Belongs to the loop while it runs.
    stop : threading.Event, optional
        Ends the run when set, from any thread or signal handler.
    max_frames : int, optional
        Ends the run after so many frames.

    Notes
    -----
    A context manager; iterate once, in one thread. Queues hold one frame for live sources, where a newer frame
    replaces an older one, and a few for files, where the reader waits.
    """

    def __init__(
        self,
        source: Source,
        pipeline: Pipeline,
        *,
        stop: threading.Event | None = None,
        max_frames: int | None = None,
    ) -> None:
        self.source, self.pipeline = source, pipeline
        self.stop = threading.Event() if stop is None else stop
        self.max_frames = max_frames
        size = 1 if source.live else 4
        self._frames: Mailbox[Frame] = Mailbox(size, drop=source.live)
        self._results: Mailbox[FrameResult] = Mailbox(size, drop=source.live)
        self._error: BaseException | None = None
        self._last: FrameResult | None = None
        self._captured = False
        self._threads = [
            threading.Thread(target=self._guard, args=(work, box), name=f"ferbench-{work.__name__[1:]}", daemon=True)
            for work, box in ((self._capture, self._frames), (self._infer, self._results))
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[FrameResult]:
        """Results in order, until the source ends or `stop` is set; raises what went wrong in a thread."""
        heard = time.perf_counter()
        while not self.stop.is_set():
            result = self._results.get(HEARTBEAT_S)
            if result is not None:
                self._last, heard = result, time.perf_counter()
                yield result
            elif self._results.finished:
                break
            else:
                silence = time.perf_counter() - heard
                if self.source.live and not self._captured and silence > FIRST_PICTURE_S:
                    # A driver may hang in a read, where the source itself cannot give up.
                    raise OSError(f"{self.source.name} gives no picture in {silence:.0f} s; is it in use elsewhere?")
                yield self._heartbeat(silence)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """End both threads and let go of the source."""
        self.source.wake()
        self._frames.close(discard=True)
        self._results.close(discard=True)
        for thread in self._threads:
            # A camera's driver may hang in a read; the thread is a daemon and must not hold up the end.
            thread.join(FAREWELL_S)

    @property
    def dropped(self) -> int:
        """Frames and results that were replaced by newer ones."""
        return self._frames.dropped + self._results.dropped

    def _guard(self, work: Callable[[], None], box: Mailbox[Any]) -> None:
        try:
            work()
        except BaseException as error:  # every error belongs to the caller, whichever thread it came up in
            self._error = self._error or error
        finally:
            # What was made before the error still counts: the other side takes it, and then finds the box closed.
            box.close()

    def _capture(self) -> None:
        try:
            for frame in self.source:
                self._captured = True
                if self.stop.is_set() or not self._frames.put(frame):
                    return
        finally:
            # Only the thread that reads may close: OpenCV crashes if another does it meanwhile.
            self.source.close()

    def _infer(self) -> None:
        done = 0
        try:
            while done != self.max_frames and (frame := self._frames.get()) is not None:
                if not self._results.put(self.pipeline.process(frame, source_fps=self.source.fps)):
                    break
                done += 1
        finally:
            self.source.wake()
            self._frames.close(discard=True)

    def _heartbeat(self, silence_s: float) -> FrameResult:
        """Result without events, so that a window answers while no frame comes; says why if that lasts."""
        message = self.source.status
        if message is None and self.source.live and silence_s > PATIENCE_S:
            message = f"{self.source.name}: no picture for {silence_s:.0f} s"
        if self._last is not None:
            return replace(self._last, events=(), message=message, model=self.pipeline.recognizer.name)
        width, height = self.source.size
        black = np.zeros((height or 480, width or 640, 3), np.uint8)
        return FrameResult(0, 0.0, black, (), 0.0, 0.0, self.pipeline.recognizer.name, message)


def run(
    source: Source,
    pipeline: Pipeline,
    sinks: Sequence[Sink],
    *,
    stop: threading.Event | None = None,
    max_frames: int | None = None,
) -> RunSummary:
    """Send a source's results to sinks until it ends.

    Parameters
    ----------
    source : Source
        Closed at the end.
    pipeline : Pipeline
        What happens to each frame.
    sinks : sequence of Sink
        All get every result, in the caller's thread, in this order; all are closed at the end, whatever happens.
    stop : threading.Event, optional
        Ends the run when set.
    max_frames : int, optional
        Ends the run after so many frames.

    Returns
    -------
    RunSummary
        Counts and times.

    Raises
    ------
    Exception
        The first that a source, the pipeline or a sink raised, after all sinks are closed.
    """
    tally = _Tally()
    try:
        with Loop(source, pipeline, stop=stop, max_frames=max_frames) as loop:
            for result in loop:
                for sink in sinks:
                    sink.write(result)
                tally.add(result)
    except BaseException as error:
        _close(sinks, error)
        raise
    _close(sinks, None)
    return tally.summary(loop.dropped, source.notes)


def stream(
    source: str | int | Source,
    *,
    model: str | None = None,
    detector: str | Detector | None = None,
    live: bool | None = None,
    points: PointsChoice = None,
    **options: Any,
) -> Generator[FaceEvent, None, None]:
    """Face events of a source, one after the other.

    Parameters
    ----------
    source : str, int or Source
        As in :func:`open_source`.
    model : str, optional
        As in :meth:`Recognizer.load`.
    detector : str or Detector, optional
        As in :func:`make_detector`.
    live : bool, optional
        As in :func:`open_source`.
    points : KeyPoints, str, Path or bool, optional
        Key-point model for the same faces: True for the one that ships with ferbench, a bundle's folder for another.
    **options : any
        Parameters of :class:`Pipeline`.

    Yields
    ------
    FaceEvent
        At least one for each frame. Closing the generator ends threads and source.

    Examples
    --------
    >>> from ferbench.realtime import stream
    >>> for event in stream(0):  # doctest: +SKIP
    ...     print(event.timestamp_s, event.track_id, event.label)
    """
    chosen = detector if isinstance(detector, Detector) else make_detector(detector)
    pipeline = Pipeline(Recognizer.load(model), chosen, points=points, **options)
    opened = source if isinstance(source, Source) else open_source(source, live=live)
    with Loop(opened, pipeline) as loop:
        for result in loop:
            yield from result.events


class _Tally:
    """Counters of a run."""

    def __init__(self) -> None:
        self.frames = self.faces = self.empty = 0
        self.latencies = Latencies()
        self.started = time.perf_counter()

    def add(self, result: FrameResult) -> None:
        if not result.events:
            return
        faces = sum(event.state == "face" for event in result.events)
        self.frames += 1
        self.faces += faces
        self.empty += not faces
        self.latencies.add(result.latency_ms)

    def summary(self, dropped: int, notes: Sequence[str]) -> RunSummary:
        seconds = time.perf_counter() - self.started
        return RunSummary(
            *(self.frames, self.faces, self.empty, dropped, seconds, self.frames / seconds),
            latency_ms=self.latencies.percentiles(),
            notes=tuple(notes),
        )


def _close(sinks: Sequence[Sink], error: BaseException | None) -> None:
    """Close all sinks; the first error of the run is the one to raise, later ones are noted on it."""
    first = error
    for sink in sinks:
        try:
            sink.close()
        except Exception as late:
            if first is None:
                first = late
            else:
                first.add_note(f"closing {type(sink).__name__} failed as well: {late}")
    if error is None and first is not None:
        raise first
