"""A recipe of the suite without a record is a row that says so: in the frame, the text, Markdown, page and API."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from cells_here import undrawn
from fake_results import fake_results

from ferbench.benchmarks import read_results, write_report
from ferbench.benchmarks.pages import NOT_MEASURED, missing_records
from ferbench.benchmarks.report import leaderboard_frame, leaderboard_text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a suite with two more recipes than records, one of which has an older name."""
    root = fake_results(tmp_path_factory.mktemp("results"))
    path = root / "suite.json"
    suite = json.loads(path.read_text())
    recipes = ["constant", "pixels+logreg", "pixels+svm", "hog+svm", "lbp+tree"]
    path.write_text(json.dumps(suite | {"recipes": recipes, "cells": [f"{name}-s0-x" for name in recipes]}))
    return root


def test_rows_without_a_record_come_last_and_say_how_to_measure_them(folder: Path) -> None:
    frame = leaderboard_frame(folder)
    last = frame.tail(2)
    assert list(last["recipe"]) == ["hog+svm", "lbp+tree"] and set(last["status"]) == {NOT_MEASURED}
    assert last["accuracy"].isna().all() and last["fit_s"].isna().all() and not last["chosen"].any()
    assert last["reason"].iloc[0] == "no record; measure it: ferbench run digits --only 'hog+svm'"
    assert (frame["status"] != NOT_MEASURED).sum() == len(frame) - 2
    assert "not measured; no record" in leaderboard_text(frame)


def test_many_rows_without_a_record_are_one_line_on_the_terminal(folder: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(folder, tmp_path / "copy")
    path = folder / "suite.json"
    suite = json.loads(path.read_text())
    recipes = [*suite["recipes"], "hog+tree", "lbp+svm"]
    path.write_text(json.dumps(suite | {"recipes": recipes, "cells": [f"{name}-s0-x" for name in recipes]}))
    text = leaderboard_text(leaderboard_frame(folder))
    (line,) = [line for line in text.splitlines() if "not measured" in line]
    assert line == "not measured: hog+svm, lbp+tree, hog+tree, lbp+svm; measure them: ferbench run digits"
    assert "pixels+svm  " in text


def test_report_has_the_rows_in_table_markdown_and_page(folder: Path) -> None:
    with undrawn():
        page = write_report(folder)
    assert list(pd.read_csv(folder / "leaderboard.csv")["status"]).count(NOT_MEASURED) == 2
    for text in (page.read_text(), (folder / "leaderboard.md").read_text()):
        assert "ferbench run digits --only" in text


def test_api_names_the_rows_and_says_why_a_recipe_cannot_be_taken(folder: Path) -> None:
    results = read_results(folder)
    assert [record["recipe"]["name"] for record in results.missing] == ["hog+svm", "lbp+tree"]
    assert "2 not measured" in repr(results)
    with pytest.raises(ValueError, match=r"'lbp\+tree' was not measured: no record; measure it: ferbench run"):
        results.find("lbp+tree")


def test_each_seed_counts_and_a_derived_constant_stands_for_all() -> None:
    suite = {"name": "s", "recipes": ["constant", "hog+svm"], "seeds": [0, 1], "cells": list("abcd")}
    records = [
        {"recipe": {"name": "constant"}, "seed": None, "dataset": {}},
        {"recipe": {"name": "hog+svm"}, "seed": 0, "dataset": {}},
    ]
    (row,) = missing_records(suite, records)
    assert (row["recipe"]["name"], row["seed"], row["cell_id"]) == ("hog+svm", 1, "d")
    assert missing_records({}, records) == ()
