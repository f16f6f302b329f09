"""Reports rebuilt from the same records give the same tables.

All records take minutes: ``FERBENCH_GOLDEN=all python -m pytest tests/golden/test_csv.py``. Without that, some of them.
"""

import os
from pathlib import Path

import pandas as pd
import pytest
from golden_reports import MEASURED, SOME, golden, rebuild

# What has another name by now: old one, new one. Values are renamed only where they are a whole cell of a table.
RENAMED_FILES: dict[str, str] = {}
RENAMED_COLUMNS: dict[str, str] = {"n_recognisers": "n_recognizers"}
RENAMED_VALUES: dict[str, str] = {}

ALL = os.environ.get("FERBENCH_GOLDEN") == "all"
QUICK = [name for name, recipes in SOME.items() if recipes != ()]


def read(path: Path) -> pd.DataFrame:
    # As text: the last digit counts.
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def assert_same_tables(kept: Path, folder: Path) -> None:
    files = sorted(kept.glob("*.csv"))
    assert files
    for file in files:
        old = read(file).rename(columns=RENAMED_COLUMNS).replace(RENAMED_VALUES)
        new = read(folder / RENAMED_FILES.get(file.name, file.name))
        assert list(new.columns) == list(old.columns), file.name
        pd.testing.assert_frame_equal(new, old, obj=file.name)
    assert len(list(folder.glob("*.csv"))) == len(files)


@pytest.mark.parametrize("name", QUICK)
def test_some_records_give_the_same_tables(name: str, tmp_path: Path) -> None:
    rebuild(name, tmp_path / "copy", SOME[name])
    assert_same_tables(golden("some", name), tmp_path / "copy")


@pytest.mark.parametrize("name", MEASURED)
def test_measured_runs_give_the_same_tables(name: str, tmp_path: Path) -> None:
    rebuild(name, tmp_path / "copy")
    assert_same_tables(golden("all", name), tmp_path / "copy")


@pytest.mark.skipif(not ALL, reason="minutes: set FERBENCH_GOLDEN=all")
@pytest.mark.parametrize("name", SOME)
def test_all_records_give_the_same_tables(name: str, tmp_path: Path) -> None:
    rebuild(name, tmp_path / "copy")
    assert_same_tables(golden("all", name), tmp_path / "copy")
