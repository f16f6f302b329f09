"""``ferbench explain``: what recognizers look at, on one image or on average over a data set."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferbench import datasets, models
from ferbench.benchmarks import explain as explaining
from ferbench.benchmarks import stress as stresses
from ferbench.cli.evidence.bundle_names import folders_by_name
from ferbench.cli.options import add_labels_option, command, given, told_steps
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
    labels: str | None
    limit: int | None
    output: Path | None
    results: Path
    seed: int


def register_explain(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``explain``."""
    parser.description = (
        "With an image of one cropped face: write a page with what the answer depends on, and with "
        "--source the nearest training images. Without an image: write the mean maps of each label of --source, which "
        "hold averages only. PrivateTest of photographs stays closed."
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
    add_labels_option(parser)
    add("--limit", type=int, metavar="N", help="only the first N images of the part that is looked at")
    add(
        "--output",
        type=Path,
        metavar="PATH",
        help="page, or folder of mean maps (default: explain.html, results/explain)",
    )
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="where recipes are looked up")
    add("--seed", type=int, default=0, help="seed of drawn faces (default: 0)")
    parser.set_defaults(command=command(ExplainOptions, explain))


def explain(args: ExplainOptions) -> int:
    """Explain an image or a data set."""
    if args.image is None and args.source is None:
        raise ValueError("explain needs an IMAGE, or --source PATH for mean maps of a data set")
    folders = folders_by_name(args.model or [DEFAULT_FLOAT32], args.results)
    bundles = {name: models.load_bundle(folder) for name, folder in folders.items()}
    if args.image is not None:
        return _explain_image(args, bundles)
    data = stresses.StressData.of(_load(args), limit=args.limit)
    folder = args.output or Path("results/explain")
    with told_steps(len(bundles), unit="model", title="explain") as tell:
        summary = explaining.write_mean_maps(bundles, data, folder, on_step=tell)
    print(summary)
    print(f"report: {folder / 'explain.md'}")
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
