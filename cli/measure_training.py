"""``ferbench measure-training``: measure the training speed of networks and their time to an accuracy."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ferbench import datasets, models
from ferbench.benchmarks import store, training
from ferbench.cli.arguments import DataOptions, add_data_options, command

RECIPES = ("ferbench-net-m@fast", "ferbench-net-l", "ferbench-net-m", "ferbench-net-xs", "cnn-4conv")


@dataclass(frozen=True, slots=True)
class MeasureTrainingOptions(DataOptions):
    """Arguments of `measure-training`."""

    source: str | None
    recipes: list[str]
    suite: str
    recipe: str
    target: float
    steps: int
    rounds: int
    results: Path
    output: Path
    rebuild: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Measure the input pipeline and some training steps of each network. For comparison, also "
        "train the four-convolution network with Keras' ImageDataGenerator in float32. Combine the times with recorded "
        "learning curves. Takes a few minutes on an idle machine."
    )
    parser.add_argument("--source", metavar="PATH", help="FER2013 as folder, zip or CSV")
    parser.add_argument(
        "--recipes", nargs="+", default=list(RECIPES), metavar="NAME", help=f"default: {' '.join(RECIPES)}"
    )
    parser.add_argument(
        "--suite", default="fer2013", metavar="NAME", help="suite with the parameters of the recipes (default: fer2013)"
    )
    parser.add_argument(
        "--recipe",
        default=RECIPES[0],
        metavar="NAME",
        help=f"recipe to compare with the tutorials' training loop (default: {RECIPES[0]})",
    )
    parser.add_argument("--target", type=float, default=0.65, metavar="SHARE", help="accuracy to reach (default: 0.65)")
    parser.add_argument(
        "--steps", type=int, default=48, metavar="N", help="training steps per measurement (default: 48)"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="measurements per network (default: 3)")
    parser.add_argument(
        "--results",
        type=Path,
        default=Path("results/fer2013"),
        metavar="DIR",
        help="folder of the records (default: results/fer2013)",
    )
    add_data_options(parser)
    parser.add_argument(
        "--output", type=Path, default=Path("results/training"), metavar="DIR", help="default: results/training"
    )
    parser.add_argument("--rebuild", action="store_true", help="only rebuild the tables from the records")
    parser.set_defaults(command=command(MeasureTrainingOptions, measure_training))


def measure_training(args: MeasureTrainingOptions) -> int:
    """Measure, write the tables and print the results."""
    if not args.rebuild:
        _measure(args)
    print(training.write_training_report(args.output, args.results))
    print(f"report: {args.output / 'training.md'}")
    return 0


def _measure(args: MeasureTrainingOptions) -> None:
    if args.source is None:
        raise ValueError("measure-training needs --source PATH, such as fer2013.zip (or --rebuild)")
    suite = store.load_suite(args.suite)
    dataset = datasets.load(args.source, size=suite.size, seed=suite.dataset_seed, **args.reading())
    # A suite names its parameters by today's names of the recipes.
    names = [models.recipe_name(name) for name in args.recipes]
    params = {name: suite.params.get(name, {}) for name in names}
    with tqdm(total=1 + args.rounds * (len(params) + 1), desc="measure", unit="part", disable=None) as bar:
        training.measure_training_speed(
            dataset,
            params,
            args.output,
            compared=models.recipe_name(args.recipe),
            target=args.target,
            steps=args.steps,
            rounds=args.rounds,
            on_part=lambda name: bar.update(),
        )
