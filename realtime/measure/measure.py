"""Measure one configuration of the live system: ``python -m ferbench.realtime.measure``.

Standard output carries JSON lines and nothing else, each with its kind in ``event``:

========= ===================================================================================================
mode      lines
========= ===================================================================================================
stream    ``done``: a video through the whole loop, as fast as it can be read or (``--paced``) at its own pace
detect    ``image`` for each picture or frame: boxes and milliseconds of the search; ``done``
faces     ``done``: milliseconds of recognizing one face at a time, cropping (and key points) included, on one core
start     ``ready`` when recognizer and detector are loaded, ``predicted`` after the first picture, ``done``
soak      ``sample`` every so many frames: memory, threads, open files; ``done``
========= ===================================================================================================

Bad input ends with the line ``failed`` and its ``reason``, and exit code 2.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2

from ferbench.realtime import Pipeline, run
from ferbench.realtime.detection import Detector, make_detector
from ferbench.realtime.events import Box, FrameResult, Image, Sink
from ferbench.realtime.measure.parts import Counted, Repeated, Watch, peak_rss_bytes, process_state, usable_cores
from ferbench.realtime.recognition import Recognizer
from ferbench.realtime.sinks import SummarySink, event_sink
from ferbench.realtime.sources import open_source

Emit = Callable[..., None]
HEAVY = ("keras", "matplotlib", "pandas", "sklearn", "tensorflow")
# Different faces that `faces` goes round; more would only take longer to find.
DISTINCT_FACES = 50
MORE_FRAMES = 20
# Frames before a sample of `soak` in which threads and open files are counted.
LOOKS = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What to measure, and with what."""

    source: str
    model: str | None
    points: str | bool | None
    detector: str | None
    detect_every: Literal["auto"] | int
    threads: int
    frames: int
    seconds: float
    warmup: int
    every: int
    paced: bool
    thorough: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Run one mode; returns the exit code."""
    parsed = vars(_parser().parse_args(argv))
    mode = parsed.pop("mode")
    args = Settings(**parsed)
    emit = _private_output()
    try:
        mode(args, emit)
    except (ValueError, OSError, ImportError) as error:
        emit("failed", reason=" ".join(str(error).split()) or type(error).__name__)
        return 2
    return 0


def measure_stream(args: Settings, emit: Emit) -> None:
    """Send a video through source, pipeline and loop."""
    detector = Counted(_detector(args.detector))
    pipeline = Pipeline(_recognizer(args), detector, detect_every=args.detect_every)
    run(Repeated(args.source), pipeline, [], max_frames=args.warmup)
    pipeline.reset()
    detector.milliseconds.clear()
    source, stop = Repeated(args.source, live=args.paced), threading.Event()
    watch = Watch(stop, args.seconds)
    summary = run(source, pipeline, [watch], stop=stop, max_frames=args.frames)
    emit(
        "done",
        **watch.figures(),
        searches=len(detector.milliseconds),
        dropped=summary.dropped,
        size=source.size,
        source_fps=source.fps,
        peak_rss_bytes=peak_rss_bytes(),
        cores=usable_cores(),
    )


def measure_detect(args: Settings, emit: Emit) -> None:
    """Search each picture of a folder, or each frame of a video."""
    detector = _detector(args.detector)
    with open_source(args.source, live=False) as source:
        for frame in source:
            for _ in range(args.warmup if frame.index == 0 else 0):
                detector.detect(frame.image, thorough=args.thorough)
            begin = time.perf_counter()
            faces = detector.detect(frame.image, thorough=args.thorough)
            took = 1000 * (time.perf_counter() - begin)
            boxes = [[*face.box, round(face.score, 4)] for face in faces]
            emit("image", name=frame.name, frame=frame.index, boxes=boxes, ms=round(took, 4))
            if args.frames and frame.index + 1 >= args.frames:
                break
    emit("done", cores=usable_cores(), peak_rss_bytes=peak_rss_bytes())


def measure_faces(args: Settings, emit: Emit) -> None:
    """Recognize one face after the other on one core."""
    _keep_to_one_core()
    recognizer = _recognizer(args)
    faces = _faces(args.source, _detector(args.detector))
    times: list[float] = []
    end = None
    for call in range(args.warmup + args.frames):
        image, box = faces[call % len(faces)]
        begin = time.perf_counter()
        recognizer.predict_faces(image, [box])
        if recognizer.points is not None:
            recognizer.points.locate(image, [box])
        now = time.perf_counter()
        if call >= args.warmup:
            end = end or begin + args.seconds
            times.append(round(1000 * (now - begin), 4))
        if end is not None and now >= end:
            break
    emit("done", latencies_ms=times, cores=usable_cores(), peak_rss_bytes=peak_rss_bytes())


def measure_start(args: Settings, emit: Emit) -> None:
    """Load, say so, predict one picture, say so; whoever started this process has the clock."""
    detector = _detector(args.detector)
    recognizer = Recognizer.load(args.model, detector=detector, n_threads=args.threads, points=args.points)
    emit("ready")
    faces = recognizer.predict(Path(args.source))
    emit("predicted", faces=len(faces))
    emit("done", heavy=[name for name in HEAVY if name in sys.modules], peak_rss_bytes=peak_rss_bytes())


def measure_soak(args: Settings, emit: Emit) -> None:
    """Run a video in a loop with files being written, and look at the process now and then."""
    recognizer = _recognizer(args)
    pipeline = Pipeline(recognizer, _detector(args.detector), detect_every=args.detect_every)
    names = recognizer.points.names if recognizer.points else ()
    with tempfile.TemporaryDirectory() as folder:
        sinks: list[Sink] = [
            event_sink(Path(folder) / "events.csv", recognizer.classes_, point_names=names),
            SummarySink(Path(folder) / "summary.html", recognizer.classes_, title="soak"),
            _Sampler(args.every, args.frames, emit),
        ]
        # A few frames more: at the last one, threads are ending already.
        summary = run(Repeated(args.source), pipeline, sinks, max_frames=args.frames + MORE_FRAMES)
    emit("done", frames=summary.frames, seconds=summary.seconds, peak_rss_bytes=peak_rss_bytes(), cores=usable_cores())


class _Sampler:
    """A sink that tells the state of the process every so many frames.

    Threads and open files are the most of the frames just before: while the video is opened anew, which is not in
    step with the samples, its own are missing for a moment.
    """

    def __init__(self, every: int, last: int, emit: Emit) -> None:
        self._every, self._last, self._emit = every, last, emit
        self._frames = 0
        self._recent: list[dict[str, int | None]] = []
        self._begin = time.perf_counter()

    def write(self, result: FrameResult) -> None:
        """Count a frame, and look at the process when it is time."""
        self._frames += bool(result.events)
        if not result.events or self._frames > self._last or (-self._frames) % self._every >= LOOKS:
            return
        self._recent.append(process_state())
        if self._frames % self._every == 0:
            most = {key: max(state[key] or 0 for state in self._recent) or None for key in ("threads", "fds")}
            seconds = round(time.perf_counter() - self._begin, 3)
            memory = self._recent[-1]["rss_bytes"]
            self._emit("sample", frames=self._frames, seconds=seconds, rss_bytes=memory, **most)
            self._recent.clear()

    def close(self) -> None:
        """Nothing is open."""


def _recognizer(args: Settings) -> Recognizer:
    return Recognizer.load(args.model, n_threads=args.threads, points=args.points)


def _detector(name: str | None) -> Detector:
    """The detector asked for, and no stand-in: figures must not go under a wrong name."""
    detector = make_detector(name)
    asked = (name or detector.name).partition(":")[0]
    if name is not None and detector.name != asked:
        raise ValueError(f"asked for the detector {asked} and got {detector.name}; its model is not at hand")
    return detector


def _faces(source: str, detector: Detector) -> list[tuple[Image, Box]]:
    """Faces of different frames, each with its frame."""
    found: list[tuple[Image, Box]] = []
    with open_source(source, live=False) as frames:
        for frame in frames:
            found += [(frame.image, face.box) for face in detector.detect(frame.image)[:1]]
            if len(found) == DISTINCT_FACES:
                break
    if not found:
        raise ValueError(f"{Path(source).name}: {detector.name} finds no face in it; give a video with faces")
    return found


def _keep_to_one_core() -> None:
    """One thread for each library, and one core for all of them where the system lets us choose."""
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _private_output() -> Emit:
    """Take standard output for the protocol; whatever a library prints goes to standard error."""
    sys.stdout.flush()
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def emit(event: str, **values: Any) -> None:
        stream.write(json.dumps({"event": event, **values}, allow_nan=False) + "\n")
        stream.flush()

    return emit


def _every(text: str) -> Any:
    return text if text == "auto" else int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ferbench.realtime.measure", description=(__doc__ or "").split("\n")[0]
    )
    modes = parser.add_subparsers(title="modes", metavar="MODE", required=True)
    for name, mode, frames in (
        ("stream", measure_stream, 240),
        ("detect", measure_detect, 0),
        ("faces", measure_faces, 700),
        ("start", measure_start, 1),
        ("soak", measure_soak, 100_000),
    ):
        sub = modes.add_parser(name)
        sub.add_argument("source", help="a video; a folder of pictures for detect; a picture for start")
        sub.add_argument("--model", metavar="NAME|BUNDLE", help="a pretrained name or a bundle's folder")
        sub.add_argument("--points", nargs="?", const=True, metavar="BUNDLE", help="find key points as well")
        sub.add_argument("--detector", metavar="NAME", help="as for `ferbench live`")
        sub.add_argument("--detect-every", type=_every, default="auto", metavar="K")
        sub.add_argument("--threads", type=int, default=1, metavar="N", help="threads of the recognizer")
        sub.add_argument("--frames", type=int, default=frames, metavar="N", help="frames or calls to measure; 0: all")
        sub.add_argument("--seconds", type=float, default=60.0, metavar="S", help="longest measurement")
        sub.add_argument("--warmup", type=int, default=20, metavar="N", help="frames or calls before it, not counted")
        sub.add_argument("--every", type=int, default=1000, metavar="N", help="frames between samples of soak")
        sub.add_argument("--paced", action="store_true", help="at the video's own pace, as from a camera")
        sub.add_argument("--thorough", action="store_true", help="search as in photographs")
        sub.set_defaults(mode=mode)
    return parser


if __name__ == "__main__":
    sys.exit(main())
