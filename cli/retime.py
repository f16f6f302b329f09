"""``ferbench retime``: measure the latency of all bundles of a results folder again, in one run."""

import argparse
from dataclasses import dataclass
from typing import Any

from ferbench import benchmarks
from ferbench.benchmarks import pages, retime, tasks
from ferbench.cli.arguments import command
from ferbench.utils import interrupt_on_terminate


@dataclass(frozen=True, slots=True)
class RetimeOptions:
    """Arguments of `retime`."""

    folder: str | None
    source: str | None
    only: list[str]
    rounds: int
    no_report: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``retime``."""
    parser.description = (
        "Measure the latency of all bundles of a results folder in turns, on one core and in one process, "
        "so that they can be compared. The times are written to timings/ in the folder; records are not changed. "
        "Run it on an idle machine."
    )
    add = parser.add_argument
    add("folder", nargs="?", metavar="RESULTS_FOLDER", help="such as results/faces (default: the only one in results)")
    add("--source", metavar="PATH", help="the measured data, to predict its validation images (default: drawn faces)")
    add("--only", nargs="+", action="extend", default=[], metavar="PATTERN", help="only cells like hog+* or *svm")
    add(
        "--rounds",
        type=int,
        default=retime.ROUNDS,
        metavar="N",
        help=f"turns of each bundle, ten calls each (default: {retime.ROUNDS})",
    )
    add("--no-report", action="store_true", help="leave the tables and plots as they are")
    parser.set_defaults(command=command(RetimeOptions, retime_bundles))


def retime_bundles(args: RetimeOptions) -> int:
    """Measure and print the latencies; return 1 if a bundle could not be measured."""
    folder = pages.find_results(args.folder)
    options: dict[str, Any] = {"only": args.only, "rounds": args.rounds}
    if args.source is not None:
        dataset = benchmarks.load_measured(folder, args.source)
        images = dataset.part(tasks.task_of(folder).validation)[0]
        options |= {"images": images, "images_from": str(dataset.name)}
    retiming = retime.Retiming(folder, **options)
    with interrupt_on_terminate():
        path, content = retiming.run()
    for cell_id, cell in content["cells"].items():
        latency = cell["latency_ms"]
        said = cell["reason"] if latency is None else f"{latency['median']:8.2f} ms, n = {latency['n']}"
        print(f"{cell_id:38} {said}")
    if not args.no_report:
        print(f"report: {benchmarks.rebuild_report(folder)[0]}")
    print(f"timings: {path}")
    return int(any(cell["status"] == "error" for cell in content["cells"].values()))
