"""``ferbench explain``: what recognizers look at, on one image or on average over a data set."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ferbench import benchmarks, datasets, models
from ferbench.benchmarks import explain as explaining
from ferbench.benchmarks import folds, pages, tasks
from ferbench.benchmarks import stress as stresses
from ferbench.cli.arguments import add_labels_option, command, given, told_steps
from ferbench.cli.evidence.bundle_names import folders_by_name
from ferbench.models.bundles import DEFAULT_FLOAT32
from ferbench.utils import pictures

if TYPE_CHECKING:
    from ferbench.datasets import Dataset
    from ferbench.models import LoadedBundle


@dataclass(frozen=True, slots=True)
class ExplainOptions:
    """Arguments of `explain`."""

    image: str | None
    model: list[str]
    source: str | None
    suite: str | None
    labels: str | None
    limit: int | None
    per_label: int | None
    output: Path | None
    results: Path
    seed: int


def register_explain(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``explain``."""
    parser.description = (
        "With an image of one cropped face: write a page with what the answer depends on, and with "
        "--source the nearest training images. Without an image: write the mean maps of each label of --source, which "
        "hold averages only. With --suite they are stored beside its results, and 'ferbench report' "
        "draws them. PrivateTest of photographs stays closed."
    )
    add = parser.add_argument
    add("image", nargs="?", metavar="IMAGE", help="image of one cropped face; without it, mean maps of --source")
    add(
        "--model",
        action="append",
        default=[],
        metavar="BUNDLE",
        help="a recipe, a shipped model or a bundle's folder; can be given several times (default: the shipped one)",
    )
    add("--source", metavar="PATH", help="training data: a folder, zip or CSV, or 'faces' for drawn faces")
    add(
        "--suite",
        metavar="RESULTS_FOLDER",
        help="store the mean maps of PublicTest in this folder, such as results/fer2013; --source is its data set",
    )
    add_labels_option(parser)
    add("--limit", type=int, metavar="N", help="only N images of the part that is looked at, at equal distances")
    add("--per-label", type=int, metavar="N", help="mean maps: at most N images of each label, drawn at random")
    add(
        "--output",
        type=Path,
        metavar="PATH",
        help="page, or folder of mean maps (default: explain.html, results/explain)",
    )
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="where recipes are looked up")
    add("--seed", type=int, default=0, help="seed of drawn faces and of --per-label (default: 0)")
    parser.set_defaults(command=command(ExplainOptions, explain))


def explain(args: ExplainOptions) -> int:
    """Explain an image or a data set."""
    if args.suite is not None:
        _check_suite_options(args)
    if args.image is None and args.source is None:
        raise ValueError("explain needs an IMAGE, or --source PATH for mean maps of a data set")
    folders = folders_by_name(args.model or [DEFAULT_FLOAT32], args.results)
    bundles = {name: models.load_bundle(folder) for name, folder in folders.items()}
    if args.image is not None:
        return _explain_image(args, bundles)
    if args.suite is not None:
        return _explain_suite(args, bundles)
    data = stresses.StressData.of(_load(args), limit=args.limit, per_label=args.per_label, seed=args.seed)
    folder = args.output or Path("results/explain")
    with told_steps(len(bundles), unit="model", title="explain") as tell:
        summary = explaining.write_mean_maps(bundles, data, folder, on_step=tell)
    print(summary)
    print(f"report: {folder / 'explain.md'}")
    return 0


def _check_suite_options(args: ExplainOptions) -> None:
    """Raise ValueError for options that do not go with ``--suite``."""
    if args.source is None:
        raise ValueError("--suite needs --source PATH, the data set that 'ferbench run' was given")
    wrong = {"IMAGE": args.image, "--labels": args.labels, "--limit": args.limit, "--output": args.output}
    if given_too := [name for name, value in wrong.items() if value is not None]:
        raise ValueError(
            f"--suite cannot be combined with {given_too[0]}: it takes PublicTest as the suite has it; "
            "--per-label N draws fewer images"
        )


def _explain_suite(args: ExplainOptions, bundles: "dict[str, LoadedBundle]") -> int:
    """Store mean maps beside the results of a suite."""
    root = pages.find_results(args.suite)
    if tasks.task_of(root).name != "expressions" or folds.holds_folds(root):
        raise ValueError(f"{root}: --suite is for expressions with a PublicTest; this folder has key points or folds")
    dataset = benchmarks.load_measured(root, str(args.source))
    pages.refuse_other(dataset, cast("benchmarks.SuiteResults", benchmarks.read_results(root)))
    data = stresses.StressData.of(dataset, split="PublicTest", per_label=args.per_label, seed=args.seed)
    sample = None if args.per_label is None else {"per_label": args.per_label, "seed": args.seed}
    n_split = len(dataset.rows("PublicTest"))
    with told_steps(len(bundles), unit="model", title="explain") as tell:
        explaining.store_mean_maps(bundles, data, root, n_split=n_split, sample=sample, on_step=tell)
    print(f"mean maps: {root / explaining.MEAN_MAPS}")
    print(f"next: ferbench report {root}")
    return 0


def _explain_image(args: ExplainOptions, bundles: "dict[str, LoadedBundle]") -> int:
    image = pictures.read_gray(str(args.image), next(iter(bundles.values())).image_shape[0])
    dataset = None if args.source is None else _load(args)
    found = [
        explaining.explain_image(bundle, image, name=name, dataset=dataset, limit=args.limit)
        for name, bundle in bundles.items()
    ]
    for each in found:
        print(f"{each.name}: {each.label} ({each.probabilities[0][1]:.3f})")
    page = explaining.write_explanation(found, Path(str(args.image)).name, args.output or Path("explain.html"))
    print(f"page, which shows the face: {page.resolve()}")
    return 0


def _load(args: ExplainOptions) -> "Dataset":
    return datasets.load(str(args.source), seed=args.seed, **given(labels=args.labels))
