"""``ferbench measure-transfer``: measure fine-tuning on few drawn faces with new labels."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ferbench.benchmarks import own
from ferbench.cli.arguments import command


@dataclass(frozen=True, slots=True)
class MeasureTransferOptions:
    """Arguments of `measure-transfer`."""

    output: Path
    sizes: list[int]
    seed: int
    rebuild: bool


def register_transfer(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Compare fine-tuning of the smallest network with training it from scratch and with a logistic "
        "regression on its features, on drawn faces with labels that it does not know. An interrupted measurement can "
        "be resumed."
    )
    parser.add_argument(
        "--output", type=Path, default=Path("results/transfer"), metavar="DIR", help="default: results/transfer"
    )
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[50, 200, 1000], metavar="N", help="default: 50 200 1000"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of faces and fits (default: 0)")
    parser.add_argument("--rebuild", action="store_true", help="only rebuild tables and plot from the records")
    parser.set_defaults(command=command(MeasureTransferOptions, measure_transfer))


def measure_transfer(args: MeasureTransferOptions) -> int:
    """Measure, write the tables and print them."""
    if not args.rebuild:
        with tqdm(desc="measure", unit="fit", disable=None) as bar:
            own.measure_transfer(args.output, sizes=args.sizes, seed=args.seed, on_part=lambda name: bar.update())
    print(own.write_transfer_report(args.output))
    print(f"report: {args.output / 'transfer.md'}")
    return 0
