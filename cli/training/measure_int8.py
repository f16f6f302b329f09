"""``ferbench measure-int8``: measure networks in 8-bit integers beside those in float32."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ferbench import datasets
from ferbench.benchmarks import int8
from ferbench.cli.arguments import command, distinct_name, find_model, is_listed

# The networks that ship in float32 throughout; `ferbench-quality` holds parts in 8 bits.
FLOAT32 = ("ferbench-net-l", "ferbench-net-xs")


@dataclass(frozen=True, slots=True)
class MeasureInt8Options:
    """Arguments of `measure-int8`."""

    source: str | None
    models: list[str] | None
    results: Path
    output: Path
    rounds: int
    latency: bool
    rebuild: bool


def register_int8(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Compare int8 networks with the float32 networks they come from: accuracy on PublicTest, equal "
        "labels, size, and latency on one core. PrivateTest is not used. Run it on an idle machine."
    )
    parser.add_argument("--source", metavar="PATH", help="the data set that the networks were trained on")
    parser.add_argument(
        "--models", nargs="+", metavar="NAME|BUNDLE", help="float32 networks (default: the shipped networks)"
    )
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="results folder in which to look up models"
    )
    parser.add_argument(
        "--output", type=Path, default=Path("results/int8"), metavar="DIR", help="default: results/int8"
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of the latency (default: 5)")
    parser.add_argument("--latency", action="store_true", help="measure only the latency again")
    parser.add_argument("--rebuild", action="store_true", help="only rebuild the tables from the record")
    parser.set_defaults(command=command(MeasureInt8Options, measure_int8))


def measure_int8(args: MeasureInt8Options) -> int:
    """Measure, write the tables and print them."""
    if not args.rebuild:
        _measure(args)
    print(int8.write_int8_report(args.output))
    print(f"report: {args.output / 'int8.md'}")
    return 0


def _measure(args: MeasureInt8Options) -> None:
    if args.source is None:
        raise ValueError("measure-int8 needs --source PATH, such as fer2013.zip (or --rebuild)")
    names = args.models or FLOAT32
    bundles = bundles_by_name(names, args.results)
    with tqdm(total=len(bundles) + args.rounds, desc="measure", unit="part", disable=None) as bar:
        int8.measure_int8(
            bundles,
            datasets.load(args.source),
            args.output,
            rounds=args.rounds,
            latency_only=args.latency,
            on_part=lambda name: bar.update(),
        )


def bundles_by_name(names: Sequence[str], results: Path) -> dict[str, Path]:
    """Return the folder of each network by a name of its own; one that is named twice is measured once."""
    found: dict[str, Path] = {}
    for name in names:
        path = find_model(name, results, live=False)
        if not is_listed(path, found):
            found[distinct_name(Path(name).name if "/" in name else name, path, found)] = path
    return found
