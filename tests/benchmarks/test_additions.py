"""What a report adds where there is something to say: effects of an ablation, published figures beside ours."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cells_here import undrawn
from fake_results import fake_results

from ferbench.benchmarks.rebuild import write_report
from ferbench.benchmarks.report import published_figures
from ferbench.benchmarks.report.additions import Additions
from ferbench.benchmarks.report.results import Results, read_results
from ferbench.benchmarks.report.scores import score_results
from ferbench.benchmarks.store.suite import load_suite

OFFICIAL = {"Training": 28709, "PublicTest": 3589, "PrivateTest": 3589}


def official(output: Path, **suite: str) -> Path:
    """A suite on data that calls itself FER2013's official split."""
    folder = fake_results(output)
    content = json.loads((folder / "suite.json").read_text())
    (folder / "suite.json").write_text(json.dumps(content | suite))
    for path in (folder / "records").iterdir():
        record = json.loads(path.read_text())
        record["dataset"]["counts"] = OFFICIAL
        record["recipe"]["all_params"] = {"depth": 6 if "tree" in path.name else None, "random_state": 0}
        if path.name.startswith("mlp"):
            record["recipe"]["name"] = "cnn-4conv@thin"
            record["history"] = {"loss": [1.0, 0.9, 0.8], "val_accuracy": [0.4, 0.5, 0.6], "seconds": [60.0] * 3}
        path.write_text(json.dumps(record))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite with a reference: an ablation, for which PrivateTest was opened before."""
    folder = official(tmp_path_factory.mktemp("results"), reference="pixels+tree")
    (folder / "published.csv").write_text("of an earlier report")
    with undrawn("effects"):
        write_report(folder)
    return folder


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A suite without a reference."""
    folder = official(tmp_path_factory.mktemp("results"))
    with undrawn():
        write_report(folder)
    return folder


def test_an_effect_is_the_difference_on_the_same_images(folder: Path) -> None:
    table = pd.read_csv(folder / "effects.csv").set_index("recipe")
    assert table.index[0] == "pixels+tree" and "constant" not in table.index
    results = read_results(folder)
    accuracy = {cell.label: accuracies(results, cell.label) for cell in results.contestants}
    for recipe, row in table.iloc[1:].iterrows():
        assert row["effect"] == pytest.approx(accuracy[recipe] - accuracy["pixels+tree"], abs=1e-5)
        assert row["effect_low"] < row["effect"] < row["effect_high"]
        # By p alone: the interval says how large an effect is and takes no part.
        assert (row["verdict"] != "not shown to differ") == (row["p_holm"] < 0.05)
    assert (table["p_holm"][1:] >= table["p_mcnemar"][1:] - 1e-9).all()


def test_the_changed_parameters_are_told(folder: Path) -> None:
    table = pd.read_csv(folder / "effects.csv").set_index("recipe")
    assert table.loc["pixels+nb", "changed"] == "depth 6 → None"
    text = (folder / "effects.md").read_text()
    assert text.startswith("# Effect of each change to pixels+tree") and "depth 6 → None" in text
    assert (folder / "effects.png").read_bytes().startswith(b"\x89PNG")


def test_no_table_of_an_ablation_is_on_the_test_split(folder: Path, beside: Path) -> None:
    results, board = read_results(folder), score_results(read_results(folder))
    assert results.split == "PublicTest" and not any("PrivateTest" in cell.proba for cell in results.measured)
    assert {name: scores.accuracy for name, scores in board.private.items()} == {
        name: pytest.approx(figure.value) for name, figure in board.public.items()
    }
    frame = pd.read_csv(folder / "leaderboard.csv")
    assert frame["accuracy"].isna().all() and frame["public_accuracy"].notna().sum() == 6
    assert frame.set_index("recipe").loc["constant", "flag"] == "predicts 1 of 7 classes"
    assert set(pd.read_csv(folder / "comparisons.csv")["split"]) == {"PublicTest"}
    assert not (folder / "published.csv").exists()
    text, page = (folder / "leaderboard.md").read_text(), (folder / "index.html").read_text()
    for each in (text, page):
        assert "left out, since this is an ablation" in each and "PrivateTest is closed" not in each
    (row,) = [line for line in text.splitlines() if line.startswith("| pixels+tree |")][:1]
    figures = frame.set_index("recipe").loc["pixels+tree"]
    bounds = f"{figures['public_accuracy_low']:.3f}, {figures['public_accuracy_high']:.3f}"
    assert f"| pixels+tree | {figures['public_accuracy']:.3f} \\[{bounds}\\]" in row
    assert "images of PublicTest. The difference" in text and "Rows are sorted by accuracy on PublicTest" in text
    assert "PrivateTest is left out.</strong> This suite is an ablation" in page
    assert "left out" not in (beside / "leaderboard.md").read_text().replace("leaves out", "")


def test_the_images_that_are_also_in_training_are_those_of_the_split_that_is_shown(folder: Path, beside: Path) -> None:
    for root, split, end in ((folder, "PublicTest", "; blank"), (beside, "PrivateTest", ".")):
        leaked = read_results(root).leaked[split]
        said = f"*Without leaks*: {split} without the images that are also in Training "
        assert f"{said}({leaked.sum()} of {len(leaked)} here){end}" in (root / "leaderboard.md").read_text()


def test_published_and_measured_figures_stand_apart(beside: Path) -> None:
    folder = beside
    table = pd.read_csv(folder / "published.csv", keep_default_na=False)
    assert set(table["origin"]) == {"published", "measured"}
    theirs = table[table["origin"] == "published"]
    with Path(published_figures.__file__).with_name("published_fer2013.csv").open() as handle:
        known = list(csv.DictReader(handle))
    assert sorted(theirs["what"]) == sorted(row["what"] for row in known)
    assert (theirs["low"] == "").all() and (table.loc[table["origin"] == "measured", "low"] != "").all()
    assert table["accuracy"].is_monotonic_decreasing
    page = (folder / "index.html").read_text()
    assert page.count("measured here") >= (table["origin"] == "measured").sum()
    assert 'id="published"' in page and 'id="effects"' not in page
    lines = (folder / "published.md").read_text().splitlines()
    assert not [line for line in lines if "Pramerdorfer" in line and "**measured here**" in line]
    assert [line for line in lines if "cnn-4conv@thin" in line and "**measured here**" in line]


def test_a_claim_stands_beside_the_measurement_of_its_architecture_with_the_reason(beside: Path) -> None:
    results = read_results(beside)
    table = published_figures.claims(results, score_results(results)).set_index("what")
    row = table.loc["four convolutions, two fully connected layers"]
    assert row["recipe"] == "cnn-4conv@thin" and row["epochs"] == 3
    expected = "exceeded" if row["accuracy"] >= 0.65 else ("inside the noise" if row["high"] >= 0.65 else "not reached")
    assert row["verdict"] == expected
    assert (row["reason"] == "") == (expected == "exceeded")
    assert table.loc["convolutions with global average pooling", "verdict"] == "not measured yet"
    worse = replace(results, measured=tuple(spoiled(cell) for cell in results.measured))
    row = published_figures.claims(worse, score_results(worse)).set_index("what").loc[row.name]
    assert row["verdict"] == "not reached"
    assert row["reason"].startswith("trained for 3 epochs") and "best epoch was one of the last" in row["reason"]


def test_figures_of_other_rows_are_left_out(tmp_path: Path) -> None:
    results = read_results(fake_results(tmp_path))
    (results.root / "published.csv").write_text("of an earlier report")
    additions = Additions.of(results, score_results(results))
    with undrawn():
        write_report(results.root)
    assert additions.published is None and additions.effects is None and not additions.displays(results)
    assert not (results.root / "published.csv").exists()


def test_a_reference_must_be_one_of_the_recipes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('recipes = ["constant", "hog+svm"]\nreference = "hog+smv"\n')
    with pytest.raises(
        ValueError, match=r"mine.toml: 'reference' must be one of the recipes; .*did you mean 'hog\+svm'"
    ):
        load_suite(path)
    assert load_suite("ablation").as_dict()["reference"] == "ferbench-net-m"


def accuracies(results: Results, label: str) -> float:
    (cell,) = [cell for cell in results.measured if cell.label == label]
    given = cell.proba["PublicTest"].argmax(axis=1)
    return float((np.array(results.classes)[given] == results.labels["PublicTest"]).mean())


def spoiled(cell):  # type: ignore[no-untyped-def]
    return replace(cell, proba={split: np.roll(values, 1, axis=1) for split, values in cell.proba.items()})
