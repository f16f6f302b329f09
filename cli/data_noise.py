"""``ferbench data noise``: find labels that are probably wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench import datasets
from ferbench.benchmarks import label_noise
from ferbench.cli.options import command

DEFAULT = ("hog+logreg", "landmarks+logreg")


@dataclass(frozen=True, slots=True)
class NoiseOptions:
    """Arguments of `data noise`."""

    source: str
    recipe: list[str]
    folds: int
    output: Path
    faces: bool
    labels: str | None
    seed: int
    flip: float


def register(actions: Any) -> None:
    """Add ``noise`` to the actions of ``data``."""
    parser = actions.add_parser(
        "noise",
        help="find labels that are probably wrong, and the ceiling that they put on accuracy",
        description="Predict each image of Training and PublicTest by fits without it, and find by confident learning "
        "which labels are probably wrong. PrivateTest stays closed.",
    )
    add = parser.add_argument
    add("source", help="folder of labeled images, zip of one, FER2013 CSV, or 'faces' for the drawn faces")
    add(
        "--recipe",
        action="append",
        default=[],
        metavar="NAME",
        help=f"recipe to predict with; can be given several times (default: {' and '.join(DEFAULT)})",
    )
    add("--folds", type=int, default=5, metavar="N", help="fits for each recipe (default: 5)")
    add("--output", type=Path, default=Path("noise"), metavar="DIR", help="folder for the pages (default: noise)")
    add(
        "--no-faces",
        dest="faces",
        action="store_false",
        help="write neither ids nor faces, so that the pages may be published",
    )
    add("--labels", metavar="MAP", help="new labels: anger=angry,contempt=drop, or a TOML file of such lines")
    add("--seed", type=int, default=0, help="seed of the folds and of drawn faces (default: 0)")
    add(
        "--flip",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="flip this share of the labels first, and say how many of the flips are found (default: 0)",
    )
    parser.set_defaults(command=command(NoiseOptions, noise))


def noise(args: NoiseOptions) -> int:
    """Find suspicious labels, write the pages, and print the summary."""
    from tqdm import tqdm

    recipes = args.recipe or list(DEFAULT)
    label_noise.check_recipes(recipes)
    options = {} if args.labels is None else {"labels": args.labels}
    dataset = datasets.load(args.source, seed=args.seed, **options)
    with tqdm(total=len(recipes) * max(args.folds, 1), unit="fit", desc="noise", disable=None) as bar:

        def tell(text: str) -> None:
            bar.set_postfix_str(text)
            bar.update()

        findings = label_noise.find_noise(
            dataset, recipes, n_folds=args.folds, seed=args.seed, flip=args.flip, on_fold=tell
        )
    print(label_noise.write_noise_report(findings, args.output, faces=args.faces))
    print(f"report: {args.output / 'noise.md'}")
    return 0
