"""Face detectors, and the models that live commands can run."""

import json
from pathlib import Path
from typing import Any

from ferbench import models, realtime
from ferbench.cli.listing.part import Part, first_sentence, make_part, packages_of, problem_of

_NEEDS = {"mtcnn": ("mtcnn", "deep")}


def detectors() -> list[Part]:
    """Return every face detector; none is made, since one of them downloads its file when it is made first."""
    names = realtime.detectors()
    kinds = {vars(kind)["name"]: kind for kind in realtime.Detector.__subclasses__() if "name" in vars(kind)}
    added = packages_of("ferbench.detectors", "detector")
    found = []
    for name in names:
        if name in added and not getattr(kinds.get(name), "__module__", "").startswith("ferbench."):
            plugin = added[name]
            try:
                about, problem = first_sentence(plugin.load()), ""
            except ImportError as error:
                about, problem = "cannot be used", problem_of(error)
            found.append(make_part(name, about, package=plugin.package, problem=problem))
        else:
            found.append(make_part(name, first_sentence(kinds[name]), needs=_NEEDS.get(name, ())))
    return found


def bundles(results: Path = Path("results")) -> list[Part]:
    """Return the models that ship, then those that were measured in a results folder."""
    shipped = dict(models.pretrained()) | dict(models.pretrained("keypoints"))
    parts = [make_part(name, _about(json.loads((path / "bundle.json").read_bytes()))) for name, path in shipped.items()]
    return parts + [_measured(file) for file in sorted(results.glob("**/bundles/*/bundle.json"))]


def _measured(file: Path) -> Part:
    name = str(file.parent)
    try:
        return make_part(name, _about(json.loads(file.read_bytes())))
    except (OSError, ValueError, AttributeError) as error:
        return Part(name, "cannot be used", problem=f"{file}: {problem_of(error)}; measure it again")


def _about(info: dict[str, Any]) -> str:
    purpose = "key points" if info.get("task") == "keypoints" else "expressions"
    recipe = (info.get("recipe") or {}).get("name", "no name")
    return f"{purpose}: {recipe}, fitted on {(info.get('dataset') or {}).get('name', 'unknown data')}"
