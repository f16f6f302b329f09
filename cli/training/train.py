"""``ferbench train``: fit a recipe on one's own faces, and save it as a bundle."""

import argparse
import contextlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ferbench import datasets
from ferbench.benchmarks import choose, own
from ferbench.cli.arguments import add_labels_option, command, given
from ferbench.datasets import protocols
from ferbench.models import bundles
from ferbench.utils import printable

HELP = """Fit a recipe once on the training part of your faces, choose on the validation part, print the accuracy and
write a bundle that live, image, video, serve and predict can use. The labels are those of the data: a folder
my-faces/LABEL/… is enough, and parts that are missing are drawn from it. With --from, a network starts from trained
weights (fine-tuning). The bundle gets a temperature, and the threshold below which an answer is uncertain: on the
validation part, 80 % of the answers are certain."""


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Arguments of `train`."""

    recipe: str
    source: str
    output: Path
    start: str | None
    labels: str | None
    size: int
    seed: int
    epochs: int | None
    test: bool
    no_calibrate: bool


def register_train(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``train``."""
    parser.description = HELP
    add = parser.add_argument
    add("recipe", metavar="RECIPE", help="such as hog+svm or ferbench-net-xs (ferbench list recipes)")
    add(
        "--source", required=True, metavar="PATH", help="labeled faces: a folder, zip or CSV, or 'faces' for drawn ones"
    )
    add("--output", required=True, type=Path, metavar="FOLDER", help="bundle to create; never replaced")
    add("--from", dest="start", metavar="BUNDLE", help="start from the weights of a bundle of the same recipe")
    add_labels_option(parser)
    add("--size", type=int, default=48, metavar="PIXELS", help="side of the images (default: 48)")
    add("--seed", type=int, default=0, metavar="N", help="seed of the fit and of drawn parts (default: 0)")
    add("--epochs", type=int, metavar="N", help="epochs of a network (default: those of the recipe)")
    add("--test", action="store_true", help="also score the test part; open it once, when all choices are made")
    add("--no-calibrate", action="store_true", help="leave the probabilities as they are, without a threshold")
    parser.set_defaults(command=command(TrainOptions, train))


def train(args: TrainOptions) -> int:
    """Train, print the accuracy, and say how to use the bundle."""
    if args.output.exists():
        raise ValueError(f"{args.output} exists and is not replaced; choose another folder, or remove it")
    dataset = datasets.load(args.source, size=args.size, seed=args.seed, **given(labels=args.labels))
    counts = {split: int((dataset.split == split).sum()) for split in datasets.SPLITS}
    print(
        f"{dataset.name}: {counts['Training']:,} images to train on, {counts['PublicTest']:,} to validate, "
        f"{counts['PrivateTest']:,} to test; labels {', '.join(dataset.label_names)}"
    )
    _warn_of_shared_people(dataset)
    print("".join(f"{printable(note)}\n" for note in dataset.notes), end="")
    parameters = given(epochs=args.epochs)
    with _progress(args, parameters) as (on_step, on_epoch):
        trained = own.train_bundle(
            args.recipe,
            dataset,
            args.output,
            start=args.start,
            parameters=parameters,
            seed=args.seed,
            test=args.test,
            calibrate=None if args.no_calibrate else choose.COVERAGE,
            on_step=on_step,
            on_epoch=on_epoch,
        )
    if trained.recipe != args.recipe:
        print(f"{args.recipe} is the former name of the network of {args.start}: {trained.recipe} was trained")
    print(trained.text())
    if text := bundles.uncertain_text(bundles.read_description(args.output)) or trained.uncalibrated:
        print(text)
    if not args.test:
        print("the test part was not opened; when all choices are made, train once more with --test")
    print(f"wrote {args.output}; try it: ferbench live --model {args.output}")
    return 0


def _warn_of_shared_people(dataset: "datasets.Dataset") -> None:
    """Warn in one line where parts that the source gives share people; parts that are drawn here do not."""
    if shared := protocols.shared_people(dataset.split, dataset.groups):
        told = ", ".join(sentence.removesuffix(".") for sentence in shared)
        text = f"{told}: their accuracy is too high; give the images without parts, and they are divided by person"
        warnings.warn(text, UserWarning, stacklevel=3)


@contextlib.contextmanager
def _progress(args: TrainOptions, parameters: dict[str, Any]) -> Iterator[tuple[Callable[[str], None], Any]]:
    """Show a bar over the epochs of a network, or over the three steps of another recipe."""
    with tqdm(desc="train", unit="step", disable=None, total=3) as bar:

        def on_step(name: str) -> None:
            bar.set_description(f"{args.recipe}: {name}")
            bar.update(int(name != "fit"))

        def on_epoch(epoch: int, figures: Any) -> None:
            bar.set_postfix_str(f"epoch {epoch}, validation accuracy {figures.get('val_accuracy', float('nan')):.3f}")

        yield on_step, on_epoch
        bar.update()
