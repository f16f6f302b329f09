"""``ferbench tune``: search a recipe's parameters on the validation part."""

import shlex
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferbench import datasets, models
from ferbench.benchmarks import tune as tuning
from ferbench.cli.options import command
from ferbench.utils import Interruption, interrupt_on_terminate

if TYPE_CHECKING:
    from ferbench.benchmarks.tune import Progress, Search


@dataclass(frozen=True, slots=True)
class TuneOptions:
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


def register(subparsers: Any) -> None:
    """Add ``tune`` to the command line."""
    parser = subparsers.add_parser(
        "tune",
        help="search a recipe's best parameters on the validation part",
        description="Search a recipe's parameters with Optuna: fitted on Training, scored on PublicTest. The same "
        "command goes on with a search that was interrupted, or adds trials to one that ended.",
    )
    add = parser.add_argument
    add("recipe", metavar="RECIPE", help="such as hog+svm or cnn")
    add("--source", default="faces", metavar="PATH", help="the data: a folder, zip or CSV (default: the drawn faces)")
    add("--size", type=int, default=48, metavar="PIXELS", help="height and width of the images (default: 48)")
    add("--output", default="results", metavar="DIR", help="where results go (default: results)")
    add("--trials", type=int, default=30, metavar="N", help="trials in all, earlier ones included (default: 30)")
    add("--timeout", type=float, metavar="SECONDS", help="begin no trial after so long")
    add("--subset", type=int, metavar="N", help="fit on N training images, a stratified part, to find out quickly")
    add("--metric", choices=("accuracy", "macro_f1"), default="accuracy", help="what is maximized (default: accuracy)")
    add("--space", metavar="FILE", help="TOML with what is varied, in place of what is built in for the recipe")
    add("--seed", type=int, default=0, metavar="N", help="seed of the search (default: 0)")
    parser.set_defaults(command=command(TuneOptions, tune))


def tune(args: TuneOptions) -> int:
    """Search; return 0 with a result, 1 when every trial failed, 130 or 143 when interrupted."""
    with interrupt_on_terminate() as stop:
        try:
            return _tune(args)
        except KeyboardInterrupt:
            return _interrupted(args, stop)


def _interrupted(args: TuneOptions, stop: Interruption) -> int:
    print(
        f"\ninterrupted; no finished trial is lost. Go on with: {shlex.join(_words(args))}",
        file=sys.stderr,
    )
    return stop.exit_code or 128 + signal.SIGINT


def _tune(args: TuneOptions) -> int:
    space, params = tuning.read_space(args.space) if args.space else (None, {})
    # Reading the data takes time: whatever is wrong with the rest is said before.
    tuning.resolve_space(models.get_recipe(args.recipe), space, params)
    if args.trials < 1:
        raise ValueError(f"--trials must be at least 1; got {args.trials}")
    dataset = datasets.load(args.source, size=args.size)
    options = {"metric": args.metric, "subset": args.subset, "seed": args.seed}
    search = tuning.Search(args.recipe, dataset, args.output, space=space, params=params, **options)
    # Nothing but Training and PublicTest is held from here on.
    del dataset
    return _report(search, _run(search, args), args)


def _run(search: "Search", args: TuneOptions) -> "Progress":
    from tqdm import tqdm

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
        reason = next((record["reason"] for record in records if record["reason"]), "there was no time for one")
        print(f"ferbench: no trial succeeded: {reason}", file=sys.stderr)
        return 1
    counts = {status: sum(record["status"] == status for record in records) for status in ("ok", "pruned", "failed")}
    print(f"{len(records)} trials: " + ", ".join(f"{n} {status}" for status, n in counts.items() if n))
    print(f"best: {tuning.summary_line(search, best)}")
    if records[0]["status"] == "ok" and best["trial"]:
        print(f"the recipe as it is: {records[0]['value']:.4f}")
    for name, value in best["params"].items():
        print(f"  {name} = {_short(value)}")
    print("The best of many is chosen on these images, so its score on them is somewhat too good.")
    print(f"trials and plots: {search.folder}")
    print("measure it: " + shlex.join(["ferbench", "run", str(search.folder / "best.toml"), "--source", args.source]))
    return 0


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _words(args: TuneOptions) -> list[str]:
    words = ["ferbench", "tune", args.recipe]
    defaults = {"source": "faces", "size": 48, "output": "results", "trials": 30, "metric": "accuracy", "seed": 0}
    for name in ("source", "size", "output", "trials", "timeout", "subset", "metric", "space", "seed"):
        if (value := getattr(args, name)) is not None and value != defaults.get(name):
            words += [f"--{name}", str(value)]
    return words
