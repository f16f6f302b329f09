"""``ferbench report``, ``best`` and ``export``: rebuild a report, name the winner, copy a bundle."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench import benchmarks, datasets
from ferbench.benchmarks import choose, folds, int8, pages
from ferbench.cli.arguments import command
from ferbench.cli.running import path_line, report_lines, window_width
from ferbench.models import bundles
from ferbench.utils import fit_text


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Arguments of `report`."""

    folder: str | None
    faces: str | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class BestOptions:
    """Arguments of `best`."""

    folder: str | None
    max_latency_ms: float | None
    max_size_mb: float | None
    max_fit_s: float | None
    max_memory_mb: float | None
    min_accuracy: float | None
    json: bool


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """Arguments of `export`."""

    folder: Path
    model: str
    results: Path
    note: list[str]
    calibrate: float | None
    int8: bool
    source: str | None


def register_report(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``report``."""
    parser.description = (
        "Rebuild leaderboard, plots and HTML page from the stored records. Nothing is fitted. "
        "Of a folder with several data sets, write the landing page over all of them."
    )
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="RESULTS_FOLDER",
        help="such as results/fer2013, or results for the landing page (default: the only folder in ./results)",
    )
    parser.add_argument(
        "--faces",
        metavar="SOURCE",
        help="the measured data set; also write faces.html with pictures, for private use only",
    )
    parser.add_argument(
        "--reference",
        metavar="NAME",
        help="only print how each of the others compares with this recipe, on the same images; write nothing",
    )
    parser.set_defaults(command=command(ReportOptions, report))


def register_best(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``best``."""
    parser.description = "Print the recognizer with the best accuracy on PublicTest within the limits, and its bundle."
    parser.add_argument(
        "folder",
        nargs="?",
        metavar="RESULTS_FOLDER",
        help="such as results/fer2013 (default: the only folder in ./results)",
    )
    parser.add_argument("--max-latency-ms", type=float, metavar="MS", help="largest allowed p90 latency for one image")
    parser.add_argument("--max-size-mb", type=float, metavar="MB", help="largest allowed size of the bundle on disk")
    parser.add_argument("--max-fit-s", type=float, metavar="S", help="largest allowed time of the whole fit")
    parser.add_argument("--max-memory-mb", type=float, metavar="MB", help="largest allowed peak memory when measured")
    parser.add_argument(
        "--min-accuracy", type=float, metavar="SHARE", help="smallest allowed accuracy on PublicTest, 0 to 1"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=command(BestOptions, best))


def register_export(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``export``."""
    parser.description = (
        "Copy a bundle to a new folder and write its model card from the measurements. With --calibrate --source PATH, "
        "any finished bundle can be given a calibration, also one that ships or has 8-bit weights."
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder to create")
    parser.add_argument(
        "--model",
        default="winner",
        metavar="NAME",
        help="winner, a recipe, a bundle that ships, or a bundle's folder (default: winner)",
    )
    parser.add_argument("--results", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    parser.add_argument(
        "--note", action="append", default=[], metavar="TEXT", help="paragraph for the card; can be given several times"
    )
    parser.add_argument(
        "--calibrate",
        nargs="?",
        type=float,
        const=0.8,
        metavar="COVERAGE",
        help="add a temperature, and a threshold so that this share of the answers is certain (0.8); from PublicTest "
        "without copies of training images: of --source, else from the stored probabilities",
    )
    parser.add_argument(
        "--int8", action="store_true", help="export a network with 8-bit weights, checked against the one in float32"
    )
    parser.add_argument(
        "--source",
        metavar="PATH",
        help="with --int8: the data set that the network was trained on; with --calibrate: the data to calibrate on",
    )
    parser.set_defaults(command=command(ExportOptions, export))


def export(args: ExportOptions) -> int:
    """Copy a bundle, or write its int8 version, and print the path of its card."""
    if not args.folder.name:
        raise ValueError(f"FOLDER must be the name of a folder to create; got {str(args.folder)!r}")
    if args.int8:
        return _export_int8(args)
    if args.source is not None and args.calibrate is None:
        raise ValueError("--source is for --int8 and --calibrate; a bundle is copied without its data")
    options: dict[str, Any] = {"notes": args.note, "calibrate": args.calibrate}
    if args.source is not None:
        options["dataset"] = _data_of(choose.find_bundle(args.model, args.results), args.source)
    made = choose.export_bundle(args.model, args.results, args.folder, **options)
    if text := bundles.uncertain_text(bundles.read_description(args.folder)):
        print(text)
    print(made)
    return 0


def _data_of(folder: Path, source: str) -> "datasets.Dataset":
    """Load data in the size of a bundle's images."""
    return datasets.load(source, size=bundles.read_description(folder)["input"]["height"])


def _export_int8(args: ExportOptions) -> int:
    if args.source is None:
        raise ValueError("--int8 needs --source PATH, the data set that the network was trained on")
    folder = choose.find_bundle(args.model, args.results)
    options: dict[str, Any] = {"notes": args.note, "calibrate": args.calibrate}
    print(int8.checked_text(int8.export_int8(folder, args.folder, _data_of(folder, args.source), **options)))
    if text := bundles.uncertain_text(bundles.read_description(args.folder)):
        print(text)
    print(args.folder / choose.CARD)
    return 0


def report(args: ReportOptions) -> int:
    """Rebuild a report and print its leaderboard; of several protocols, each; of several data sets, a landing page."""
    if args.reference is not None:
        return _report_reference(args)
    if args.folder and not args.faces and len(folds.find_protocols(args.folder)) > 1:
        return _report_protocols(Path(args.folder))
    if args.folder and not args.faces and _holds_several(Path(args.folder)):
        print(f"landing page: {pages.write_landing(args.folder)}")
        print("Name one of its folders to rebuild its report:")
        print(*(f"  ferbench report {folder}" for folder in pages.suite_folders(Path(args.folder))), sep="\n")
        return 0
    folder = pages.find_results(args.folder)
    dataset = benchmarks.load_measured(folder, args.faces) if args.faces else None
    page, frame = benchmarks.rebuild_report(folder, dataset=dataset)
    print(report_lines(folder, frame))
    print(path_line("report", page))
    if args.faces and (page.parent / "faces.html").is_file():
        print(path_line("report with pictures, for private use only", page.parent / "faces.html"))
    return 0


def _report_reference(args: ReportOptions) -> int:
    if args.faces:
        raise ValueError("--reference writes no page, so it cannot be combined with --faces; leave one of them out")
    folder = pages.find_results(args.folder)
    print(benchmarks.compare_with_reference(folder, args.reference or "").text(window_width()))
    return 0


def _holds_several(root: Path) -> bool:
    return not (root / "records").is_dir() and len(pages.suite_folders(root)) > 1


def _report_protocols(folder: Path) -> int:
    """Rebuild the report of each protocol in a folder, and the table that puts them beside each other."""
    for path in folds.find_protocols(folder):
        print(f"report: {benchmarks.rebuild_report(path)[0]}")
    print(folds.write_summary(folder))
    print(f"protocols: {folder / 'protocols.md'}")
    return 0


def best(args: BestOptions) -> int:
    """Print the winner within the limits."""
    choice = choose.choose_best(
        args.folder,
        max_latency_ms=args.max_latency_ms,
        max_size_mb=args.max_size_mb,
        max_fit_s=args.max_fit_s,
        max_memory_mb=args.max_memory_mb,
        min_accuracy=args.min_accuracy,
    )
    print(json.dumps(choice.as_dict(), indent=1) if args.json else fit_text(choice.text(), hang=15))
    return 0
