"""Run the live loop: capture and inference in two threads, results in the thread of the caller."""

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

# Interval of heartbeat results while no frame arrives, and time for a thread to notice the end, in seconds.
HEARTBEAT_S, FAREWELL_S = 0.2, 3.0
# Seconds without a frame after which a message is shown, and after which a source that never gave one fails.
PATIENCE_S, FIRST_PICTURE_S = 2.0, 9.0


class Loop:
    """Iterator over the results of a source, computed in two background threads.

    Parameters
    ----------
    source : Source
        Source of frames; the loop owns it and closes it.
    pipeline : Pipeline
        Processes the frames; not to be used elsewhere while the loop runs.
    stop : threading.Event, optional
        Ends the run when set; may be set from any thread or signal handler.
    max_frames : int, optional
        Ends the run after this many frames.

    Notes
    -----
    Use it as a context manager and iterate once, in one thread. For live sources a queue holds one frame, which a newer
    frame replaces. For files it holds a few frames, and the reader waits if it is full.
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
        """Yield results in order until the source ends or `stop` is set; raise the error of a thread."""
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
                    # A driver may block in a read; then the source itself cannot raise the error.
                    raise OSError(
                        f"{self.source.name} gave no picture in {silence:.0f} s; does another program use it?"
                    )
                yield self._heartbeat(silence)
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Stop both threads and release the source."""
        self.source.wake()
        self._frames.close(discard=True)
        self._results.close(discard=True)
        for thread in self._threads:
            # A camera driver may block in a read. The thread is a daemon, so it does not delay the exit.
            thread.join(FAREWELL_S)

    @property
    def dropped(self) -> int:
        """Number of frames and results that were replaced by newer ones."""
        return self._frames.dropped + self._results.dropped

    def _guard(self, work: Callable[[], None], box: Mailbox[Any]) -> None:
        try:
            work()
        except BaseException as error:  # errors of any kind are passed to the thread of the caller
            self._error = self._error or error
        finally:
            # Results before the error are still delivered; then the receiver finds the mailbox closed.
            box.close()

    def _capture(self) -> None:
        try:
            for frame in self.source:
                self._captured = True
                if self.stop.is_set() or not self._frames.put(frame):
                    return
        finally:
            # Only the reading thread may close the source, because OpenCV crashes if another thread closes it during a
            # read.
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
        """Return a result without events, which keeps a window responsive while no frame arrives."""
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
    """Process a source and send the results to sinks until the source ends.

    Parameters
    ----------
    source : Source
        Source of frames; closed at the end.
    pipeline : Pipeline
        Processes each frame.
    sinks : sequence of Sink
        Each gets every result, in this order and in the thread of the caller. All are closed at the end, also after an
        error.
    stop : threading.Event, optional
        Ends the run when it is set.
    max_frames : int, optional
        Ends the run after this many frames.

    Returns
    -------
    RunSummary
        Counts and times.

    Raises
    ------
    Exception
        The first error of the source, the pipeline or a sink. It is raised after all sinks are closed.
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
    model: str | Recognizer | None = None,
    detector: str | Detector | None = None,
    live: bool | None = None,
    points: PointsChoice = None,
    **options: Any,
) -> Generator[FaceEvent, None, None]:
    """Yield the face events of a source, one after the other.

    Parameters
    ----------
    source : str, int or Source
        As in :func:`open_source`.
    model : str or Recognizer, optional
        As in :meth:`Recognizer.load`.
    detector : str or Detector, optional
        As in :func:`make_detector`.
    live : bool, optional
        As in :func:`open_source`.
    points : KeyPoints, str, Path or bool, optional
        Key-point model for the same faces: True for the shipped one, or the folder of a bundle.
    **options : any
        Parameters of :class:`Pipeline`.

    Yields
    ------
    FaceEvent
        At least one for each frame. Closing the generator stops the threads and closes the source.

    Examples
    --------
    >>> from ferbench.realtime import stream
    >>> for event in stream(0):  # doctest: +SKIP
    ...     print(event.timestamp_s, event.track_id, event.label)
    """
    chosen = detector if isinstance(detector, Detector) else make_detector(detector)
    recognizer = model if isinstance(model, Recognizer) else Recognizer.load(model)
    pipeline = Pipeline(recognizer, chosen, points=points, **options)
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
            self.frames,
            self.faces,
            self.empty,
            dropped,
            seconds,
            self.frames / seconds,
            latency_ms=self.latencies.percentiles(),
            notes=tuple(notes),
        )


def _close(sinks: Sequence[Sink], error: BaseException | None) -> None:
    """Close all sinks. The first error of the run is raised; later errors are added to it as notes."""
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
