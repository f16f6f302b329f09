"""``ferbench data``: download, audit and explore data sets, and find labels that are probably wrong."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench import datasets
from ferbench.benchmarks import label_noise
from ferbench.cli.arguments import add_data_options, add_labels_option, command, given, told_steps
from ferbench.utils import printable

_RECIPES = ("hog+logreg", "landmarks+logreg")


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """Arguments of `data fetch`."""

    name: str


@dataclass(frozen=True, slots=True)
class PagesOptions:
    """Arguments that `data audit` and `data points` share."""

    source: str
    output: Path
    faces: bool
    size: int
    seed: int


@dataclass(frozen=True, slots=True)
class AuditOptions(PagesOptions):
    """Arguments of `data audit`, which lists unreadable images and never stops at one."""

    labels: str | None
    split_names: str | None


@dataclass(frozen=True, slots=True)
class NoiseOptions:
    """Arguments of `data noise`."""

    source: str
    recipe: list[str]
    folds: int
    output: Path
    faces: bool
    ids: bool
    labels: str | None
    seed: int
    flip: float


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Arguments of `data list`: none."""


def register(parser: argparse.ArgumentParser) -> None:
    """Add ``data fetch``, ``data list``, ``data audit``, ``data noise`` and ``data points``."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)

    fetch = actions.add_parser("fetch", help="download a public data set from Kaggle")
    fetch.add_argument("name", help="name of the data set: fer2013")
    fetch.set_defaults(command=command(FetchOptions, _fetch))

    listing = actions.add_parser("list", help="list the data sets whose layouts are known, and their terms")
    listing.set_defaults(command=command(ListOptions, _list))

    audit = actions.add_parser("audit", help="find leaks, copies, label conflicts, and blank or unreadable images")
    audit.add_argument(
        "source", help="folder of labeled images, zip of one, FER2013 CSV, or 'faces' for the drawn faces"
    )
    audit.add_argument("--output", type=Path, default=Path("audit"), metavar="DIR", help="folder for the pages")
    audit.add_argument(
        "--no-faces",
        dest="faces",
        action="store_false",
        help="write pages without faces, which may be published",
    )
    audit.add_argument(
        "--size",
        type=int,
        default=48,
        metavar="PIXELS",
        help="size at which images are compared and shown (default: 48)",
    )
    audit.add_argument("--seed", type=int, default=0, help="seed of held-out parts and of the faces shown (default: 0)")
    add_data_options(audit, unreadable=False)
    audit.set_defaults(command=command(AuditOptions, _audit))

    _register_noise(actions)

    points = actions.add_parser(
        "points", help="explore faces with key points: coordinates, missing points, sample faces"
    )
    points.add_argument(
        "source", help="Kaggle's training.csv (file, zip or folder), an .npz of marked faces, or 'faces' for drawn ones"
    )
    points.add_argument("--output", type=Path, default=Path("audit"), metavar="DIR", help="folder for the pages")
    points.add_argument(
        "--no-faces", dest="faces", action="store_false", help="write pages without faces, which may be published"
    )
    points.add_argument(
        "--size", type=int, default=96, metavar="PIXELS", help="image size of the coordinates (default: 96)"
    )
    points.add_argument(
        "--seed", type=int, default=0, help="seed of held-out parts and of the faces shown (default: 0)"
    )
    points.set_defaults(command=command(PagesOptions, _points))


def _register_noise(actions: Any) -> None:
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
        help=f"recipe to predict with; can be given several times (default: {' and '.join(_RECIPES)})",
    )
    add("--folds", type=int, default=5, metavar="N", help="fits for each recipe (default: 5)")
    add("--output", type=Path, default=Path("noise"), metavar="DIR", help="folder for the pages (default: noise)")
    add(
        "--no-faces",
        dest="faces",
        action="store_false",
        help="write no contact sheet, so that the pages show no image",
    )
    add("--no-ids", dest="ids", action="store_false", help="write no list of ids, such as paths that name people")
    add_labels_option(parser)
    add("--seed", type=int, default=0, help="seed of the folds and of drawn faces (default: 0)")
    add(
        "--flip",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="flip this share of the labels first, and say how many of the flips are found (default: 0)",
    )
    parser.set_defaults(command=command(NoiseOptions, _noise))


def _fetch(args: FetchOptions) -> int:
    folder = datasets.fetch(args.name)
    print(folder)
    print(f"next: ferbench data audit {folder}")
    return 0


def _list(args: ListOptions) -> int:
    for layout in datasets.known_layouts().values():
        state = "verified" if layout.verified else "unverified"
        print(f"{layout.name:16}{layout.title} ({state}); {layout.license}; {layout.origin}")
    print("load one with its name before the path, such as ckplus:PATH")
    return 0


def _audit(args: AuditOptions) -> int:
    findings = datasets.audit(
        args.source,
        args.output,
        faces=args.faces,
        size=args.size,
        seed=args.seed,
        labels=args.labels,
        split_names=args.split_names,
    )
    print(_summary(findings))
    print(f"report: {(args.output / 'audit.html').resolve()}")
    return 0


def _noise(args: NoiseOptions) -> int:
    """Find suspicious labels, write the pages, and print the summary."""
    recipes = args.recipe or list(_RECIPES)
    label_noise.check_recipes(recipes)
    dataset = datasets.load(args.source, seed=args.seed, **given(labels=args.labels))
    with told_steps(len(recipes) * max(args.folds, 1), unit="fit", title="noise") as tell:
        findings = label_noise.find_noise(
            dataset, recipes, n_folds=args.folds, seed=args.seed, flip=args.flip, on_fold=tell
        )
    print(label_noise.write_noise_report(findings, args.output, faces=args.faces, ids=args.ids))
    print(f"report: {args.output / 'noise.md'}")
    return 0


def _points(args: PagesOptions) -> int:
    found = datasets.audit_points(args.source, args.output, faces=args.faces, size=args.size, seed=args.seed)
    drawn = " (drawn by ferbench, not photographs)" if found["drawn"] else ""
    print(f"{found['name']}: {found['images']:,} faces with key points{drawn}")
    for split in found["splits"]:
        print(f"{found['counts'][split]:>8,} {split}, of {found['people'][split]:,} people")
    for row in found["patterns"]:
        print(f"{row['images']:>8,} faces with {row['points']} points{_missing(row['missing'])}")
    print(f"report: {(args.output / 'points.html').resolve()}")
    return 0


def _missing(names: list[str]) -> str:
    if not names:
        return ""
    return f", without {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"


def _shared(findings: dict[str, Any], kind: str) -> list[str]:
    found = findings[kind]
    if found is None:
        return []
    rows = [
        f"{row['images']:>8,} {row['images_of']} images show {kind} that {row['stand_in']} has too"
        for row in found["across_splits"]
    ]
    return [f"{found['count']:>8,} {kind}", *rows]


def _summary(findings: dict[str, Any]) -> str:
    exact, near = findings["exact_duplicates"], findings["near_duplicates"]
    drawn = " (drawn by ferbench, not photographs)" if findings["drawn"] else ""
    across = [
        (row["images"], f"{row['images_of']} images are also in {row['stand_in']}") for row in exact["across_splits"]
    ]
    rows = [
        f"{findings['name']}: {findings['images']:,} images{drawn}",
        *(f"{findings['totals'][split]:>8,} {split}" for split in findings["splits"]),
        *(f"{n:>8,} {text}" for n, text in across),
        *_shared(findings, "people"),
        *_shared(findings, "sequences"),
        f"{exact['redundant']:>8,} redundant exact copies",
        f"{findings['label_conflicts']['images']:>8,} distinct pictures with more than one label",
        f"{near['pairs']:>8,} pairs of near-duplicates{'' if near['complete'] else ', at least'}",
        f"{len(findings['constant']) + len(findings['near_constant']['images']):>8,} constant or near-constant images",
    ]
    if findings["unreadable"] is not None:
        rows.append(f"{len(findings['unreadable']):>8,} unusable files or rows")
    rows += [f"note: {printable(note)}" for note in findings["notes"]]
    return "\n".join(rows)
