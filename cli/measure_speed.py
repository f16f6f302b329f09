"""``ferbench measure-speed``: what extractors and classical recognizers cost, and how it grows with the data."""

import argparse
from pathlib import Path
from typing import Any

from ferbench.utils import interrupt_on_terminate


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "measure-speed",
        help="measure extractors and classifiers against the number of images",
        description="Measure images a second of each extractor on one core, fit and predict times of each classical "
        "recognizer at growing sizes, and the same written plainly; write tables and plots. Resumable. Wants a quiet "
        "machine.",
    )
    parser.add_argument("--source", metavar="PATH", help="data set with the official splits, such as fer2013.zip")
    parser.add_argument(
        "--output", type=Path, default=Path("results/speed"), metavar="DIR", help="default: results/speed"
    )
    parser.add_argument("--sizes", type=int, nargs="+", metavar="N", help="training images (1000 4000 16000 28709)")
    parser.add_argument("--extractors", nargs="*", metavar="NAME", help="default: all but those of networks")
    parser.add_argument("--classifiers", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--only", nargs="+", default=[], metavar="PATTERN", help="such as 'fit-svm-*' or 'plain-*'")
    parser.add_argument(
        "--limit", type=float, default=600.0, metavar="SECONDS", help="skip a fit expected to take longer (600)"
    )
    parser.add_argument("--force", action="store_true", help="measure again what was measured")
    parser.add_argument("--rebuild", action="store_true", help="measure nothing: write tables and plots from records")
    parser.set_defaults(command=measure_speed)


def measure_speed(args: argparse.Namespace) -> int:
    """Measure, write tables and plots, print the figures."""
    from ferbench.benchmarks.speed import write_speed_report

    failed = [] if args.rebuild else _measure(args)
    print(write_speed_report(args.output))
    for record in failed:
        print(f"failed: {record['name']}: {record['reason']}")
    print(f"report: {args.output / 'speed.md'}")
    return 1 if failed else 0


def _measure(args: argparse.Namespace) -> list[dict[str, Any]]:
    from tqdm import tqdm

    from ferbench.benchmarks.speed import SIZES, SpeedBench
    from ferbench.datasets import load

    if args.source is None:
        raise ValueError("measure-speed needs --source PATH (or --rebuild)")
    bench = SpeedBench(
        load(args.source),
        args.output,
        extractors=_extractors(args.extractors),
        classifiers=_classifiers(args.classifiers),
        sizes=args.sizes or SIZES,
        limit_s=args.limit,
        only=args.only,
        force=args.force,
    )
    with tqdm(total=len(bench.measurements), unit="measurement", desc="measure", disable=None) as bar:

        def tell(measurement: Any, record: Any) -> None:
            bar.set_postfix_str(f"{measurement.label}: {record['status']}")
            bar.update()

        # A terminated run ends as an interrupted one does, and takes the process that measures with it.
        with interrupt_on_terminate():
            records = bench.run(tell)
    return [record for record in records if record["status"] == "failed"]


def _extractors(names: list[str] | None) -> list[str]:
    from ferbench.features import BUILT_IN, make_extractor

    if names is None:
        return sorted(BUILT_IN)
    for name in names:
        make_extractor(name)
    return names


def _classifiers(names: list[str] | None) -> list[str]:
    from ferbench.models import MIRROR_VIEWS, classifier_steps

    # One takes the features of two views, and is measured as what it is without them.
    known = sorted(set(classifier_steps()) - {MIRROR_VIEWS})
    if names is None:
        return known
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"unknown classifier {unknown[0]!r}; expected one of {', '.join(known)}")
    return names
