"""An installed package of somebody else, as `importlib.metadata` sees one."""

import os
import sys
import tomllib
from pathlib import Path

import pytest

NAME = "thirdparty-plugins"


def install(folder: Path, patch: pytest.MonkeyPatch, module: str, code: str, entry_points: str) -> None:
    """Write a module with entry points into a folder and put it on the path."""
    info = folder / "thirdparty_plugins-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{module}.py").write_text(code)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entry_points)
    # Another test may have imported a module of this name.
    patch.delitem(sys.modules, module, raising=False)
    patch.syspath_prepend(str(folder))


def entry_points(lines: str) -> str:
    """The entry points of a block of TOML, as an installed package has them."""
    ((group, entries),) = tomllib.loads(lines)["project"]["entry-points"].items()
    return "\n".join([f"[{group}]", *(f"{name} = {value}" for name, value in entries.items()), ""])


def know_spies(patch: pytest.MonkeyPatch, log: Path) -> Path:
    """Make the package with the recipes that watch and misbehave known to all processes; return its file of notes."""
    folder = str(Path(__file__).parent / "thirdparty")
    patch.syspath_prepend(folder)
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")])))
    patch.setenv("SPY_LOG", str(log))
    return log
