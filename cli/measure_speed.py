"""``ferbench measure-speed``: measure time of extractors and classical recognizers against data size."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ferbench import datasets, features, models
from ferbench.benchmarks import speed
from ferbench.cli.arguments import DataOptions, add_data_options, command
from ferbench.utils import interrupt_on_terminate


@dataclass(frozen=True, slots=True)
class MeasureSpeedOptions(DataOptions):
    """Arguments of `measure-speed`."""

    source: str | None
    output: Path | None
    sizes: list[int] | None
    scale: list[int] | None
    extractors: list[str] | None
    classifiers: list[str] | None
    only: list[str]
    limit: float
    force: bool
    rebuild: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Measure the throughput of each extractor on one core, and the fit and predict times of each "
        "classical recognizer for growing training sets, also for a plain reference implementation. "
        "Write tables and plots. An interrupted measurement can be resumed. Run it on an idle machine."
    )
    parser.add_argument("--source", metavar="PATH", help="data set with the official splits, such as fer2013.zip")
    add_data_options(parser)
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="default: results/speed, with --scale results/scale",
    )
    parser.add_argument(
        "--sizes", type=int, nargs="+", metavar="N", help="numbers of training images (default: 1000 4000 16000 28709)"
    )
    parser.add_argument(
        "--scale",
        type=int,
        nargs="+",
        metavar="N",
        help="instead measure whole fits, block by block, on so many drawn faces: time and peak memory",
    )
    parser.add_argument("--extractors", nargs="*", metavar="NAME", help="default: all except those of networks")
    parser.add_argument("--classifiers", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="PATTERN", help="measure only these, such as 'fit-svm-*' or 'plain-*'"
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="skip a fit that is expected to take longer (default: 600)",
    )
    parser.add_argument("--force", action="store_true", help="repeat existing measurements")
    parser.add_argument("--rebuild", action="store_true", help="only rebuild tables and plots from the records")
    parser.set_defaults(command=command(MeasureSpeedOptions, measure_speed))


def measure_speed(args: MeasureSpeedOptions) -> int:
    """Measure, write tables and plots, and print the results."""
    kind = "speed" if args.scale is None else "scale"
    output = args.output or Path("results") / kind
    if args.scale is None:
        failed = [] if args.rebuild else _measure(args, output)
        print(speed.write_speed_report(output))
    else:
        failed = [] if args.rebuild else _measure_scale(args, output)
        print(speed.write_scale_report(output))
    for record in failed:
        print(f"failed: {record['name']}: {record['reason']}")
    print(f"report: {output / f'{kind}.md'}")
    return 1 if failed else 0


def _measure_scale(args: MeasureSpeedOptions, output: Path) -> list[dict[str, Any]]:
    if args.source is not None:
        raise ValueError("--scale measures on drawn faces; leave --source out")
    bench = speed.ScaleBench(output, args.scale or (), limit_s=args.limit, force=args.force)
    with interrupt_on_terminate():
        records = bench.run(lambda label, record: print(f"{label}: {record['status']}", flush=True))
    return [record for record in records if record["status"] != "ok"]


def _measure(args: MeasureSpeedOptions, output: Path) -> list[dict[str, Any]]:
    if args.source is None:
        raise ValueError("measure-speed needs --source PATH (or --rebuild)")
    # Names are checked before the data are read, which can take long.
    chosen = {"extractors": _extractors(args.extractors), "classifiers": _classifiers(args.classifiers)}
    bench = speed.SpeedBench(
        datasets.load(args.source, **args.reading()),
        output,
        **chosen,
        sizes=args.sizes or speed.SIZES,
        limit_s=args.limit,
        only=args.only,
        force=args.force,
    )
    with tqdm(total=len(bench.measurements), unit="measurement", desc="measure", disable=None) as bar:

        def tell(measurement: Any, record: Any) -> None:
            bar.set_postfix_str(f"{measurement.label}: {record['status']}")
            bar.update()

        # SIGTERM must also end the child process that measures, as Ctrl-C does.
        with interrupt_on_terminate():
            records = bench.run(tell)
    return [record for record in records if record["status"] == "failed"]


def _extractors(names: list[str] | None) -> list[str]:
    if names is None:
        return sorted(features.BUILT_IN)
    for name in names:
        features.make_extractor(name)
    return names


def _classifiers(names: list[str] | None) -> list[str]:
    # MIRROR_VIEWS is the same classifier on the features of two views, so measuring it once is enough.
    known = sorted(set(models.classifier_steps()) - {models.MIRROR_VIEWS})
    if names is None:
        return known
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"unknown classifier {unknown[0]!r}; expected one of {', '.join(known)}")
    return names
