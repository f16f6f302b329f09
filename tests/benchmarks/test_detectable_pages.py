"""Each published page of a comparison says the smallest difference that its images, faces or people can show."""

import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from cells_here import undrawn

from ferbench.benchmarks import scores
from ferbench.benchmarks.report.ablation import detectable_effect
from ferbench.cli import main

RESULTS = Path(__file__).parents[2] / "results"
SAID = "a paired comparison detects, with a chance of 80 %, a difference of"
EXPRESSIONS = ("fer2013", "fer2013-five", "ablation/fer2013", "peers/fer2013")
PAGES = (
    *(f"{name}/leaderboard.md" for name in EXPRESSIONS),
    *(f"{name}/index.html" for name in EXPRESSIONS[:3]),
    *(f"keypoints/{name}/{page}" for name in ("faces", "faces68") for page in ("leaderboard.md", "index.html")),
    *("cross/protocols.md", "cross/ck48-to-fer2013/leaderboard.md", "cross/fer2013-to-ck48/leaderboard.md"),
    *(
        "ablation/fer2013/effects.md",
        "stress/stress.md",
        "transfer/transfer.md",
        "int8/int8.md",
        "training/training.md",
    ),
)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_says_what_it_can_show(page: str) -> None:
    text = (RESULTS / page).read_text()
    assert SAID in text
    # McNemar's formula takes images for independent: where people are drawn, or folds pooled, it is not used.
    by_people = page.startswith(("keypoints", "cross"))
    assert ("1.96 + 0.84 times the standard error" in text) or not by_people
    assert not (by_people and "exactly one of the two is right" in text)


def test_the_landing_page_leads_to_what_each_page_can_show() -> None:
    assert "the smallest one that a comparison on them detects" in (RESULTS / "index.html").read_text()


@pytest.mark.parametrize(
    ("name", "command", "page"),
    [
        ("stress", "stress", "stress.md"),
        ("transfer", "measure-transfer", "transfer.md"),
        ("int8", "measure-int8", "int8.md"),
        ("training", "measure-training", "training.md"),
    ],
)
def test_it_is_written_by_the_command_from_what_was_measured(
    name: str, command: str, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(RESULTS.parent)  # Of which the records of the trainings are read.
    shutil.copytree(RESULTS / name, tmp_path / name, ignore=shutil.ignore_patterns("*.md", "*.csv"))
    with undrawn():
        assert main([command, "--rebuild", "--output", str(tmp_path / name)]) == 0
    assert SAID in (tmp_path / name / page).read_text()


def test_the_figure_of_int8_is_that_of_the_interval_that_was_measured() -> None:
    (row, *_) = json.loads((RESULTS / "int8" / "int8.json").read_text())["networks"]
    error = (row["difference"]["high"] - row["difference"]["low"]) / 2 / 1.96
    text = (RESULTS / "int8" / "int8.md").read_text()
    (figure,) = re.findall(rf"{row['name']}: on .*? a difference of ([\d.]+) percentage points", text)
    assert float(figure) == pytest.approx(100 * scores.difference_from_spread(error), abs=0.01)


def test_effects_without_an_interval_show_nothing() -> None:
    assert detectable_effect(pd.DataFrame([{"recipe": "alone", "accuracy": 0.5, "n_images": 10}])) == ""
