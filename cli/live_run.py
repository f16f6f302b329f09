"""What ``live``, ``image`` and ``video`` have in common: check, open, run, tell."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench import models, realtime, utils
from ferbench.cli import named_models
from ferbench.cli.live_options import ImageOptions, LiveOptions, RunOptions, VideoOptions
from ferbench.models import bundles
from ferbench.realtime import recognition, sources
from ferbench.realtime import sinks as output
from ferbench.utils import pictures

if TYPE_CHECKING:
    from ferbench.realtime import FrequencySink, Pipeline, Recognizer, RunSummary, Sink, Source, VideoSink, Window
    from ferbench.realtime.events import FrameResult
    from ferbench.utils import Interruption


def run_live(args: LiveOptions) -> int:
    """Show a source in a window and write the files asked for."""
    _check_video_outputs(args, args.source)
    with utils.stop_on_signals() as stop:
        with realtime.open_source(args.source) as source:
            names = args.models or []
            pipeline = _pipeline(args, args.model or (names[0] if names else "winner"))
            window = None if args.no_window else _window(args, pipeline, source, stop)
            sinks, counts = _video_sinks(args, source, pipeline)
            if window is None:
                sinks.append(_Progress(source, args.max_frames, live=True))
                summary = realtime.run(source, pipeline, sinks, stop=stop, max_frames=args.max_frames)
            else:
                # First, so that a paused picture is not yet in the files.
                sinks.insert(0, window)
                summary = window.run(
                    lambda: realtime.run(source, pipeline, sinks, stop=stop, max_frames=args.max_frames)
                )
        _tell(summary, counts, sinks, _outputs(args))
        return stop.exit_code


def run_video(args: VideoOptions) -> int:
    """Annotate a video, frame by frame."""
    if not _outputs(args):
        raise ValueError("nothing to write: give --output-video, --events or --summary")
    _check_video_outputs(args, args.input)
    with utils.stop_on_signals() as stop, _open_video(args) as source:
        pipeline = _pipeline(args, args.model or "winner")
        _say_models(pipeline)
        sinks, counts = _video_sinks(args, source, pipeline)
        sinks.append(_Progress(source, args.max_frames))
        summary = realtime.run(source, pipeline, sinks, stop=stop, max_frames=args.max_frames)
        _tell(summary, counts, sinks, _outputs(args))
        return stop.exit_code


def _open_video(args: VideoOptions) -> Source:
    wrong = f"{args.input}: is no video file; `ferbench live` takes cameras, `ferbench image` images"
    if args.input.isdecimal():
        raise ValueError(wrong)
    source = realtime.open_source(args.input, live=False)
    if not isinstance(source, sources.VideoFile):
        source.close()
        raise ValueError(wrong)
    if args.rate is None and not args.start and args.stop is None:
        return source
    source.close()
    return realtime.open_source(args.input, live=False, rate=args.rate, start_s=args.start, stop_s=args.stop)


def run_image(args: ImageOptions) -> int:
    """Annotate one image or a folder of them, and count emotions."""
    given = Path(args.input)
    _check_image_outputs(args, given)
    with utils.stop_on_signals() as stop, _open_images(args) as source:
        pipeline = _pipeline(args, args.model or "winner")
        _say_models(pipeline)
        classes = pipeline.recognizer.classes_
        counts = output.FrequencySink(args.output_csv, classes)
        sinks: list[Sink] = [counts]
        if args.output_image:
            sinks.append(output.ImageSink(args.output_image, folder=given.is_dir()))
        if args.events:
            sinks.append(output.event_sink(args.events, classes, images=True, point_names=_point_names(pipeline)))
        sinks.append(_Progress(source, None))
        summary = realtime.run(source, pipeline, sinks, stop=stop)
        _tell_images(summary, counts, [args.output_image, args.output_csv, args.events])
        return stop.exit_code


def _open_images(args: ImageOptions) -> sources.PhotoSource:
    text, path = args.input, Path(args.input)
    single = text in pictures.STDIN or pictures.is_url(text)
    if single or path.is_dir() or (path.is_file() and _looks_like_image(path)):
        return sources.PhotoSource(text, strict=args.strict)
    if not path.exists():
        raise FileNotFoundError(f"{text}: no such file or folder; give an image, a folder of images or an address")
    if path.is_file():
        realtime.open_source(path, live=False).close()  # what is wrong with a file that is no video is said there
        raise ValueError(f"{text}: is no image; use `ferbench video`")
    return sources.PhotoSource(text)


def _looks_like_image(path: Path) -> bool:
    with path.open("rb") as stream:
        return pictures.sniff(stream.read(64)) is not None or path.suffix.lower() in pictures.IMAGE_SUFFIXES


class _Progress:
    """A progress bar that is a sink."""

    def __init__(self, source: Source, max_frames: int | None, *, live: bool = False) -> None:
        known = [number for number in (source.n_frames, max_frames) if number]
        from tqdm import tqdm

        self._bar: Any = tqdm(
            total=min(known) if known else None, unit="frame", desc="live" if live else "frames", disable=None
        )

    def write(self, result: FrameResult) -> None:
        """Count a frame."""
        if result.message:
            self._bar.set_postfix_str(result.message)
        if result.events:
            self._bar.update()

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def _pipeline(args: RunOptions | ImageOptions, model: str) -> Pipeline:
    options: dict[str, Any] = (
        {"smoothing_s": args.smoothing, "detect_every": args.detect_every} if isinstance(args, RunOptions) else {}
    )
    recognizer = load_recognizer(model, Path(args.results), args.threads)
    points = recognition.load_points(args.points, n_threads=args.threads)
    detector = realtime.make_detector(args.detector)
    return realtime.Pipeline(recognizer, detector, min_probability=args.min_probability, points=points, **options)


def _say_models(pipeline: Pipeline) -> None:
    """Say what is at work: names such as winner stand for different models over time."""
    points = f", key points {pipeline.points.name}" if pipeline.points else ""
    print(f"ferbench: model {pipeline.recognizer.name}, detector {pipeline.detector.name}{points}", file=sys.stderr)


def _point_names(pipeline: Pipeline) -> tuple[str, ...]:
    return pipeline.points.names if pipeline.points else ()


def load_recognizer(name: str, results: Path, n_threads: int = 1) -> Recognizer:
    """Recognizer by path, pretrained name, recipe or ``winner``."""
    path = named_models.find_model(name, results)
    bundle = bundles.load_bundle(path, n_threads=n_threads)
    # A bundle of one's own may be of the recipe that a shipped one is named after.
    recipe = bundle.info.get("recipe", {}).get("name")
    own = f"{recipe} ({path.resolve().name})" if recipe in models.pretrained() else None
    return realtime.Recognizer(bundle, name=path.name if path in models.pretrained().values() else own)


def _window(args: LiveOptions, pipeline: Pipeline, source: Source, stop: Interruption) -> Window | None:
    results = Path(args.results)
    names = args.models or _models_here(args.model, results)
    switcher = realtime.ModelSwitcher(pipeline, names, lambda name: load_recognizer(name, results, args.threads))
    window = realtime.Window(
        f"ferbench: {source.name}",
        stop=stop,
        mirror=args.mirror,
        pace=not source.live,
        snapshots=args.snapshots,
        switcher=switcher,
        points=realtime.PointsSwitch(pipeline, lambda: realtime.KeyPoints.load(n_threads=args.threads)),
    )
    try:
        window.open()
    except OSError as error:
        if not _outputs(args):
            raise
        print(f"ferbench: note: {error}; going on without a window", file=sys.stderr)
        return None
    return window


def _models_here(chosen: str | None, results: Path) -> list[str]:
    """Models for the keys: the chosen one, those that came with the package, those fitted here, at most nine."""
    names: list[str | None] = [chosen or "winner", *models.pretrained()]
    for file in sorted([*results.glob("bundles/*/bundle.json"), *results.glob("*/bundles/*/bundle.json")]):
        # A damaged bundle that nobody asked for must not keep the window from opening.
        with contextlib.suppress(ValueError, OSError):
            info = json.loads(file.read_text())
            recipe = None if recognition.finds_points(info) else info.get("recipe", {}).get("name")
            # By its folder where a shipped one has the same name.
            names.append(str(file.parent) if recipe in models.pretrained() else recipe)
    return list(dict.fromkeys(name for name in names if name and name != "constant"))[:9]


def _outputs(args: RunOptions) -> list[Path]:
    return [path for path in (args.output_video, args.events, args.summary) if path]


def _check_video_outputs(args: RunOptions, source: str) -> None:
    if args.output_video:
        output.check_suffix(args.output_video, output.VIDEO_CODECS, "the video")
    if args.events:
        output.check_suffix(args.events, output.EVENT_SUFFIXES, "the file of events")
    if args.summary:
        output.check_suffix(args.summary, output.PAGE_SUFFIXES, "the summary")
    if args.max_frames is not None and args.max_frames < 1:
        raise ValueError(f"--max-frames must be at least 1; got {args.max_frames}")
    output.check_outputs(source, _outputs(args) + ([output.summary_table(args.summary)] if args.summary else []))


def _check_image_outputs(args: ImageOptions, given: Path) -> None:
    if args.output_csv:
        output.check_suffix(args.output_csv, (".csv",), "the table")
    if args.events:
        output.check_suffix(args.events, output.EVENT_SUFFIXES, "the file of events")
    files = [path for path in (args.output_csv, args.events) if path]
    if args.output_image and given.is_dir():
        _check_folder(args.output_image, given)
    elif args.output_image:
        output.check_suffix(args.output_image, output.IMAGE_OUTPUT_SUFFIXES, "the image")
        files.append(args.output_image)
    output.check_outputs(given, files)


def _check_folder(folder: Path, given: Path) -> None:
    if folder.suffix.lower() in output.IMAGE_OUTPUT_SUFFIXES or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"{folder}: {given} is a folder, so --output-image must be one too")
    if folder.resolve().is_relative_to(given.resolve()):
        where = "is" if folder.resolve() == given.resolve() else "lies in"
        raise ValueError(f"{folder}: {where} the input, which is never overwritten; choose another folder")


def _video_sinks(args: RunOptions, source: Source, pipeline: Pipeline) -> tuple[list[Sink], FrequencySink]:
    classes = pipeline.recognizer.classes_
    counts = output.FrequencySink(None, classes)
    sinks: list[Sink] = [counts]
    if args.events:
        sinks.append(output.event_sink(args.events, classes, point_names=_point_names(pipeline)))
    if args.summary:
        # The name alone: where a file lay is nobody's business.
        title = source.name if source.live else Path(source.name).name
        names = {"detector": pipeline.detector.name, "points": pipeline.points.name if pipeline.points else ""}
        sinks.append(output.SummarySink(args.summary, classes, title=title, **names))
    if args.output_video:
        sinks.append(_video_sink(args.output_video, source))
    return sinks, counts


def _video_sink(path: Path, source: Source) -> VideoSink:
    photos = isinstance(source, sources.PhotoSource)
    file = isinstance(source, sources.VideoFile)
    original = Path(source.name) if file and Path(source.name).is_file() and not source.live else None
    if original is not None and shutil.which("ffmpeg") is None:
        note = "ffmpeg is not installed, so the sound of the original is dropped"
        print(f"ferbench: note: {utils.printable(note)}", file=sys.stderr)
        original = None
    # Cameras that do not tell their rate give 30; photographs are shown for a second each.
    fps = 1.0 if photos else source.steady_fps() if isinstance(source, sources.VideoFile) else source.fps or 30.0
    return output.VideoSink(path, fps=fps, real_time=source.live, sound_from=original)


def _tell(summary: RunSummary, counts: FrequencySink, sinks: Sequence[Sink], outputs: Sequence[Path]) -> None:
    latency = ", ".join(f"p{percent} {value:.0f} ms" for percent, value in summary.latency_ms.items())
    print(
        f"{_number(summary.frames, 'frame')} in {summary.seconds:.1f} s ({summary.fps:.1f} frames/s); latency {latency}"
    )
    print(
        f"{_number(summary.faces, 'face')}, {_number(len(counts.people), 'track')}, "
        f"{_number(summary.no_face_frames, 'frame')} without a face, {summary.dropped:,} dropped"
    )
    _tell_rest(summary, counts, outputs, [sink.note for sink in sinks if isinstance(sink, output.VideoSink)])


def _tell_images(summary: RunSummary, counts: FrequencySink, outputs: Sequence[Path | None]) -> None:
    print(f"{_number(summary.faces, 'face')} in {_number(summary.frames, 'image')}")
    _tell_rest(summary, counts, [path for path in outputs if path], [])


def _tell_rest(
    summary: RunSummary, counts: FrequencySink, outputs: Sequence[Path], notes: Sequence[str | None]
) -> None:
    print()
    for label, count, share in counts.rows():
        print(f"{label:<12} {count:>9,} {100 * share:>6.1f} %")
    for path in outputs:
        print(f"wrote {path}")
    for note in [*summary.notes, *notes]:
        if note:
            print(f"ferbench: note: {utils.printable(note)}", file=sys.stderr)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
