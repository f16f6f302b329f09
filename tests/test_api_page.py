"""The API page keeps its word: its tables name all that is exported."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "api.md").read_text()
FOLDERS = ("benchmarks", "datasets", "features", "models", "realtime")


def tables() -> list[tuple[str, set[str]]]:
    """Names in the first column of each folder's table."""
    found = []
    for section in PAGE.split("\n### ")[1:]:
        folder = section.partition("`:")[0].removeprefix("`ferbench.")
        rows = [line.split("|")[1] for line in section.split("\n## ")[0].splitlines() if line.startswith("| `")]
        found.append((folder, {name for row in rows for name in re.findall(r"`(\w+)`", row)}))
    return found


def test_every_folder_has_a_table() -> None:
    assert {folder for folder, _ in tables()} == set(FOLDERS)


@pytest.mark.parametrize(("folder", "named"), tables())
def test_the_tables_name_exactly_what_the_folders_export(folder: str, named: set[str]) -> None:
    aliases = set(re.findall(r"`(\w+)` of\s+`ferbench\.models`", PAGE))
    exported = set(importlib.import_module(f"ferbench.{folder}").__all__)
    assert exported - named - aliases == set(), "exported without a line in docs/api.md"
    assert named - exported == set(), "named in docs/api.md without being exported"


def test_the_groups_of_entry_points_are_those_of_the_code() -> None:
    named = re.findall(r"^\| `(ferbench\.\w+)` \| .+ \|$", PAGE.split("\n## What is stable")[1], re.MULTILINE)
    code = "\n".join(path.read_text() for floor in FOLDERS for path in (ROOT / floor).rglob("*.py"))
    groups = re.findall(r'^(?:GROUP|ENTRY_POINTS) = "(ferbench\.\w+)"$', code, re.MULTILINE)
    assert len(groups) >= 9 and sorted(named) == sorted(groups)
    own = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    assert set(own) <= set(groups)
    # A group that is read without such a constant would not be found above.
    read = re.findall(r'(?:entry_points|find_plugins|usable_plugins)\((?:group=)?"', code)
    assert read == []


def test_tables_and_lines_are_narrow_enough_to_read() -> None:
    assert all(len(line) <= 100 for line in PAGE.splitlines())
    assert all(line.count("|") <= 7 for line in PAGE.splitlines() if line.startswith("|"))
