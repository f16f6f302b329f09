"""Seeds: mean and spread over fits, kept apart from the interval over test images."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_results import fake_results

from ferbench.benchmarks.report import leaderboard_frame, leaderboard_text
from ferbench.benchmarks.report.seeds import seed_means, seeds_markdown, seeds_text
from ferbench.benchmarks.scores import Spread, spreads
from ferbench.benchmarks.store import Store, Suite, read_arrays, save_arrays, with_seeds
from ferbench.cli.entry import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_results(tmp_path_factory.mktemp("results"), seeds=(0, 1, 2))


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return leaderboard_frame(folder)


def test_the_leaderboard_shows_the_spread_over_seeds_and_the_interval_over_images(frame: pd.DataFrame) -> None:
    rows = frame[frame["recipe"] == "mlp"]
    own = rows["accuracy"]
    assert (rows["seeds"] == 3).all() and set(rows["seed_split"]) == {"PrivateTest"}
    assert rows["seed_mean"].iloc[0] == pytest.approx(own.mean())
    assert rows["seed_sd"].iloc[0] == pytest.approx(own.std()) and own.std() > 0
    assert rows["accuracy_low"].notna().all() and (rows["seed_min"] == own.min()).all()
    # The same fit with every seed has no spread.
    assert frame.loc[frame["recipe"] == "pixels+nb", "seed_sd"].iloc[0] == 0
    failed = frame[frame["status"] == "timeout"].iloc[0]
    assert pd.isna(failed["seeds"]) and pd.isna(failed["seed_mean"])
    text = leaderboard_text(frame)
    assert f"mlp: {own.mean():.3f} ± {own.std():.3f} over 3 seeds on PrivateTest (over images: ± " in text


def test_means_have_both_and_say_on_which_split(frame: pd.DataFrame) -> None:
    means = seed_means(frame).set_index("recipe")
    rows = frame[frame["recipe"] == "mlp"]
    half = ((rows["accuracy_high"] - rows["accuracy_low"]) / 2).mean()
    assert means.loc["mlp", "interval"] == pytest.approx(half) and means.loc["mlp", "split"] == "PrivateTest"
    assert means.loc["mlp", "macro_f1_sd"] == pytest.approx(rows["macro_f1"].std())
    markdown = seeds_markdown(seed_means(frame))
    assert "± sd of seeds" in markdown and "± over images" in markdown and "mlp" in markdown


def test_seeds_are_compared_on_publictest_where_privatetest_stays_closed_for_one(tmp_path: Path) -> None:
    root = fake_results(tmp_path, seeds=(0, 1))
    store = Store(root)
    (record,) = [each for each in store.records() if (each["recipe"]["name"], each["seed"]) == ("mlp", 1)]
    path = root / "probabilities" / f"{record['cell_id']}.npz"
    save_arrays(path, {name: values for name, values in read_arrays(path).items() if name != "PrivateTest"})
    rows = leaderboard_frame(root)
    rows = rows[rows["recipe"] == "mlp"]
    assert set(rows["seed_split"]) == {"PublicTest"} and rows["accuracy"].isna().sum() == 1
    assert rows["seed_mean"].iloc[0] == pytest.approx(rows["public_accuracy"].mean())


def test_a_single_seed_row_says_what_it_cannot_show(frame: pd.DataFrame) -> None:
    one = frame[(frame["seed"] == 0) | frame["seed"].isna()]
    assert seeds_text(one).startswith("Every recipe was measured with one seed. A single-seed row cannot show")
    assert seed_means(one).empty
    mixed = frame[(frame["recipe"] == "mlp") | (frame["seed"] == 0)]
    assert "1 of 6 recipes were measured with several seeds. A row of a recipe with a single seed" in seeds_text(mixed)
    assert seeds_text(frame) == "6 of 6 recipes were measured with several seeds."


def test_a_spread_needs_values_and_has_no_deviation_for_one() -> None:
    assert np.isnan(Spread.of([0.5]).sd) and Spread.of([0.5]).text() == "0.500"
    found = spreads([("a", 1.0), ("b", float("nan")), ("a", 3.0)])
    assert list(found) == ["a"] and (found["a"].n, found["a"].mean, found["a"].low) == (2, 2.0, 1.0)
    assert found["a"].sd == pytest.approx(2**0.5)
    with pytest.raises(ValueError, match="at least one finite value"):
        Spread.of([])


def test_seeds_are_those_of_the_suite_first() -> None:
    suite = Suite("small", ("hog+svm",), seeds=(4, 0))
    assert with_seeds(suite, 4).seeds == (4, 0, 1, 2)
    # Cells that were measured keep their ids.
    assert {cell.cell_id for cell in suite.cells("f")} < {cell.cell_id for cell in with_seeds(suite, 4).cells("f")}
    with pytest.raises(ValueError, match="--seeds must be at least 2, the number of seeds of suite small; got 1"):
        with_seeds(suite, 1)


def test_the_command_plans_each_recipe_with_each_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = tmp_path / "small.toml"
    suite.write_text(
        f"recipes = {json.dumps(['constant'])}\n[dataset]\nsource = 'faces'\noptions = {{n_samples = 70}}\n"
    )
    arguments = ["run", str(suite), "--seeds", "3", "--dry-run", "--output", str(tmp_path / "out")]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"constant-s{seed}-" in out for seed in range(3)) and "3 of 3 cells would be measured" in out
