"""The bundles that ship with ferbench. Light: live mode imports it."""

from pathlib import Path

FOLDER = Path(__file__).parent / "pretrained"
DEFAULT = "ferbench-net"


def pretrained() -> dict[str, Path]:
    """Return the folders of the shipped bundles by name, the default one first.

    Examples
    --------
    >>> from ferbench.models import pretrained
    >>> list(pretrained())
    ['ferbench-net', 'ferbench-net-xs']
    """
    found = sorted(file.parent for file in FOLDER.glob("*/bundle.json"))
    return {path.name: path for path in sorted(found, key=lambda path: path.name != DEFAULT)}


def find_shipped(name: str | Path) -> Path:
    """Return the folder of a shipped bundle by its name; anything else is taken as a path."""
    return pretrained().get(str(name), Path(name))
