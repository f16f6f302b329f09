"""Run ``live``, ``image`` and ``video``: open the source, load the models, run the loop, print a summary."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ferbench import models, realtime, utils
from ferbench.cli import arguments, live_outputs
from ferbench.cli.live_options import ImageOptions, LiveOptions, RunOptions, VideoOptions
from ferbench.models import base, bundles
from ferbench.realtime import recognition, sources
from ferbench.realtime import sinks as output
from ferbench.utils import pictures

if TYPE_CHECKING:
    from ferbench.realtime import FrequencySink, Pipeline, Recognizer, RunSummary, Sink, Source, Window
    from ferbench.realtime.events import FrameResult
    from ferbench.utils import Interruption

# The keys 1 to 9 of the window.
_MOST_KEYS = 9


def run_live(args: LiveOptions) -> int:
    """Show a source in a window and write the requested files."""
    live_outputs.check_video_outputs(args, args.source)
    with utils.stop_on_signals() as stop:
        with realtime.open_source(args.source) as source:
            names = args.models or []
            pipeline = _pipeline(args, args.model or (names[0] if names else "winner"))
            _say_models(pipeline)
            window = None if args.no_window else _window(args, pipeline, source, stop)
            sinks, counts = live_outputs.video_sinks(args, source, pipeline)
            if window is None:
                sinks.append(_Progress(source, args.max_frames, live=True))
                summary = realtime.run(source, pipeline, sinks, stop=stop, max_frames=args.max_frames)
            else:
                # The window is the first sink, so that a pause also delays writing.
                sinks.insert(0, window)
                summary = window.run(
                    lambda: realtime.run(source, pipeline, sinks, stop=stop, max_frames=args.max_frames)
                )
        _tell(summary, counts, sinks, live_outputs.requested_outputs(args), pipeline.uncertain)
        return stop.exit_code


def run_video(args: VideoOptions) -> int:
    """Annotate a video, frame by frame."""
    if not live_outputs.requested_outputs(args):
        raise ValueError("no output was requested: give --output-video, --events or --summary")
    live_outputs.check_video_outputs(args, args.input)
    with utils.stop_on_signals() as stop, _open_video(args) as source:
        pipeline = _pipeline(args, args.model or "winner")
        _say_models(pipeline)
        sinks, counts = live_outputs.video_sinks(args, source, pipeline)
        sinks.append(_Progress(source, args.max_frames))
        summary = realtime.run(source, pipeline, sinks, stop=stop, max_frames=args.max_frames)
        _tell(summary, counts, sinks, live_outputs.requested_outputs(args), pipeline.uncertain)
        return stop.exit_code


def _open_video(args: VideoOptions) -> Source:
    wrong = f"{args.input}: not a video file; use `ferbench live` for cameras and `ferbench image` for images"
    if args.input.isdecimal():
        raise ValueError(wrong)
    part: dict[str, Any] = {"rate": args.rate, "start_s": args.start, "stop_s": args.stop}
    if args.input in pictures.STDIN:
        return sources.VideoFile("/dev/stdin", **part)
    source = realtime.open_source(args.input, live=False)
    if not isinstance(source, sources.VideoFile):
        source.close()
        raise ValueError(wrong)
    if args.rate is None and not args.start and args.stop is None:
        return source
    source.close()
    return realtime.open_source(args.input, live=False, **part)


def run_image(args: ImageOptions) -> int:
    """Annotate one image or a folder of them, and count emotions."""
    given = Path(args.input)
    args = replace(args, output_image=live_outputs.image_output(args.output_image, given))
    live_outputs.check_image_outputs(args, given)
    with utils.stop_on_signals() as stop, _open_images(args) as source:
        pipeline = _pipeline(args, args.model or "winner")
        _say_models(pipeline)
        classes = pipeline.recognizer.classes_
        counts = output.FrequencySink(args.output_csv, classes)
        sinks: list[Sink] = [counts]
        if args.output_image:
            sinks.append(output.ImageSink(args.output_image, folder=given.is_dir()))
        if args.events:
            options = {"skipped": source.skipped, **live_outputs.event_options(pipeline)}
            sinks.append(output.event_sink(args.events, classes, images=True, **options))
        sinks.append(_Progress(source, None))
        summary = realtime.run(source, pipeline, sinks, stop=stop)
        outputs = [args.output_image, args.output_csv, args.events]
        _tell_images(summary, counts, outputs, pipeline.uncertain)
        return stop.exit_code


def _open_images(args: ImageOptions) -> sources.PhotoSource:
    text, path = args.input, Path(args.input)
    single = text in pictures.STDIN or pictures.is_url(text)
    if single or path.is_dir() or (path.is_file() and _looks_like_image(path)):
        return sources.PhotoSource(text, strict=args.strict)
    if not path.exists():
        raise FileNotFoundError(f"{text}: no such file or folder; give an image, a folder of images or an address")
    if path.is_file():
        realtime.open_source(path, live=False).close()  # raises for a file that is not a video either
        raise ValueError(f"{text}: not an image; use `ferbench video`")
    return sources.PhotoSource(text)


def _looks_like_image(path: Path) -> bool:
    with path.open("rb") as stream:
        return pictures.sniff(stream.read(64)) is not None or path.suffix.lower() in pictures.IMAGE_SUFFIXES


class _Progress:
    """Sink that shows a progress bar."""

    def __init__(self, source: Source, max_frames: int | None, *, live: bool = False) -> None:
        known = [number for number in (source.n_frames, max_frames) if number]
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
        """Close the bar and leave it on the terminal."""
        self._bar.close()


def _pipeline(args: RunOptions | ImageOptions, model: str) -> Pipeline:
    options: dict[str, Any] = {"compound": args.compound}
    if isinstance(args, RunOptions):
        options |= {"smoothing_s": args.smoothing, "detect_every": args.detect_every}
    recognizer = load_recognizer(model, Path(args.results), args.threads, args.provider, args.priors)
    points = recognition.load_points(args.points, n_threads=args.threads, provider=args.provider)
    detector = realtime.make_detector(args.detector)
    if args.min_probability is not None:
        options["min_probability"] = args.min_probability
    return realtime.Pipeline(recognizer, detector, points=points, **options)


def _say_models(pipeline: Pipeline) -> None:
    """Print the models in use, because a name such as winner can mean another model later."""
    points = f", key points {pipeline.points.name}" if pipeline.points else ""
    recognizer = pipeline.recognizer
    priors = f", class priors {base.priors_text(recognizer.priors)}" if recognizer.priors else ""
    print(f"ferbench: model {recognizer.name}{priors}, detector {pipeline.detector.name}{points}", file=sys.stderr)


def load_recognizer(
    name: str, results: Path, n_threads: int = 1, provider: str = "cpu", priors: str | None = None
) -> Recognizer:
    """Load a recognizer by path, pretrained name, recipe or ``winner``."""
    path = arguments.find_model(name, results)
    bundle = bundles.load_bundle(path, n_threads=n_threads, provider=provider)
    # A user's bundle may have the recipe name of a shipped bundle; its folder tells them apart.
    recipe = bundle.info.get("recipe", {}).get("name")
    own = f"{recipe} ({path.resolve().name})" if recipe in models.pretrained() else None
    shown = bundles.shipped_name(path) or own
    return realtime.Recognizer(bundle, name=shown, priors=priors)


def _window(args: LiveOptions, pipeline: Pipeline, source: Source, stop: Interruption) -> Window | None:
    results = Path(args.results)
    names = args.models or _models_here(args.model, results)
    more: dict[str, Any] = {"n_threads": args.threads, "provider": args.provider}
    load = partial(load_recognizer, results=results, priors=args.priors, **more)
    switcher = realtime.ModelSwitcher(pipeline, names, load)
    window = realtime.Window(
        f"ferbench: {source.name}",
        stop=stop,
        mirror=args.mirror,
        pace=not source.live,
        snapshots=args.snapshots,
        switcher=switcher,
        points=realtime.PointsSwitch(pipeline, lambda: realtime.KeyPoints.load(**more)),
    )
    try:
        window.open()
    except OSError as error:
        if not live_outputs.requested_outputs(args):
            raise
        print(f"ferbench: note: {error}; continuing without a window", file=sys.stderr)
        return None
    return window


def _models_here(chosen: str | None, results: Path) -> list[str]:
    """Return up to nine models for the keys: the chosen one, the shipped ones, and those in `results`.

    Two names of one bundle, such as ``winner`` and the default model, get one key.
    """
    names: list[str | None] = [chosen or "winner", *models.pretrained()]
    for file in sorted([*results.glob("bundles/*/bundle.json"), *results.glob("*/bundles/*/bundle.json")]):
        # A damaged bundle that the user did not name must not prevent the window from opening.
        with contextlib.suppress(ValueError, OSError):
            info = json.loads(file.read_text())
            recipe = None if recognition.finds_points(info) else info.get("recipe", {}).get("name")
            # Use the folder where a shipped bundle has the same name.
            names.append(str(file.parent) if recipe in models.pretrained() else recipe)
    found: dict[str, Path] = {}
    for name in names:
        if not name or name == "constant" or len(found) == _MOST_KEYS:
            continue
        # The chosen model was loaded already, so that only one that the user did not name can be missing.
        with contextlib.suppress(ValueError, OSError):
            path = arguments.find_model(name, results)
            if not arguments.is_listed(path, found):
                found[name] = path
    return list(found)


def _tell(
    summary: RunSummary, counts: FrequencySink, sinks: Sequence[Sink], outputs: Sequence[Path], uncertain: str
) -> None:
    out = live_outputs.text_stream(outputs)
    latency = ", ".join(f"p{percent} {value:.0f} ms" for percent, value in summary.latency_ms.items())
    rate = f"{summary.fps:.1f} frames/s"
    print(f"{_number(summary.frames, 'frame')} in {summary.seconds:.1f} s ({rate}); latency {latency}", file=out)
    print(
        f"{_number(summary.faces, 'face')}, {_number(len(counts.people), 'track')}, "
        f"{_number(summary.no_face_frames, 'frame')} without a face, {summary.dropped:,} dropped",
        file=out,
    )
    notes = [sink.note for sink in sinks if isinstance(sink, output.VideoSink)]
    _tell_rest(summary, counts, outputs, notes, uncertain)


def _tell_images(summary: RunSummary, counts: FrequencySink, outputs: Sequence[Path | None], uncertain: str) -> None:
    out = live_outputs.text_stream(outputs)
    print(f"{_number(summary.faces, 'face')} in {_number(summary.frames, 'image')}", file=out)
    _tell_rest(summary, counts, [path for path in outputs if path], [], uncertain)


def _tell_rest(
    summary: RunSummary, counts: FrequencySink, outputs: Sequence[Path], notes: Sequence[str | None], uncertain: str
) -> None:
    out = live_outputs.text_stream(outputs)
    print(file=out)
    for label, count, share in counts.rows():
        print(f"{label:<12} {count:>9,} {100 * share:>6.1f} %", file=out)
    if any(label == "uncertain" and count for label, count, _ in counts.rows()):
        print(uncertain, file=out)
    for path in outputs:
        if str(path) != "-":
            print(f"wrote {path}", file=out)
    for note in [*summary.notes, *notes]:
        if note:
            print(f"ferbench: note: {utils.printable(note)}", file=sys.stderr)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
