"""``ferbench list``: print one line for each recipe, model, data set or other part of a kind."""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferbench.cli.arguments import command
from ferbench.cli.listing import live_parts, measuring, methods
from ferbench.cli.listing.part import OURS, Part
from ferbench.utils import fit_line, fit_text, paint, printable

KINDS = ("recipes", "suites", "datasets", "detectors", "models", "metrics", "extractors", "classifiers")

_MORE = {
    "recipes": "More: extractor+extractor+classifier, mirror:RECIPE, vote:RECIPE,RECIPE, stack:RECIPE,RECIPE.",
    "suites": "More: the path of a TOML file.",
    "datasets": "More: the path of a folder of labeled images, a zip of one, or a FER2013 CSV.",
    "detectors": "More: yunet:MODEL.onnx, a YuNet file of your own.",
    "models": "More: winner, a recipe that was measured, or a bundle's folder.",
}


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Arguments of `list`."""

    kind: str
    results: Path
    json: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``list``."""
    parser.description = "List what can be named, what it needs to be installed, and whether it can be used here."
    parser.add_argument("kind", choices=KINDS, help=", ".join(KINDS))
    parser.add_argument("--results", type=Path, default=Path("results"), help="where measured models lie (results)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=command(ListOptions, _list))


def _list(args: ListOptions) -> int:
    parts = _finders(args)[args.kind]()
    if args.json:
        print(json.dumps([part.as_dict() for part in parts], indent=1))
        return 0
    for line, part in zip(_lines(parts), parts, strict=True):
        shown = fit_line(line)
        print(paint(shown, "yellow") if part.problem else shown)
    for problem in dict.fromkeys(f"no: {part.problem}" for part in parts if part.problem):
        print(fit_text(printable(problem), hang=4))
    if args.kind in _MORE:
        print(fit_text(_MORE[args.kind], hang=6))
    return 0


def _finders(args: ListOptions) -> dict[str, Callable[[], list[Part]]]:
    return {
        "recipes": methods.recipes,
        "suites": measuring.suites,
        "datasets": measuring.datasets,
        "detectors": live_parts.detectors,
        "models": lambda: live_parts.bundles(args.results),
        "metrics": measuring.metrics,
        "extractors": methods.extractors,
        "classifiers": methods.classifiers,
    }


def _lines(parts: Sequence[Part]) -> list[str]:
    """Name, whether it can be used here, extras that it needs, and what it is."""
    name_width = max((len(part.name) for part in parts), default=0)
    needs = [",".join(part.needs) or "-" for part in parts]
    needs_width = max(map(len, needs), default=0)
    return [
        f"{part.name:{name_width}}  {'no' if part.problem else 'ok'}  {need:{needs_width}}  {printable(_about(part))}"
        for part, need in zip(parts, needs, strict=True)
    ]


def _about(part: Part) -> str:
    return part.about if part.package == OURS else f"{part.about} ({part.package})"
