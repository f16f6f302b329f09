"""Suite files that an older ferbench came with plan the same cells, and so do those that ship now."""

from pathlib import Path

import pytest
from golden_command import SUITES, plan

# A row whose parameters were changed before it was measured for the first time.
CHANGED = {"ferbench-net-xs@taught-again-s0-8bf07b10"}
NAMES = sorted(path.stem for path in SUITES.glob("*.toml"))


def cells(name: str) -> list[str]:
    return (SUITES / f"{name}.cells.txt").read_text().split()


def test_there_are_suites() -> None:
    assert {"faces", "fer2013", "keypoints"} <= set(NAMES) and len(cells("fer2013")) == 52


@pytest.mark.parametrize("name", NAMES)
def test_an_old_suite_file_plans_the_same_cells(name: str, tmp_path: Path) -> None:
    assert plan(str(SUITES / f"{name}.toml"), name, tmp_path) == cells(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_suite_that_ships_plans_the_same_cells(name: str, tmp_path: Path) -> None:
    # Rows that were added since then plan further cells.
    kept = [cell for cell in cells(name) if cell not in CHANGED]
    assert [cell for cell in plan(name, name, tmp_path) if cell in kept] == kept
