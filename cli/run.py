"""``ferbench run``: measure a suite and write its report."""

import argparse
import shlex
import signal
import sys
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ferbench import benchmarks
from ferbench.benchmarks import folds, store, tasks
from ferbench.benchmarks import run as runs
from ferbench.cli.arguments import DataOptions, add_data_options, command
from ferbench.cli.running import path_line, report_lines, shown, window_width
from ferbench.cli.verdict import verdict_lines
from ferbench.models import peers
from ferbench.utils import Interruption, fit_line, fit_text, interrupt_on_terminate, paint

if TYPE_CHECKING:
    from pathlib import Path

    from ferbench.benchmarks.run import Run, Step
    from ferbench.benchmarks.tasks import Task


@dataclass(frozen=True, slots=True)
class RunOptions(DataOptions):
    """Arguments of `run`."""

    suite: str
    source: str | None
    peer: list[str]
    contract: str | None
    trust: bool
    torch: str | None
    protocol: str | None
    test_source: list[str]
    seeds: int | None
    output: str
    only: list[str]
    force: bool
    retry_failed: bool
    refresh: bool
    dry_run: bool
    jobs: int
    executor: str
    no_report: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run``."""
    parser.description = "Fit and measure every recipe of a suite. Cells that are already measured are kept."
    add = parser.add_argument
    add("suite", nargs="?", default="faces", help="faces, fer2013 or a TOML file (default: faces)")
    add("--source", metavar="PATH", help="data: a folder, zip or CSV, or 'faces' for drawn faces")
    add_data_options(parser)
    add(
        "--protocol",
        metavar="NAME",
        help="how to divide the data: kfold:10, loso, holdout, random:10, curve:0.1,1, cross, official:shared",
    )
    add("--test-source", action="append", default=[], metavar="PATH", help="data that cross tests on; can be repeated")
    add("--seeds", type=int, metavar="N", help="measure each recipe with N seeds, those of the suite first")
    add(
        "--peer",
        action="append",
        default=[],
        metavar="NAME=PYTHON",
        help="measure another package, such as fer, in the interpreter where it is installed; may be repeated",
    )
    add("--contract", metavar="TOML", help="contract of the models in files, onnx:PATH (default: beside each model)")
    add("--trust", action="store_true", help="run the code of the TorchScript files of the suite, torchscript:PATH")
    add("--torch", metavar="PYTHON", help="interpreter that has PyTorch, for TorchScript files (default: this one)")
    add("--output", default="results", metavar="DIR", help="folder for results (default: results)")
    add(
        "--only",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATTERN",
        help="measure only these cells, such as hog+* or *svm",
    )
    add("--force", action="store_true", help="measure the chosen cells again, even successful ones")
    add("--retry-failed", action="store_true", help="measure failed cells again")
    add("--refresh", action="store_true", help="measure stale cells again, whose method has changed since")
    add("--dry-run", action="store_true", help="print what would be measured, and stop")
    add(
        "-j",
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="cells measured in parallel; they share the cores (default: 1)",
    )
    add("--executor", default="local", metavar="WHERE", help="local or dask://HOST:PORT (default: local)")
    add("--no-report", action="store_true", help="do not rebuild tables and plots")
    parser.set_defaults(command=command(RunOptions, run))


def run(args: RunOptions) -> int:
    """Run a suite; return 0 when all cells are ok, 1 when some failed, 130 or 143 when interrupted."""
    with interrupt_on_terminate() as stop:
        try:
            return _run(args)
        except KeyboardInterrupt:
            return _interrupted(args, stop)


def _interrupted(args: RunOptions, stop: Interruption) -> int:
    told, command = "interrupted; finished cells are saved. Continue with:", _command_to_go_on(args)
    # A command to copy is not broken, but it may have a line of its own.
    between = " " if fit_line(f"{told} {command}", sys.stderr) == f"{told} {command}" else "\n"
    print(f"\n{told}{between}{command}", file=sys.stderr)
    return stop.exit_code or 128 + signal.SIGINT


def _run(args: RunOptions) -> int:
    suite = runs.with_protocol(store.load_suite(args.suite), args.protocol, args.test_source)
    suite = replace(suite, options={**suite.options, **args.reading()})
    if args.seeds is not None:
        suite = store.with_seeds(suite, args.seeds)
    suite = _with_others(suite, args)
    source = args.source or suite.source
    if source is None:
        raise ValueError(f"suite {suite.name} names no data; add --source PATH (a folder, zip or CSV)")
    executor = None if args.dry_run else runs.make_executor(args.executor, args.jobs)
    task = tasks.get_task(suite.task)
    dataset = task.load(source, suite)
    again: dict[str, Any] = {"force": args.force, "retry_failed": args.retry_failed, "refresh": args.refresh}
    jobs = runs.make_runs(suite, dataset, args.output, task, only=args.only, **again)
    print(fit_text(_describe(jobs[0].dataset, task)))
    return max(_measure(job, args, executor) for job in jobs)


def _measure(job: "Run", args: RunOptions, executor: Any) -> int:
    """Run the cells of one results folder; return 1 if some failed."""
    if args.dry_run:
        _print_plan(job.plan())
        return 0
    print(fit_text(_gate(job)))
    # Packages differ in how they use several cores.
    with store.one_core() if store.has_peers(job.suite) else nullcontext():
        summary = _execute(job, executor)
    # Before the report, so that the verdict and the page are the last lines.
    for record in summary.failed:
        problem = fit_text(f"{record['status']}: {record['cell_id']}: {record['reason']}", sys.stderr)
        print(paint(problem, "red", sys.stderr), file=sys.stderr)
    if not args.no_report:
        _report(summary.root, job.dataset, job.task)
    return 1 if summary.failed else 0


def _with_others(suite: "store.Suite", args: RunOptions) -> "store.Suite":
    """Add peers and a contract to the suite, trust its TorchScript files, and print which peers are not measured."""
    interpreters = peers.parse_peers(args.peer)
    torch = {"torchscript": peers.check_interpreter("--torch", args.torch)} if args.torch else {}
    peers.set_interpreters({**interpreters, **torch})
    store.trust_models(suite, trust=args.trust)
    suite, notes = store.with_peers(suite, interpreters)
    for note in notes:
        print(fit_text(note))
    return suite if args.contract is None else store.with_contract(suite, args.contract)


def _execute(job: "Run", executor: Any) -> Any:
    with shown(job) as table:
        return job.execute(executor, on_plan=table.plan, on_start=table.start, on_record=table.record)


def _print_plan(steps: "list[Step]") -> None:
    for step in steps:
        print(fit_line(f"{step.action:6}{step.cell.cell_id:38} {step.why}"))
    print(f"{sum(step.action == 'run' for step in steps)} of {len(steps)} cells would be measured")


def _describe(dataset: Any, task: "Task") -> str:
    kind = "drawn faces, not real photographs" if dataset.drawn else "photographs"
    parts = ", ".join(f"{split} {n}" for split, n in task.counts(dataset)["counts"].items())
    return "\n".join([f"{dataset.name}: {len(dataset)} {kind} ({parts})", *map(str, dataset.notes)])


def _gate(job: "Run") -> str:
    """One line on whether the test split is opened."""
    if (protocol := job.suite.protocol) != "official":
        return f"protocol {protocol}: the test part of each fold is opened for its own cells; see ledger.csv"
    final = sum(map(job.is_final, job.chosen))
    if not final:
        return f"{job.task.test} stays closed: suite {job.suite.name} marks none of these cells as final"
    return f"{job.task.test} is opened for {final} of {len(job.chosen)} cells, which are final; see ledger.csv"


def _report(folder: "Path", dataset: Any, task: "Task") -> None:
    page, table = benchmarks.rebuild_report(folder, dataset=dataset)
    print(report_lines(folder, table))
    if dataset.drawn:
        print(fit_text("These are drawn faces, not real photographs: use the results only to compare methods."))
    if task.name == "expressions" and not folds.holds_folds(folder):
        print(verdict_lines(folder, window_width()))
    print(path_line("report", page))


def _command_to_go_on(args: RunOptions) -> str:
    words = ["ferbench", "run", args.suite]
    words += ["--source", args.source] if args.source else []
    words += [word for peer in args.peer for word in ("--peer", peer)]
    words += ["--contract", args.contract] if args.contract else []
    words += ["--trust"] if args.trust else []
    words += ["--torch", args.torch] if args.torch else []
    words += args.words()
    words += ["--protocol", args.protocol] if args.protocol else []
    words += [word for source in args.test_source for word in ("--test-source", source)]
    words += ["--seeds", str(args.seeds)] if args.seeds is not None else []
    words += ["--output", args.output] if args.output != "results" else []
    words += ["--jobs", str(args.jobs)] if args.jobs != 1 else []
    words += ["--executor", args.executor] if args.executor != "local" else []
    words += ["--refresh"] if args.refresh else []
    words += ["--only", *args.only] if args.only else []
    return shlex.join(words)
