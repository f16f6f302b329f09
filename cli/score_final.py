"""``ferbench score-final``: open the test split for recipes whose choice is final."""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench import benchmarks
from ferbench.benchmarks import run as runs
from ferbench.benchmarks import tasks
from ferbench.cli.arguments import DataOptions, add_data_options, command

if TYPE_CHECKING:
    from ferbench.benchmarks.run import Step


@dataclass(frozen=True, slots=True)
class ScoreFinalOptions(DataOptions):
    """Arguments of `score-final`."""

    suite: str
    source: str | None
    output: str
    only: list[str]
    again: bool
    dry_run: bool
    no_report: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``score-final``."""
    parser.description = (
        "Score measured recipes that a suite marks as final on PrivateTest (of key points: on Test). "
        "Nothing is fitted. Each opening is appended to ledger.csv in the results folder, which the page shows."
    )
    add = parser.add_argument
    add("suite", metavar="SUITE", help="a suite's name, a TOML file, or a results folder such as results/fer2013")
    add("--source", metavar="PATH", help="the data that was measured: a folder, zip or CSV")
    add_data_options(parser)
    add("--output", default="results", metavar="DIR", help="where results lie (default: results)")
    add("--only", nargs="+", action="extend", default=[], metavar="PATTERN", help="only cells like hog+* or *svm")
    add("--again", action="store_true", help="open it once more for cells for which it was opened already")
    add("--dry-run", action="store_true", help="say what would be opened, and stop")
    add("--no-report", action="store_true", help="leave the tables and plots as they are")
    parser.set_defaults(command=command(ScoreFinalOptions, score_final))


def score_final(args: ScoreFinalOptions) -> int:
    """Score the final cells; return 0 when all answered, 1 when some did not."""
    suite, folder = runs.find_suite(args.suite)
    source = args.source or suite.source
    if source is None:
        raise ValueError(f"suite {suite.name} names no data; add --source PATH (a folder, zip or CSV)")
    task = tasks.get_task(suite.task)
    dataset = task.load(source, replace(suite, options={**suite.options, **args.reading()}))
    output = args.output if folder is None else folder.resolve().parents[1 if task.folder else 0]
    if folder is not None and dataset.name != folder.resolve().name:
        raise ValueError(f"{source}: its data set is named {dataset.name}, but {folder} holds {folder.resolve().name}")
    scoring = runs.FinalScoring(suite, dataset, output, only=args.only, again=args.again)
    if args.dry_run:
        _say_plan(scoring.plan())
        return 0
    summary = scoring.execute(on_plan=_say_plan, on_record=_say)
    if not args.no_report:
        page, table = benchmarks.rebuild_report(summary.root, dataset=dataset)
        print(benchmarks.report_of(task).text(table))
        print(f"report: {page}")
    print(f"ledger: {Path(summary.root) / 'ledger.csv'}")
    return 1 if summary.failed else 0


def _say_plan(steps: "list[Step]") -> None:
    for step in steps:
        print(f"{'open' if step.action == 'run' else 'keep':6}{step.cell.cell_id:38} {step.why}")


def _say(record: dict[str, Any]) -> None:
    if record["status"] == "ok":
        print(f"scored {record['cell_id']} on {record['split']}")
    else:
        print(f"{record['status']}: {record['cell_id']}: {record['reason']}", file=sys.stderr)
