"""``ferbench tune``: search the parameters of a recipe on the validation split."""

import argparse
import shlex
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ferbench import datasets, models
from ferbench.benchmarks import tune as tuning
from ferbench.cli.arguments import DataOptions, add_data_options, command
from ferbench.utils import Interruption, interrupt_on_terminate

if TYPE_CHECKING:
    from ferbench.benchmarks.tune import Progress, Search


@dataclass(frozen=True, slots=True)
class TuneOptions(DataOptions):
    """Arguments of `tune`."""

    recipe: str
    source: str
    size: int
    output: str
    trials: int
    timeout: float | None
    subset: int | None
    metric: str
    space: str | None
    seed: int


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``tune``."""
    parser.description = (
        "Search the parameters of a recipe with Optuna: fit on Training, score on PublicTest. Run the same "
        "command again to continue an interrupted search, or with more trials to extend a finished one."
    )
    add = parser.add_argument
    add("recipe", metavar="RECIPE", help="such as hog+svm or cnn")
    add("--source", default="faces", metavar="PATH", help="data: a folder, zip or CSV (default: drawn faces)")
    add_data_options(parser)
    add("--size", type=int, default=48, metavar="PIXELS", help="height and width of the images (default: 48)")
    add("--output", default="results", metavar="DIR", help="folder for results (default: results)")
    add(
        "--trials",
        type=int,
        default=30,
        metavar="N",
        help="total number of trials, including earlier ones (default: 30)",
    )
    add("--timeout", type=float, metavar="SECONDS", help="start no new trial after this time")
    add("--subset", type=int, metavar="N", help="fit on a stratified sample of N training images, for a quick search")
    add("--metric", choices=("accuracy", "macro_f1"), default="accuracy", help="metric to maximize (default: accuracy)")
    add("--space", metavar="FILE", help="TOML file with the search space (default: the built-in one of the recipe)")
    add("--seed", type=int, default=0, metavar="N", help="seed of the search (default: 0)")
    parser.set_defaults(command=command(TuneOptions, tune))


def tune(args: TuneOptions) -> int:
    """Run a search; return 0 on success, 1 if every trial failed, 130 or 143 if interrupted."""
    with interrupt_on_terminate() as stop:
        try:
            return _tune(args)
        except KeyboardInterrupt:
            return _interrupted(args, stop)


def _interrupted(args: TuneOptions, stop: Interruption) -> int:
    print(
        f"\ninterrupted; finished trials are saved. Continue with: {shlex.join(_words(args))}",
        file=sys.stderr,
    )
    return stop.exit_code or 128 + signal.SIGINT


def _tune(args: TuneOptions) -> int:
    space, params = tuning.read_space(args.space) if args.space else (None, {})
    # Check everything else first, because reading the data takes time.
    tuning.resolve_space(models.get_recipe(args.recipe), space, params)
    if args.trials < 1:
        raise ValueError(f"--trials must be at least 1; got {args.trials}")
    dataset = datasets.load(args.source, size=args.size, **args.reading())
    options: dict[str, Any] = {"metric": args.metric, "subset": args.subset, "seed": args.seed}
    search = tuning.Search(args.recipe, dataset, args.output, space=space, params=params, **options)
    # The search keeps only Training and PublicTest in memory.
    del dataset
    return _report(search, _run(search, args), args)


def _run(search: "Search", args: TuneOptions) -> "Progress":
    seen: list[Progress] = []
    with tqdm(total=args.trials, unit="trial", disable=None, desc=f"tune {args.recipe}") as bar:

        def on_trial(progress: "Progress") -> None:
            before = len(seen[-1].records) if seen else len(progress.records)
            for record in progress.records[before:]:
                tqdm.write(_line(search, record))
            seen.append(progress)
            bar.update(len(progress.records) - bar.n)
            if best := progress.best:
                bar.set_postfix_str(f"best {best['value']:.4f}, trial {best['trial']}")
            tuning.write_tables(search, progress)

        try:
            return search.run(args.trials, args.timeout, on_trial=on_trial)
        finally:
            if seen:
                tuning.write_drawings(search, seen[-1])


def _line(search: "Search", record: dict[str, Any]) -> str:
    params = ", ".join(f"{name}={_short(value)}" for name, value in record["params"].items())
    start = f"trial {record['trial']:<4} {record['status']:7}"
    if record["status"] != "ok":
        return f"{start} {params}: {record['reason']}"
    notes = f" ({'; '.join(record['warnings'])})" if record["warnings"] else ""
    return f"{start} {search.metric} {record['value']:.4f}, {record['seconds']:.1f} s, {params}{notes}"


def _report(search: "Search", progress: "Progress", args: TuneOptions) -> int:
    best, records = progress.best, progress.records
    if best is None:
        reason = next(
            (record["reason"] for record in records if record["reason"]), "the time limit left no time for a trial"
        )
        print(f"ferbench: no trial succeeded: {reason}", file=sys.stderr)
        return 1
    counts = {status: sum(record["status"] == status for record in records) for status in ("ok", "pruned", "failed")}
    print(f"{len(records)} trials: " + ", ".join(f"{n} {status}" for status, n in counts.items() if n))
    print(f"best: {tuning.summary_line(search, best)}")
    if records[0]["status"] == "ok" and best["trial"]:
        print(f"recipe with its default parameters: {records[0]['value']:.4f}")
    for name, value in best["params"].items():
        print(f"  {name} = {_short(value)}")
    print("The best trial was selected on PublicTest, so its score there is slightly optimistic.")
    print(f"trials and plots: {search.folder}")
    print(
        "next: "
        + shlex.join(["ferbench", "run", str(search.folder / "best.toml"), "--source", args.source, *args.words()])
    )
    return 0


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _words(args: TuneOptions) -> list[str]:
    words = ["ferbench", "tune", args.recipe]
    defaults = {"source": "faces", "size": 48, "output": "results", "trials": 30, "metric": "accuracy", "seed": 0}
    for name in ("source", "size", "output", "trials", "timeout", "subset", "metric", "space", "seed"):
        if (value := getattr(args, name)) is not None and value != defaults.get(name):
            words += [f"--{name}", str(value)]
    return [*words, *args.words()]
