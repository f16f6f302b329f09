"""The leaderboard: right figures, honest rows, and text that is safe to print."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_results import add_cell, digits_dataset, fake_results
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss

from ferbench.benchmarks.pages import find_results
from ferbench.benchmarks.report.leaderboard import build_leaderboard, leaderboard_frame, leaderboard_text
from ferbench.benchmarks.report.markdown import leaderboard_markdown
from ferbench.benchmarks.report.results import read_results
from ferbench.benchmarks.report.scores import score_results
from ferbench.benchmarks.report.seeds import seed_means
from ferbench.benchmarks.report.winner import why_best
from ferbench.benchmarks.scores import holm
from ferbench.benchmarks.store.store import Store
from ferbench.benchmarks.tables import markdown_text, write_csv


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def frame(folder: Path) -> pd.DataFrame:
    return leaderboard_frame(folder)


def test_columns_begin_as_promised_and_rates_are_fractions(frame: pd.DataFrame) -> None:
    assert list(frame.columns[:5]) == ["recipe", "accuracy", "accuracy_low", "accuracy_high", "macro_f1"]
    ok = frame[frame["status"] == "ok"]
    assert ((ok["accuracy_low"] <= ok["accuracy"]) & (ok["accuracy"] <= ok["accuracy_high"])).all()
    assert ok["accuracy"].between(0, 1).all() and ok["macro_f1"].between(0, 1).all()
    assert (ok["n_images"] == len(digits_dataset().rows("PrivateTest"))).all()


def test_figures_are_those_of_scikit_learn_on_the_stored_probabilities(folder: Path, frame: pd.DataFrame) -> None:
    store = Store(folder)
    truth = store.rows()["PrivateTest_labels"]
    for row in frame[frame["status"] == "ok"].to_dict("records"):
        stored = store.probabilities(row["cell_id"])
        proba = stored["PrivateTest"].astype(float)
        predicted = stored["classes"][proba.argmax(axis=1)]
        assert row["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
        assert row["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro", zero_division=0))
        clipped = np.clip(proba, np.finfo(np.float32).eps, None)
        expected = log_loss(truth, clipped / clipped.sum(axis=1, keepdims=True), labels=stored["classes"])
        assert row["log_loss"] == pytest.approx(expected, rel=1e-3)


def test_leak_free_accuracy_leaves_out_the_flagged_rows_and_public_is_its_own_split(
    folder: Path, frame: pd.DataFrame
) -> None:
    store = Store(folder)
    rows = store.rows()
    clean = ~rows["PrivateTest_leaked"]
    for row in frame[frame["status"] == "ok"].to_dict("records"):
        stored = store.probabilities(row["cell_id"])
        right = stored["classes"][stored["PrivateTest"].argmax(axis=1)] == rows["PrivateTest_labels"]
        assert row["leak_free_accuracy"] == pytest.approx(right[clean].mean())
        assert row["leak_free_n_images"] == clean.sum() < row["n_images"]
        assert row["leak_free_accuracy_low"] < row["leak_free_accuracy"] < row["leak_free_accuracy_high"]
        public = stored["classes"][stored["PublicTest"].argmax(axis=1)] == rows["PublicTest_labels"]
        assert row["public_accuracy"] == pytest.approx(public.mean())


def test_rows_are_sorted_and_failed_cells_come_last_with_their_reason_and_no_figure(frame: pd.DataFrame) -> None:
    ok = frame[frame["status"] == "ok"]
    assert ok["accuracy"].is_monotonic_decreasing
    last = frame.iloc[-1]
    assert (last["recipe"], last["status"], last["reason"]) == ("pixels+svm", "timeout", "ran past its 1 s")
    blank = ["accuracy", "macro_f1", "fit_s", "latency_ms_median", "size_bytes", "n_images", "log_loss"]
    assert last[blank].isna().all()
    assert not last["chosen"]


def test_a_percentile_that_was_not_measured_is_blank_in_the_csv(frame: pd.DataFrame, tmp_path: Path) -> None:
    write_csv(frame, tmp_path / "board.csv")
    again = pd.read_csv(tmp_path / "board.csv")
    assert again["latency_ms_p99"].isna().all()
    assert again["latency_ms_p90"].notna().sum() == (frame["status"] == "ok").sum()
    assert "nan" not in (tmp_path / "board.csv").read_text().lower()


def test_the_constant_row_is_there_and_flagged_but_never_chosen(frame: pd.DataFrame) -> None:
    constant = frame[frame["recipe"] == "constant"].iloc[0]
    assert constant["flag"] == "predicts 1 of 7 classes"
    assert constant["against_first"] == "worse"
    chosen = frame[frame["chosen"]]
    contestants = frame[(frame["status"] == "ok") & (frame["family"] != "constant")]
    assert len(chosen) == 1
    assert chosen["public_accuracy"].iloc[0] == contestants["public_accuracy"].max()


def test_a_constant_row_is_worked_out_where_none_was_run(tmp_path: Path) -> None:
    folder = fake_results(tmp_path)
    constant = next((folder / "records").glob("constant*"))
    before = leaderboard_frame(folder).set_index("recipe").loc["constant"]
    constant.unlink()
    derived = leaderboard_frame(folder).set_index("recipe").loc["constant"]
    assert derived["status"] == "derived"
    for name in ("accuracy", "macro_f1", "log_loss", "public_accuracy"):
        assert derived[name] == pytest.approx(before[name], rel=1e-5)
    assert derived[["fit_s", "latency_ms_median", "size_bytes"]].isna().all()


def test_differences_from_the_first_row_are_shown_or_not(frame: pd.DataFrame) -> None:
    by_recipe = frame.set_index("recipe")["against_first"]
    assert by_recipe.iloc[0] == "first"
    assert "not shown to differ" in (by_recipe["pixels+nb"], by_recipe["pixels+logreg"])
    assert by_recipe["pixels+tree"] == "worse"


def test_the_winner_is_compared_with_the_rest_and_corrected_over_that_alone(folder: Path, frame: pd.DataFrame) -> None:
    rows = frame[frame["status"] == "ok"].set_index("recipe")
    assert rows.loc[rows["chosen"], "against_winner"].tolist() == ["winner"]
    winner, rest = rows[rows["chosen"]].iloc[0], rows[~rows["chosen"]]
    assert rest["winner_difference"].to_numpy() == pytest.approx((rest["accuracy"] - winner["accuracy"]).to_numpy())
    assert rest["winner_difference"].between(rest["winner_difference_low"], rest["winner_difference_high"]).all()
    board = score_results(read_results(folder))
    pairs = board.pairs.set_index(["a", "b"])
    single = {
        label: pairs["p_mcnemar"].get((label, winner.name), pairs["p_mcnemar"].get((winner.name, label)))
        for label in rest.index
    }
    assert rest["winner_p_holm"].to_numpy() == pytest.approx(holm(list(single.values())))
    sure = rest["winner_p_holm"] < 0.05
    assert (rest["against_winner"] != "not shown to differ").equals(sure) and sure.any() and not sure.all()
    assert pairs["p_holm_winner"].notna().sum() == len(rest)
    text = leaderboard_text(frame)
    assert "= winner: not shown to differ" in text and "Holm-corrected over 5 comparisons" in text


def test_a_row_put_together_of_bundles_is_not_the_best_and_the_page_says_so(tmp_path: Path) -> None:
    folder = fake_results(tmp_path)
    for path in (folder / "records").glob("pixels+logreg*"):
        content = json.loads(path.read_text())
        content["recipe"]["family"] = "pretrained"
        path.write_text(json.dumps(content))
        # With a bundle of its own it can be taken, whatever it is made of.
        assert content["bundle"] and "pixels+logreg" in {cell.recipe for cell in read_results(folder).candidates}
        path.write_text(json.dumps(content | {"bundle": None}))
    results = read_results(folder)
    board = score_results(results)
    text = why_best(results, board)
    assert "Only rows that can be taken as a recognizer can be the best" in text
    assert f"pixels+logreg ({board.public['pixels+logreg'].value:.3f})" in text
    assert board.best(results).recipe != "pixels+logreg"
    assert "Left out by this" in leaderboard_markdown(results, board, build_leaderboard(results, board))
    every = fake_results(tmp_path / "every")
    for path in (every / "records").glob("*.json"):
        content = json.loads(path.read_text())
        if content["recipe"]["family"] != "constant":
            content["recipe"]["family"] = "pretrained"
            path.write_text(json.dumps(content | {"bundle": None}))
    results = read_results(every)
    assert why_best(results, score_results(results)).startswith("Every row but the constant ones can be the best")


def test_terminal_text_shows_each_row_with_interval_and_the_drawn_warning(frame: pd.DataFrame) -> None:
    text = leaderboard_text(frame)
    for row in frame[frame["status"] == "ok"].to_dict("records"):
        line = next(line for line in text.splitlines() if line.startswith(f"{row['recipe']} "))
        assert f"{row['accuracy']:.3f} [{row['accuracy_low']:.3f}, {row['accuracy_high']:.3f}]" in line
    assert "372 images" in text and "timeout; ran past its 1 s" in text and "drawn" not in text
    assert "drawn faces, not real photographs" in leaderboard_text(frame.assign(drawn=True))


def test_seeds_are_rows_of_their_own_and_are_averaged(tmp_path: Path) -> None:
    frame = leaderboard_frame(fake_results(tmp_path, seeds=(0, 1, 2)))
    assert (frame["recipe"] == "mlp").sum() == 3
    assert set(frame.loc[frame["recipe"] == "mlp", "seed"]) == {0, 1, 2}
    means = seed_means(frame).set_index("recipe")
    own = frame.loc[frame["recipe"] == "mlp", "accuracy"]
    assert means.loc["mlp", "accuracy"] == pytest.approx(own.mean())
    assert means.loc["mlp", "accuracy_sd"] == pytest.approx(own.std())
    assert "mlp (seed 2)" in leaderboard_text(frame)


def test_a_recognizer_with_other_class_order_is_scored_by_name(tmp_path: Path) -> None:
    folder = fake_results(tmp_path)
    record = next((folder / "records").glob("pixels+logreg*"))
    before = leaderboard_frame(folder).set_index("recipe").loc["pixels+logreg", "accuracy"]
    path = folder / "probabilities" / f"{record.stem}.npz"
    stored = Store(folder).probabilities(record.stem)
    turned = {name: values[..., ::-1] for name, values in stored.items()}
    np.savez_compressed(path, **turned)
    content = json.loads(record.read_text())
    content["classes"] = content["classes"][::-1]
    record.write_text(json.dumps(content))
    assert leaderboard_frame(folder).set_index("recipe").loc["pixels+logreg", "accuracy"] == before


def test_text_of_records_cannot_move_the_cursor_or_open_a_column() -> None:
    assert markdown_text("a|b<script>`x`\x1b[2J\n") == r"a\|b&lt;script&gt;\`x\` \[2J "


def test_control_characters_of_a_recipe_do_not_reach_the_terminal(tmp_path: Path) -> None:
    dataset = digits_dataset()
    folder = fake_results(tmp_path, dataset)
    recipe = {"name": "evil\x1b[2J", "family": "classical", "params": {}}
    add_cell(Store(folder), dataset, recipe, 0, LogisticRegression(max_iter=2000))
    assert "\x1b" not in leaderboard_text(leaderboard_frame(folder))


def test_the_only_data_set_is_found_and_several_are_listed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such folder"):
        find_results(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="no records in it"):
        find_results(tmp_path)
    (tmp_path / "one" / "records").mkdir(parents=True)
    assert find_results(tmp_path) == tmp_path / "one"
    (tmp_path / "two" / "records").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"several data sets; name one of .*one, .*two"):
        find_results(tmp_path)


def test_files_that_do_not_fit_together_are_named_in_one_line(tmp_path: Path) -> None:
    folder = fake_results(tmp_path)
    path = next((folder / "probabilities").glob("pixels+tree*"))
    stored = Store(folder).probabilities(path.stem)
    np.savez_compressed(path, **{**stored, "PrivateTest": stored["PrivateTest"][1:]})
    with pytest.raises(ValueError, match=r"pixels\+tree.*shape \(371, 7\), expected \(372, 7\)"):
        read_results(folder)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="damaged archive"):
        read_results(folder)
    path.unlink()
    with pytest.raises(FileNotFoundError, match="missing, though its record is ok"):
        read_results(folder)


def test_an_empty_folder_of_records_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    with pytest.raises(ValueError, match="no readable record"):
        read_results(tmp_path)
