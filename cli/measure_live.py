"""``ferbench measure-live``: measure speed, latency, detected faces and memory of the live system."""

import argparse
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ferbench import models as shipped
from ferbench import realtime
from ferbench.benchmarks import choose
from ferbench.benchmarks import live as bench
from ferbench.cli.arguments import command
from ferbench.models import peers
from ferbench.realtime import measure as parts


@dataclass(frozen=True, slots=True)
class MeasureLiveOptions:
    """Arguments of `measure-live`."""

    clip: Path | None
    photos: Path | None
    output: Path
    results: Path
    detectors: list[str] | None
    models: list[str] | None
    only: list[str]
    rounds: int
    soak: int | None
    fer: str | None
    peer: list[str]
    rebuild: bool
    sizes: bool
    timing: bool
    changes: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Measure detectors and models on a clip, on enlarged versions of it, and on group pictures "
        "composed of photographs. Write tables and plots. Run it on an idle machine."
    )
    parser.add_argument("--clip", type=Path, metavar="PATH", help="a video of one talking person")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="close-up photographs with one face each")
    parser.add_argument(
        "--output", type=Path, default=Path("results/live"), metavar="DIR", help="default: results/live"
    )
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="results folder in which to look up models"
    )
    parser.add_argument(
        "--detectors",
        nargs="+",
        metavar="NAME",
        default=None,
        help="detectors, the default one first (default: yunet haar dlib, and mtcnn if installed); also yunet:PATH",
    )
    parser.add_argument(
        "--models",
        nargs="+",
        metavar="NAME|BUNDLE",
        help="models, the default one first (default: the shipped models)",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="PATTERN",
        help="measure only these, such as 'stream-640*' or 'start-*'",
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="number of interleaved rounds (default: 3)")
    parser.add_argument("--soak", type=int, metavar="FRAMES", help="only loop over the clip for this many frames")
    parser.add_argument("--fer", metavar="PYTHON", help="the same as --peer fer=PYTHON")
    parser.add_argument(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help="measure another package in the interpreter where it is installed; may be repeated",
    )
    parser.add_argument("--rebuild", action="store_true", help="only rebuild tables and plots from the records")
    parser.add_argument(
        "--sizes", action="store_true", help="only count the faces found in the photographs at 200 to 4,000 pixels"
    )
    parser.add_argument(
        "--timing", action="store_true", help="only measure the timing of annotated videos of several rates"
    )
    parser.add_argument(
        "--changes", action="store_true", help="only count labels that stay on tilted, dark and gray photographs"
    )
    parser.set_defaults(command=command(MeasureLiveOptions, measure_live))


def measure_live(args: MeasureLiveOptions) -> int:
    """Measure, write tables and plots, and print measured values against their targets."""
    if args.sizes or args.timing or args.changes:
        return _measure_parts(args)
    if not args.rebuild:
        failed = _measure(args)
        for name, reason in failed:
            print(f"failed: {name}: {reason}")
    print(bench.write_live_report(args.output))
    print(f"report: {args.output / 'live.md'}")
    return 1 if not args.rebuild and failed else 0


def _measure_parts(args: MeasureLiveOptions) -> int:
    if (args.sizes or args.changes) and args.photos is None:
        raise ValueError("--sizes and --changes need --photos FOLDER")
    found = _detectors(args.detectors)
    pages = []
    if args.sizes:
        detectors = {shown: realtime.make_detector(name) for shown, name in found.items()}
        pages.append(parts.write_faces_table(args.output, parts.count_faces(args.photos or "", detectors)))
    if args.timing:
        pages.append(parts.write_timing_table(args.output, parts.measure_timing()))
    if args.changes:
        model = next(iter(_models(args.models, args.results).items()))
        detector = next(iter(found.items()))
        recognizer = realtime.Recognizer.load(model[1], detector=detector[1])
        rows = parts.count_kept_labels(args.photos or "", recognizer)
        pages.append(parts.write_changes_table(args.output, rows, model=model[0], detector=detector[0]))
    for page in pages:
        print(f"report: {page}")
    return 0


def _measure(args: MeasureLiveOptions) -> list[tuple[str, str]]:
    if args.clip is None or args.photos is None:
        raise ValueError("measure-live needs --clip VIDEO and --photos FOLDER (or --rebuild)")
    measuring = bench.LiveBench(
        args.clip,
        args.photos,
        detectors=_detectors(args.detectors),
        models=_models(args.models, args.results),
        output=args.output,
        peers=peers.parse_peers([*args.peer, *([f"fer={args.fer}"] if args.fer else [])]),
        only=args.only,
        rounds=args.rounds,
        soak=args.soak,
    )
    with tqdm(total=measuring.n_children, unit="process", desc="measure", disable=None) as bar:

        def tell(config: Any, said: Any) -> None:
            bar.set_postfix_str(config.name)
            bar.update()

        records = measuring.run(tell)
    return [(record["name"], record["reason"]) for record in records if record["status"] != "ok"]


def _detectors(names: list[str] | None) -> dict[str, str]:
    """Map the displayed name of each detector, without paths, to the name that selects it."""
    if names is None:
        names = ["yunet", "haar", "dlib", *(["mtcnn"] if find_spec("mtcnn") else [])]
    return {name.partition(":")[0]: name for name in names}


def _models(names: list[str] | None, results: Path) -> dict[str, str]:
    found = {name: str(choose.find_bundle(name, results)) for name in names or shipped.pretrained()}
    if not found:
        raise FileNotFoundError("no pretrained model is installed; name bundles with --models")
    return {_shown(name): path for name, path in found.items()}


def _shown(name: str) -> str:
    """Return the displayed name of a model: today's name of what ships, and of a folder the recipe stored in it."""
    info = Path(name) / "bundle.json"
    if not info.is_file():
        return shipped.bundle_name(name)
    return str(json.loads(info.read_text()).get("recipe", {}).get("name") or Path(name).name)
