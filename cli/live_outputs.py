"""Outputs of ``live``, ``image`` and ``video``: check the files that the user named, and create their sinks."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ferbench import utils
from ferbench.cli.live_options import ImageOptions, RunOptions
from ferbench.realtime import sinks as output
from ferbench.realtime import sources

if TYPE_CHECKING:
    from ferbench.realtime import FrequencySink, Pipeline, Sink, Source, VideoSink


def event_options(pipeline: Pipeline) -> dict[str, Any]:
    """Return what a file of events contains besides the fixed columns: key points, and mixtures of two emotions."""
    return {"point_names": pipeline.points.names if pipeline.points else (), "compound": pipeline.compound}


def requested_outputs(args: RunOptions) -> list[Path]:
    """Return the output files that the user named."""
    return [path for path in (args.output_video, args.events, args.summary) if path]


def text_stream(outputs: Sequence[Path | None]) -> TextIO:
    """Return the stream for the texts of a command: a table on standard output must not be mixed with them."""
    return sys.stderr if "-" in map(str, outputs) else sys.stdout


def check_video_outputs(args: RunOptions, source: str) -> None:
    """Raise ValueError or OSError for outputs of `live` and `video` that cannot be written."""
    if args.output_video:
        output.check_suffix(args.output_video, output.VIDEO_CODECS, "the video")
    if args.events:
        output.check_events(args.events)
    if args.summary:
        output.check_suffix(args.summary, output.PAGE_SUFFIXES, "the summary")
    if args.max_frames is not None and args.max_frames < 1:
        raise ValueError(f"--max-frames must be at least 1; got {args.max_frames}")
    utils.check_outputs(
        source, requested_outputs(args) + ([output.summary_table(args.summary)] if args.summary else [])
    )


def check_image_outputs(args: ImageOptions, given: Path) -> None:
    """Raise ValueError or OSError for outputs of `image` that cannot be written."""
    if args.output_csv and str(args.output_csv) != "-":
        output.check_suffix(args.output_csv, (".csv",), "the table")
    if args.events:
        output.check_events(args.events)
    files = [path for path in (args.output_csv, args.events) if path]
    if args.output_image and given.is_dir():
        _check_folder(args.output_image, given)
    elif args.output_image:
        output.check_suffix(args.output_image, output.IMAGE_OUTPUT_SUFFIXES, "the image")
        files.append(args.output_image)
    utils.check_outputs(given, files)


def image_output(path: Path | None, given: Path) -> Path | None:
    """Return where the annotated image goes: with one image and a folder, to a file of the image's name in it."""
    if path is None or not given.is_file() or (path.suffix and not path.is_dir()):
        return path
    known = given.suffix.lower() in output.IMAGE_OUTPUT_SUFFIXES
    return path / (given.name if known else f"{given.stem}.png")


def _check_folder(folder: Path, given: Path) -> None:
    if folder.suffix.lower() in output.IMAGE_OUTPUT_SUFFIXES or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"{folder}: {given} is a folder, so --output-image must also be a folder")
    if folder.resolve().is_relative_to(given.resolve()):
        where = "is" if folder.resolve() == given.resolve() else "lies in"
        raise ValueError(f"{folder}: {where} the input, which is never overwritten; choose another folder")


def video_sinks(args: RunOptions, source: Source, pipeline: Pipeline) -> tuple[list[Sink], FrequencySink]:
    """Create the sinks for the outputs of `live` and `video`, and the sink that counts labels."""
    classes = pipeline.recognizer.classes_
    counts = output.FrequencySink(None, classes)
    sinks: list[Sink] = [counts]
    if args.events:
        sinks.append(output.event_sink(args.events, classes, **event_options(pipeline)))
    if args.summary:
        # The file name only: the page may be published, and the path is private.
        title = source.name if source.live else Path(source.name).name
        names = {"detector": pipeline.detector.name, "points": pipeline.points.name if pipeline.points else ""}
        video = Path(source.name) if isinstance(source, sources.VideoFile) and not source.live else None
        sinks.append(output.SummarySink(args.summary, classes, title=title, video=video, **names))
    if args.output_video:
        sinks.append(_video_sink(args.output_video, source))
    return sinks, counts


def _video_sink(path: Path, source: Source) -> VideoSink:
    photos = isinstance(source, sources.PhotoSource)
    file = isinstance(source, sources.VideoFile)
    original = Path(source.name) if file and Path(source.name).is_file() and not source.live else None
    if original is not None and shutil.which("ffmpeg") is None:
        note = "ffmpeg is not installed, so the output has no sound; install ffmpeg to keep it"
        print(f"ferbench: note: {utils.printable(note)}", file=sys.stderr)
        original = None
    # 30 frames/s for cameras that do not report a rate; each photograph is shown for one second.
    fps = 1.0 if photos else source.steady_fps() if isinstance(source, sources.VideoFile) else source.fps or 30.0
    return output.VideoSink(path, fps=fps, real_time=source.live, sound_from=original)
