"""``ferbench live``, ``image`` and ``video``: run a recognizer on a camera, a video or images."""

import argparse
from pathlib import Path
from typing import Any

from ferbench.cli import live_run
from ferbench.cli.arguments import add_priors_option, read_options
from ferbench.cli.live_options import ImageOptions, LiveOptions, VideoOptions
from ferbench.models import bundles
from ferbench.utils import redact


def register_live(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``live``."""
    parser.description = (
        "Show emotions live. Keys: q or Esc quits, space pauses, s saves a snapshot, m mirrors, p shows "
        "key points, 1 to 9 switch the model, h shows the keys. Only the output files that you name are stored."
    )
    parser.add_argument(
        "source",
        nargs="?",
        default="0",
        metavar="SOURCE",
        help="camera number, video, RTSP or HTTP stream, image, or folder of images (default: 0)",
    )
    _add_model(parser)
    parser.add_argument(
        "--models", nargs="+", metavar="NAME|BUNDLE", help="models for the keys 1 to 9 (default: all that are found)"
    )
    parser.add_argument("--no-window", action="store_true", help="open no window, only write files")
    parser.add_argument("--mirror", action="store_true", help="mirror the picture in the window, but not in files")
    parser.add_argument(
        "--snapshots",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="folder for snapshots (default: the current folder)",
    )
    _add_video_outputs(parser)
    parser.set_defaults(command=live)


def register_image(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``image``."""
    parser.description = (
        "Find the faces of an image or of a folder's images, draw boxes and labels, and count emotions."
    )
    parser.add_argument(
        "input", metavar="IN", help="an image, its address (https://…), - for standard input, or a folder of images"
    )
    _add_model(parser)
    parser.add_argument("--output-image", metavar="OUT", type=Path, help="annotated image; a folder if IN is a folder")
    parser.add_argument(
        "--output-csv", metavar="OUT.csv", type=Path, help="emotion counts: emotion,count,share; - for standard output"
    )
    parser.add_argument(
        "--events",
        metavar="OUT.jsonl|csv",
        type=Path,
        help="one row for each face: box, label, probabilities, points; - for JSON lines on standard output",
    )
    parser.add_argument("--strict", action="store_true", help="stop at an image that cannot be read (default: skip it)")
    parser.set_defaults(command=image)


def register_video(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``video``."""
    parser.description = (
        "Process every frame of a video. Write an annotated video, a table of events or an HTML summary."
    )
    parser.add_argument("input", metavar="IN", help="a video file, its URL, or - for standard input")
    _add_model(parser)
    _add_video_outputs(parser)
    parser.add_argument(
        "--rate", type=float, metavar="FPS", help="process at most this many frames per second of video"
    )
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="start at this second (default: 0)")
    parser.add_argument("--stop", type=float, metavar="S", help="stop at this second (default: end of the video)")
    parser.set_defaults(command=video)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        metavar="winner|NAME|BUNDLE",
        help="winner, a pretrained model, a recipe such as hog+svm, or a bundle's folder (default: winner)",
    )
    parser.add_argument(
        "--results",
        default="results",
        metavar="DIR",
        help="results folder in which to look up model names (default: results)",
    )
    parser.add_argument(
        "--detector", metavar="NAME", help="face detector: yunet, haar, dlib, mtcnn, or yunet:MODEL.onnx"
    )
    parser.add_argument(
        "--min-probability",
        type=float,
        metavar="P",
        help="show a label as uncertain below this probability (default: the bundle's threshold, else 0.4)",
    )
    add_points(parser, "also find 15 key points of each face, with the shipped model or with the given bundle")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of the models (default: 1)")
    add_provider(parser)
    add_priors_option(parser)
    parser.add_argument(
        "--compound",
        action="store_true",
        help="name mixtures of two emotions, such as happily surprised; derived, not measured",
    )


def add_provider(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--provider``."""
    parser.add_argument(
        "--provider",
        choices=tuple(bundles.PROVIDERS),
        default="cpu",
        help="where networks are computed, if the installed onnxruntime offers it (default: cpu)",
    )


def add_points(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the option ``--points``, whose value is optional."""
    parser.add_argument("--points", nargs="?", const=True, type=_key_points, metavar="BUNDLE", help=text)


def _key_points(text: str) -> str:
    """Return the path of a key-point bundle; refuse an input file written directly after ``--points``."""
    if text.isdecimal() or "://" in text or (Path(text).exists() and not (Path(text) / "bundle.json").exists()):
        shown = redact(text)
        raise argparse.ArgumentTypeError(
            f"{shown} is no key-point bundle; give the folder of a bundle. For the shipped model, write {shown} "
            f"before --points"
        )
    return text


def _add_video_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output-video", metavar="OUT", type=Path, help="annotated video: .mp4, .m4v, .mov, .mkv, .avi"
    )
    parser.add_argument(
        "--events",
        metavar="OUT.jsonl|csv",
        type=Path,
        help="one row for each face of each frame; - for JSON lines on standard output",
    )
    parser.add_argument(
        "--summary",
        metavar="OUT.html",
        type=Path,
        help="HTML page with timelines and seconds per emotion; also writes a CSV next to it",
    )
    parser.add_argument("--max-frames", type=int, metavar="N", help="stop after this many frames")
    parser.add_argument(
        "--smoothing",
        type=float,
        default=0.5,
        metavar="S",
        help="time constant of the smoothing in seconds; 0 turns it off (default: 0.5)",
    )
    parser.add_argument(
        "--detect-every",
        type=_every,
        default="auto",
        metavar="K",
        help="detect faces on every K-th frame and track them in between (default: auto)",
    )


def _every(text: str) -> Any:
    return text if text == "auto" else int(text)


def live(args: argparse.Namespace) -> int:
    """Show a source in a window and write the requested files."""
    return live_run.run_live(read_options(LiveOptions, args))


def image(args: argparse.Namespace) -> int:
    """Annotate one image or a folder of them."""
    return live_run.run_image(read_options(ImageOptions, args))


def video(args: argparse.Namespace) -> int:
    """Annotate a video."""
    return live_run.run_video(read_options(VideoOptions, args))
