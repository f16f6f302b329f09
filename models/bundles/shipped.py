"""Find the bundles that ship with ferbench. Live mode imports this module, so it avoids heavy imports."""

import json
from pathlib import Path
from typing import Any

from ferbench.models.bundles.aliases import bundle_name

FOLDER = Path(__file__).parents[1] / "pretrained"
DEFAULT, DEFAULT_POINTS = "ferbench-net-l-int8", "ferbench-points"
# The default network before it was quantized; trainings start from it, and features and explanations are taken from it.
DEFAULT_FLOAT32 = "ferbench-net-l"
# Data sets on which the choice of what ships rested, beside PublicTest of FER2013: a figure on them is optimistic.
DEVELOPMENT_SETS = ("ck48",)
DEVELOPMENT = (
    "What ships was chosen on PublicTest of FER2013, on CK+ and on 55 photographs. These were development sets, so "
    "figures on them are optimistic."
)


class Shipped(dict[str, Path]):
    """Dictionary of folders by name that also accepts former names as keys."""

    def __missing__(self, name: str) -> Path:
        if (today := bundle_name(name)) != name and today in self:
            return self[today]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(bundle_name(name) if isinstance(name, str) else name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the folder of a bundle by its current or former name, or `default`."""
        return super().get(bundle_name(name), default)


def pretrained(task: str = "expressions") -> dict[str, Path]:
    """Return the folders of the shipped bundles by name, starting with the default bundle; former names work as keys.

    Parameters
    ----------
    task : {"expressions", "keypoints"}, default="expressions"
        Task of the bundles: recognition of expressions, or localization of key points.

    Examples
    --------
    >>> from ferbench.models import pretrained
    >>> list(pretrained())
    ['ferbench-net-l-int8', 'ferbench-net-l', 'ferbench-net-xs', 'ferbench-quality']
    """
    return Shipped({name: path for name, path in _shipped().items() if _task(path) == task})


def find_shipped(name: str | Path) -> Path:
    """Return the folder of a shipped bundle by its current or former name; other strings are returned as paths."""
    return _shipped().get(str(name), Path(name))


def shipped_name(path: Path) -> str | None:
    """Return the name under which the bundle in a folder ships, or None if it is another folder."""
    folder = path.resolve()
    return next((name for name, shipped in _shipped().items() if shipped.resolve() == folder), None)


def _shipped() -> Shipped:
    found = sorted(file.parent for file in FOLDER.glob("*/bundle.json"))
    return Shipped({path.name: path for path in sorted(found, key=lambda path: path.name != DEFAULT)})


def _task(path: Path) -> str:
    return str(json.loads((path / "bundle.json").read_text(encoding="utf-8")).get("task", "expressions"))
