"""Reports rebuilt from the same records give the same tables.

All records take minutes: ``FERBENCH_GOLDEN=all python -m pytest tests/golden/test_csv.py``. Without that, some of them.
"""

import os
from pathlib import Path

import pandas as pd
import pytest
from golden_reports import MEASURED, SOME, golden, rebuild

from ferbench.benchmarks.displays import plugin_displays
from ferbench.benchmarks.scores import plugin_metrics

# What has another name by now: old one, new one. Values are patterns of a cell's text: the networks have sizes in their
# names now, and what is a recipe's variant keeps its own name behind the `@`.
RENAMED_FILES: dict[str, str] = {}
RENAMED_COLUMNS: dict[str, str] = {"n_recognisers": "n_recognizers"}
RENAMED_VALUES: dict[str, str] = {
    # Not cell ids, which are made of a recipe's first name.
    r"^ferbench-net(?=@|$)(?!.*-s0-[0-9a-f]{8}$)": "ferbench-net-m",
    r"^pretrained@ferbench-net-(?=flip$|ten-crop$)": "pretrained@ferbench-net-l-",
    # A difference that was not shown is no tie. Tables of expressions were made anew where p and the verdicts changed:
    # p is that of the exact test, and the winner is compared with the rest.
    "^tie$": "not shown to differ",
}
# What tables have besides by now.
ADDED_COLUMNS: dict[str, set[str]] = {
    "leaderboard.csv": {
        *("identity", "stale", "latency_run", "latency_ranked", "machine", "fit_ranked"),
        # Of key points: the winner against the rest, as in tables of expressions.
        *("against_winner", "winner_difference", "winner_difference_low", "winner_difference_high", "winner_p_holm"),
        *("seeds", "seed_mean", "seed_sd", "seed_min", "seed_max", "seed_split"),
        *(f"{name}{end}" for name in plugin_metrics() for end in ("", "_low", "_high")),
    },
    "comparisons.csv": {"p_holm_winner"},
}
ADDED_FILES = {"mean_maps.csv", *(f"plot_{name}.csv" for name in plugin_displays())}

ALL = os.environ.get("FERBENCH_GOLDEN") == "all"
QUICK = [name for name, recipes in SOME.items() if recipes != ()]


def read(path: Path) -> pd.DataFrame:
    # As text: the last digit counts.
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def assert_same_tables(kept: Path, folder: Path, renamed: dict[str, str] = RENAMED_VALUES) -> None:
    files = sorted(kept.glob("*.csv"))
    assert files
    for file in files:
        old = read(file).rename(columns=RENAMED_COLUMNS).replace(renamed, regex=True)
        new = read(folder / RENAMED_FILES.get(file.name, file.name))
        if "status" in new:
            # Rows that tables have besides by now: recipes of the suite without a record.
            old, new = (table[table["status"] != "not measured"].reset_index(drop=True) for table in (old, new))
        added = ADDED_COLUMNS.get(file.name, set()) - set(old.columns)
        new = new.drop(columns=[name for name in new.columns if name in added])
        assert list(new.columns) == list(old.columns), file.name
        pd.testing.assert_frame_equal(new, old, obj=file.name)
    expected = {RENAMED_FILES.get(file.name, file.name) for file in files}
    assert {file.name for file in folder.glob("*.csv")} - ADDED_FILES == expected


@pytest.mark.parametrize("name", QUICK)
def test_some_records_give_the_same_tables(name: str, tmp_path: Path) -> None:
    rebuild(name, tmp_path / "copy", SOME[name])
    assert_same_tables(golden("some", name), tmp_path / "copy")


@pytest.mark.parametrize("name", MEASURED)
def test_measured_runs_give_the_same_tables(name: str, tmp_path: Path) -> None:
    rebuild(name, tmp_path / "copy")
    assert_same_tables(golden("all", name), tmp_path / "copy", {r"(^|, )ferbench-net(?=@|: |$)": r"\1ferbench-net-m"})


@pytest.mark.skipif(not ALL, reason="minutes: set FERBENCH_GOLDEN=all")
@pytest.mark.parametrize("name", SOME)
def test_all_records_give_the_same_tables(name: str, tmp_path: Path) -> None:
    rebuild(name, tmp_path / "copy")
    assert_same_tables(golden("all", name), tmp_path / "copy")
