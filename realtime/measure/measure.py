"""Measure one configuration of the live system: ``python -m ferbench.realtime.measure``.

Standard output contains only JSON lines. The key ``event`` of each line names its kind:

========= ===================================================================================================
mode      lines
========= ===================================================================================================
stream    ``done``: a video through the whole loop, at full speed or (``--paced``) at its original speed
detect    ``image`` for each image or frame: boxes and milliseconds of the detection; ``done``
faces     ``done``: milliseconds to recognize one face, including cropping (and key points), on one core
start     ``ready`` when recognizer and detector are loaded, ``predicted`` after the first image, ``done``
soak      ``sample`` at regular numbers of frames: memory, threads, open files; ``done``
========= ===================================================================================================

After bad input, the last line is ``failed`` with a ``reason``, and the exit code is 2.
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
from ferbench.realtime.measure.parts import Counted, Repeated, Watch, peak_rss_bytes, process_state
from ferbench.realtime.recognition import Recognizer
from ferbench.realtime.sinks import SummarySink, event_sink
from ferbench.realtime.sources import open_source
from ferbench.utils import usable_cores

Emit = Callable[..., None]
HEAVY = ("keras", "matplotlib", "pandas", "sklearn", "tensorflow")
# Number of different faces that `faces` cycles through.
DISTINCT_FACES = 50
MORE_FRAMES = 20
# Number of frames before a sample of `soak` in which threads and open files are counted.
LOOKS = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """Arguments of a measurement."""

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
    provider: str


def main(argv: Sequence[str] | None = None) -> int:
    """Run one mode and return the exit code."""
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
    """Measure a video in the complete live loop."""
    detector = Counted(make_detector(args.detector))
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
    """Measure face detection on each image of a folder or each frame of a video."""
    detector = make_detector(args.detector)
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
    """Measure recognition of single faces on one core."""
    _keep_to_one_core()
    recognizer = _recognizer(args)
    faces = _faces(args.source, make_detector(args.detector))
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
    """Load the models and predict one image, with an event after each step; the parent process takes the times."""
    detector = make_detector(args.detector)
    recognizer = _recognizer(args, detector)
    emit("ready")
    faces = recognizer.predict(Path(args.source))
    emit("predicted", faces=len(faces))
    emit("done", heavy=[name for name in HEAVY if name in sys.modules], peak_rss_bytes=peak_rss_bytes())


def measure_soak(args: Settings, emit: Emit) -> None:
    """Run a video in an endless loop with file outputs, and sample the state of the process."""
    recognizer = _recognizer(args)
    pipeline = Pipeline(recognizer, make_detector(args.detector), detect_every=args.detect_every)
    names = recognizer.points.names if recognizer.points else ()
    with tempfile.TemporaryDirectory() as folder:
        sinks: list[Sink] = [
            event_sink(Path(folder) / "events.csv", recognizer.classes_, point_names=names),
            SummarySink(Path(folder) / "summary.html", recognizer.classes_, title="soak"),
            _Sampler(args.every, args.frames, emit),
        ]
        # A few more frames, because threads already end at the last one.
        summary = run(Repeated(args.source), pipeline, sinks, max_frames=args.frames + MORE_FRAMES)
    emit("done", frames=summary.frames, seconds=summary.seconds, peak_rss_bytes=peak_rss_bytes(), cores=usable_cores())


class _Sampler:
    """Sink that reports the state of the process at a fixed interval of frames.

    Numbers of threads and open files are the maximum over the preceding frames, because they drop for a moment while
    the video is reopened.
    """

    def __init__(self, every: int, last: int, emit: Emit) -> None:
        self._every, self._last, self._emit = every, last, emit
        self._frames = 0
        self._recent: list[dict[str, int | None]] = []
        self._begin = time.perf_counter()

    def write(self, result: FrameResult) -> None:
        """Count a frame, and report a sample if it is due."""
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
        """Do nothing, because no file is open."""


def _recognizer(args: Settings, detector: Detector | None = None) -> Recognizer:
    options: dict[str, Any] = {"n_threads": args.threads, "provider": args.provider}
    return Recognizer.load(args.model, detector=detector, points=args.points, **options)


def _faces(source: str, detector: Detector) -> list[tuple[Image, Box]]:
    """Return faces of different frames, each with its frame."""
    found: list[tuple[Image, Box]] = []
    with open_source(source, live=False) as frames:
        for frame in frames:
            found += [(frame.image, face.box) for face in detector.detect(frame.image)[:1]]
            if len(found) == DISTINCT_FACES:
                break
    if not found:
        raise ValueError(f"{Path(source).name}: {detector.name} found no face; give a video with faces")
    return found


def _keep_to_one_core() -> None:
    """Limit each library to one thread and, where the system supports it, the process to one core."""
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def _private_output() -> Emit:
    """Reserve standard output for JSON lines; output of libraries goes to standard error."""
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
        sub.add_argument("source", help="video; for detect also a folder of images; for start an image")
        sub.add_argument("--model", metavar="NAME|BUNDLE", help="pretrained model or a bundle's folder")
        sub.add_argument("--points", nargs="?", const=True, metavar="BUNDLE", help="also find key points")
        sub.add_argument("--detector", metavar="NAME", help="face detector, as in `ferbench live`")
        sub.add_argument("--detect-every", type=_every, default="auto", metavar="K")
        sub.add_argument("--threads", type=int, default=1, metavar="N", help="threads of the recognizer")
        sub.add_argument("--provider", default="cpu", metavar="NAME", help="cpu, cuda, openvino or coreml")
        sub.add_argument("--frames", type=int, default=frames, metavar="N", help="frames or calls to measure (0: all)")
        sub.add_argument("--seconds", type=float, default=60.0, metavar="S", help="longest measurement")
        sub.add_argument("--warmup", type=int, default=20, metavar="N", help="frames or calls before the measurement")
        sub.add_argument("--every", type=int, default=1000, metavar="N", help="frames between samples of soak")
        sub.add_argument("--paced", action="store_true", help="run at the speed of the video, as a camera does")
        sub.add_argument("--thorough", action="store_true", help="detect as in photographs")
        sub.set_defaults(mode=mode)
    return parser


if __name__ == "__main__":
    sys.exit(main())
