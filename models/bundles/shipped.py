"""The bundles that ship with ferbench. Light: live mode imports it."""

import json
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "pretrained"
DEFAULT, DEFAULT_POINTS = "ferbench-net", "ferbench-points"


def pretrained(task: str = "expressions") -> dict[str, Path]:
    """Return the folders of the shipped bundles by name, the default one first.

    Parameters
    ----------
    task : {"expressions", "keypoints"}, default="expressions"
        What the bundles are for: recognizing expressions, or finding key points.

    Examples
    --------
    >>> from ferbench.models import pretrained
    >>> list(pretrained())
    ['ferbench-net', 'ferbench-net-xs']
    """
    return {name: path for name, path in _shipped().items() if _task(path) == task}


def find_shipped(name: str | Path) -> Path:
    """Return the folder of a shipped bundle by its name; anything else is taken as a path."""
    return _shipped().get(str(name), Path(name))


def _shipped() -> dict[str, Path]:
    found = sorted(file.parent for file in FOLDER.glob("*/bundle.json"))
    return {path.name: path for path in sorted(found, key=lambda path: path.name != DEFAULT)}


def _task(path: Path) -> str:
    return str(json.loads((path / "bundle.json").read_text(encoding="utf-8")).get("task", "expressions"))
