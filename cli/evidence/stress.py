"""``ferbench stress``: measure recognizers on corrupted images."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench import datasets
from ferbench.benchmarks import stress as stresses
from ferbench.cli.arguments import add_labels_option, command, given, told_steps
from ferbench.cli.evidence.bundle_names import folders_by_name


@dataclass(frozen=True, slots=True)
class StressOptions:
    """Arguments of `stress`."""

    model: list[str]
    source: str | None
    labels: str | None
    split: str | None
    limit: int | None
    output: Path
    results: Path
    reference: str | None
    seed: int
    rebuild: bool


def register_stress(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``stress``."""
    parser.description = (
        "Corrupt the test images in twelve ways at five severities and measure how much accuracy is left. "
        "The test part of drawn faces is used, and PublicTest of photographs; PrivateTest of these stays closed."
    )
    add = parser.add_argument
    add(
        "--model",
        action="append",
        default=[],
        metavar="BUNDLE",
        help="a recipe, a shipped model or a bundle's folder; can be given several times",
    )
    add("--source", metavar="PATH", help="data: a folder, zip or CSV, or 'faces' for drawn faces")
    add_labels_option(parser)
    add("--split", metavar="SPLIT", help="default: PrivateTest of drawn faces, else PublicTest")
    add("--limit", type=int, metavar="N", help="only N images of the split, at equal distances")
    add("--output", type=Path, default=Path("results/stress"), metavar="DIR", help="default: results/stress")
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="where recipes are looked up")
    add("--reference", metavar="NAME", help="errors are divided by those of this model (default: the first)")
    add("--seed", type=int, default=0, help="seed of noise and directions, and of drawn faces (default: 0)")
    add("--rebuild", action="store_true", help="only rebuild tables and plots from the records")
    parser.set_defaults(command=command(StressOptions, stress))


def stress(args: StressOptions) -> int:
    """Measure, write tables and plots, and print the summary."""
    sheet = None if args.rebuild else _measure(args)
    print(stresses.write_stress_report(args.output, reference=args.reference, sheet=sheet))
    print(f"report: {args.output / 'stress.md'}")
    return 0


def _measure(args: StressOptions) -> Any:
    if not args.model or args.source is None:
        raise ValueError("stress needs --model BUNDLE and --source PATH (or --rebuild)")
    bundles = folders_by_name(args.model, args.results)
    if args.reference is not None and args.reference not in bundles:
        raise ValueError(f"--reference {args.reference!r} is none of the models: {', '.join(bundles)}")
    dataset = datasets.load(args.source, seed=args.seed, **given(labels=args.labels))
    data = stresses.StressData.of(dataset, split=args.split, limit=args.limit)
    drawn = ", drawn, not real" if data.drawn else ""
    print(f"{data.name}: {len(data.images):,} images of {data.split}{drawn}")
    steps = 1 + len(stresses.CORRUPTIONS) * len(stresses.SEVERITIES)
    with told_steps(steps, unit="step", title="stress") as tell:
        stresses.run_stress(bundles, data, args.output, seed=args.seed, on_step=tell)
    # Pictures of a data set are never published; those of drawn faces are.
    return stresses.contact_sheet(data.images[:2], data.landmarks[:2], seed=args.seed) if data.drawn else None
