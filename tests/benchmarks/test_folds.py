"""Folds are cells: their ids, what they may see, how they go on, and what the leaderboard says of them."""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fake_results import fake_results
from matplotlib.figure import Figure
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef

from ferbench.benchmarks import FoldResults, best, choose, identity, read_results, report_text, run_suite
from ferbench.benchmarks.folds import FoldReport, write_summary
from ferbench.benchmarks.folds.curve import crossing_point
from ferbench.benchmarks.folds.reading import FoldContent
from ferbench.benchmarks.folds.table import with_metrics
from ferbench.benchmarks.folds.tally import Tally
from ferbench.benchmarks.folds.wording import notes_of
from ferbench.benchmarks.pages import suite_folders
from ferbench.benchmarks.run import FoldedRun, InProcessExecutor, make_executor, with_protocol
from ferbench.benchmarks.run.executors import _Warm
from ferbench.benchmarks.run.folds import plan_folds, refuse_seen
from ferbench.benchmarks.run.handoff import read_data, write_data
from ferbench.benchmarks.run.process import cell_environment
from ferbench.benchmarks.run.warm import WarmStart
from ferbench.benchmarks.scores import Metric, score
from ferbench.benchmarks.store import Ledger, Store, Suite, load_suite, with_seeds
from ferbench.benchmarks.tasks import get_task
from ferbench.cli import main
from ferbench.datasets import Dataset, load, make_faces
from ferbench.models.bundles import DEVELOPMENT
from ferbench.utils import finished_files

ROOT = Path(__file__).parents[2]

TWO = ("constant", "pixels+tree")
RECIPES = ("constant", "pixels+tree", "pixels+logreg")
SUITE = Suite("mine", RECIPES, protocol="kfold:2")


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(84, size=24, random_state=0, difficulty=0.1, n_people=6)


@pytest.fixture(scope="module")
def output(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same recipes under three protocols."""
    folder = tmp_path_factory.mktemp("folds")
    for suite in (
        SUITE,
        replace(SUITE, protocol="random:2", recipes=TWO),
        replace(SUITE, protocol="curve:0.5,1", seeds=(0, 1), recipes=TWO),
    ):
        assert not FoldedRun(suite, faces, folder).execute(InProcessExecutor()).failed
    return folder


@pytest.fixture
def kfold(output: Path) -> FoldResults:
    return FoldResults.of(output / "faces-kfold2")


def records(folder: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_bytes()) for path in finished_files(folder, "records/*.json")]


# --- Cells ------------------------------------------------------------------------------------------------------------


def test_each_fold_is_a_record_of_its_own_with_protocol_and_fold_in_its_id(output: Path) -> None:
    found = records(output / "faces-kfold2")
    assert len(found) == 6
    for record in found:
        about = record["protocol"]
        assert record["identity"]["data"]["protocol"] == about["name"]
        assert identity.standing_of(record, Store(output / "faces-kfold2"), []).kind == identity.COMPLETE
        assert isinstance(about, dict) and about["name"] == "kfold:2" and about["of"] == 2
        assert f"-{about['fold']}-s0-" in str(record["cell_id"]) and record["bundle"] is None
    curve = records(output / "faces-curve-0.5-1")
    assert {str(record["cell_id"]).split("-s")[0] for record in curve} >= {"constant-curve-0.5", "pixels+tree-curve-1"}


def test_the_ids_of_the_official_split_do_not_know_of_protocols(faces: Dataset) -> None:
    official = Suite("mine", RECIPES)
    ids = [cell.cell_id for cell in official.cells("ab12")]
    assert ids == [cell.cell_id for cell in with_protocol(official, "official").cells("ab12")]
    assert not {"protocol", "test_sources"} & official.as_dict().keys()
    folds = plan_folds(SUITE, faces)
    assert not {fold.cell(SUITE, name).cell_id for fold in folds for name in RECIPES} & set(ids)


def test_a_suite_keeps_no_folder_of_the_data_that_it_tests_on() -> None:
    suite = with_protocol(Suite("mine", RECIPES), " cross ", ["/home/me/private/ck48.zip", "ckplus:/data/ck"])
    assert suite.protocol == "cross"
    assert suite.as_dict()["test_sources"] == ("ck48.zip", "ckplus:ck")


def test_a_name_with_spaces_does_not_get_past_the_gate(tmp_path: Path) -> None:
    file = tmp_path / "spaced.toml"
    file.write_text('name = "spaced"\nrecipes = ["constant"]\nprotocol = " official "\n')
    assert load_suite(file).protocol == "official"
    file.write_text('name = "spaced"\nrecipes = ["constant"]\nprotocol = " kfold:3 "\n')
    assert load_suite(file).protocol == "kfold:3"


def test_a_process_that_starts_cells_is_replaced_when_it_has_ended() -> None:
    with _Warm(1) as warm_of:
        first = warm_of.get()
        assert warm_of.get() is first
        first._process.kill()
        first._process.wait(30)
        with pytest.raises(OSError, match="has ended; run again to go on"):
            first.start(Path("nowhere"), None)
        second = warm_of.get()
        assert second is not first and second.alive
        # It would first import all that a cell needs.
        second._process.kill()


def test_learning_curves_alone_have_a_page_and_no_table(output: Path, tmp_path: Path) -> None:
    shutil.copytree(output / "faces-curve-0.5-1", tmp_path / "faces-curve-0.5-1")
    text = write_summary(tmp_path)
    assert "Every row" not in text and not list(tmp_path.glob("protocols.[cp][sn][vg]"))
    assert suite_folders(tmp_path) == []


def test_a_run_goes_on_with_the_folds_that_are_missing(output: Path, faces: Dataset, tmp_path: Path) -> None:
    shutil.copytree(output / "faces-kfold2", tmp_path / "faces-kfold2")
    (gone,) = (tmp_path / "faces-kfold2").glob("records/pixels+tree-kfold2-2-*.json")
    gone.unlink()
    run = FoldedRun(SUITE, faces, tmp_path)
    assert [step.cell.cell_id for step in run.plan() if step.action == "run"] == [gone.stem]
    summary = run.execute(InProcessExecutor())
    assert (summary.kept, len(summary.measured)) == (5, 1) and gone.is_file()


def test_a_fold_is_shown_by_its_accuracy_on_its_own_rows(output: Path, faces: Dataset) -> None:
    run = FoldedRun(SUITE, faces, output)
    for cell in run.cells[-2:]:
        proba = run.store.probabilities(cell.cell_id)
        labels = run._fold_of[cell.cell_id].dataset.part("PublicTest")[1]
        scores = score(labels, proba["PublicTest"], proba["classes"].tolist(), n_bootstrap=0)
        assert run.figure(cell.cell_id) == pytest.approx(scores.accuracy)


def test_nothing_that_is_stored_names_a_person(output: Path, faces: Dataset, tmp_path: Path) -> None:
    assert (
        not FoldedRun(replace(SUITE, recipes=("constant",), protocol="loso"), faces, tmp_path)
        .execute(InProcessExecutor())
        .failed
    )
    for folder in (output / "faces-kfold2", tmp_path / "faces-loso"):
        FoldReport(folder).write()
        for path in (path for path in folder.rglob("*") if path.is_file()):
            assert b"person_0" not in path.read_bytes() and "person_0" not in path.name
        assert all(
            column.dtype.kind != "U" or "person_0" not in str(column) for column in Store(folder).rows().values()
        )


@pytest.mark.usefixtures("spies")
def test_a_fold_that_dies_is_a_record_and_the_next_one_runs(faces: Dataset, tmp_path: Path) -> None:
    suite = Suite("mine", ("segfault", "quick"), protocol="holdout")
    summary = FoldedRun(suite, faces, tmp_path).execute(make_executor("local"))
    found = {record["recipe"]["name"]: record["status"] for record in summary.measured}
    assert found == {"segfault": "killed", "quick": "ok"}
    frame = FoldResults.of(summary.root).frame().set_index("recipe")
    assert list(frame["status"]) == ["ok", "incomplete"] and frame.index[0] == "quick"
    assert "1 of 1 folds missing: holdout seed 0 (killed)" in frame.loc["segfault", "note"]


def test_a_process_that_was_forked_can_be_killed_and_the_next_one_starts(tmp_path: Path) -> None:
    warm = WarmStart(cell_environment(1))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        os.mkfifo(tmp_path / name / "job.json")  # The cell waits for its job.
        child = warm.start(tmp_path / name, None)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.3)
        while os.getpgid(child.pid) != child.pid:
            time.sleep(0.01)
        os.killpg(child.pid, signal.SIGKILL)
        assert child.wait(60) == -signal.SIGKILL
    warm.close()


# --- What may be seen -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kfold:2", "random:2", "holdout", "loso", "curve:0.5,1", "cross"])
def test_an_official_test_part_is_in_no_fold(name: str, faces: Dataset) -> None:
    given = replace(faces, official_test=True)
    other = replace(make_faces(84, size=24, random_state=5, n_people=6), name="other", official_test=True)
    closed = {image.tobytes() for each in (given, other) for image in each.part("PrivateTest")[0]}
    suite = replace(SUITE, protocol=name, test_sources=("other",) if name == "cross" else ())
    folds = plan_folds(suite, given, other if name == "cross" else None)
    for fold in folds:
        assert not closed & {image.tobytes() for image in fold.dataset.images}
        assert len(fold.dataset.rows("PrivateTest"))
        assert "stays closed" in " ".join(fold.dataset.notes) or name == "loso"
    if name == "curve:0.5,1":
        assert set(folds[0].dataset.part("PrivateTest")[0].tobytes()) and np.array_equal(
            folds[0].dataset.part("PrivateTest")[0], given.part("PublicTest")[0]
        )


def test_a_source_with_a_test_part_is_official_and_one_without_is_not(tmp_path: Path) -> None:
    pixels = " ".join(["7"] * 2304)
    parts = ("Training", "PublicTest", "PrivateTest")
    lines = [f"{code},{number} {pixels[2:]},{part}" for number, part in enumerate(parts) for code in range(7)]
    for name, column in (("given.csv", "emotion,pixels,Usage"), ("private.csv", "emotion,pixels,Usage")):
        chosen = [line for line in lines if name == "given.csv" or line.endswith("PrivateTest")]
        (tmp_path / name).write_text("\n".join([column, *chosen]))
    assert load(tmp_path / "given.csv").official_test
    assert not make_faces(42, size=24).official_test
    with pytest.raises(ValueError, match="all images are of PrivateTest, on which nothing is fitted"):
        load(tmp_path / "private.csv")


def test_the_process_that_fits_gets_no_label_of_the_test_part(faces: Dataset) -> None:
    fold = plan_folds(SUITE, faces)[0].dataset
    handed = read_data(write_data(fold, get_task("expressions")))
    assert set(handed.split) == {"Training", "PublicTest"}
    assert len(handed) == len(fold) - len(fold.rows("PrivateTest"))
    assert fold.groups is not None
    chosen, fitted = (set(fold.groups[fold.rows(part)]) for part in ("PublicTest", "Training"))
    assert chosen and not chosen & fitted


def test_each_opening_of_a_fold_is_in_the_ledger(output: Path, faces: Dataset) -> None:
    openings = Ledger(output / "faces-kfold2").openings()
    assert len(openings) == 6 and sum(each.n_images for each in openings) == 3 * len(faces)


def test_a_network_that_knows_the_test_rows_is_refused() -> None:
    about = {"data": "fer2013", "tested": ["ab12"]}
    refuse_seen(SimpleNamespace(get_params=dict, trained_on_="cd34"), about)
    with pytest.raises(
        ValueError, match="was trained on the data set whose rows are the test of the folds; leave the recipe out"
    ):
        refuse_seen(SimpleNamespace(get_params=dict, trained_on_="ab12"), about)


# --- The leaderboard --------------------------------------------------------------------------------------------------


def test_the_leaderboard_is_the_mean_over_folds_with_both_spreads_apart(kfold: FoldResults, output: Path) -> None:
    frame, folds = kfold.frame().set_index("recipe"), kfold.folds()
    for recipe, rows in folds.groupby("recipe"):
        assert frame.loc[recipe, "accuracy"] == pytest.approx(rows["accuracy"].mean())
        assert frame.loc[recipe, "sd_folds"] == pytest.approx(rows["accuracy"].std())
    assert frame["sd_seeds"].isna().all()
    assert any("one seed: no spread over seeds" in note for note in notes_of(kfold))
    assert (frame["n_people"] == 6).all() and (frame["n_images"] == 84).all()
    assert (frame["pooled_low"] <= frame["pooled"]).all() and (frame["pooled"] <= frame["pooled_high"]).all()
    curve = FoldResults.of(output / "faces-curve-0.5-1").frame()
    assert curve["sd_seeds"].notna().all() and (curve["note"] == "").all()


def test_the_interval_resamples_people_not_images() -> None:
    right, wrong = np.diag([10.0, 0.0]), np.array([[0, 10.0], [0, 0]])
    by_person = Tally(np.stack([right, wrong] * 10), people=True)
    by_image = Tally(np.concatenate([np.stack([right, wrong] * 50) / 5] * 2), people=False)
    assert by_person.accuracy().value == by_image.accuracy().value == 0.5
    wide, narrow = (each.accuracy().high - each.accuracy().low for each in (by_person, by_image))
    assert 0.35 < wide < 0.55 and narrow < wide / 2
    same = by_person.less(by_person)
    assert (same.value, same.low, same.high) == (0, 0, 0)


def test_a_recipe_with_missing_folds_is_a_row_that_says_so(output: Path, tmp_path: Path) -> None:
    folder = tmp_path / "faces-kfold2"
    shutil.copytree(output / "faces-kfold2", folder)
    for path in folder.glob("records/pixels+logreg-kfold2-2-*.json"):
        path.unlink()
    FoldReport(folder).write()
    last = pd.read_csv(folder / "leaderboard.csv").iloc[-1]
    assert (last["recipe"], last["status"], last["folds"]) == ("pixels+logreg", "incomplete", 1)
    assert "1 of 2 folds missing: kfold2-2 seed 0 (not measured)" in last["note"]
    assert np.isnan(last["difference"]) and "1 of 2" in (folder / "leaderboard.md").read_text()
    with pytest.raises(ValueError, match="recipe 'pixels\\+logreg' lacks folds"):
        FoldResults.of(folder).difference("pixels+logreg", "constant")


def test_stale_and_incomplete_folds_are_marked(output: Path, tmp_path: Path) -> None:
    folder = tmp_path / "faces-kfold2"
    shutil.copytree(output / "faces-kfold2", folder)
    FoldReport(folder).write()
    assert "stale" not in (folder / "leaderboard.md").read_text()
    (changed,) = folder.glob("records/pixels+logreg-kfold2-2-*.json")
    record = json.loads(changed.read_bytes())
    record["identity"]["behavior"]["PixelExtractor"] = "0"
    changed.write_text(json.dumps(record))
    for path in folder.glob("records/pixels+tree-*.json"):
        path.write_text(json.dumps(json.loads(path.read_bytes()) | {"identity": None}))
    FoldReport(folder).write()
    notes = pd.read_csv(folder / "leaderboard.csv", index_col="recipe")["note"]
    assert notes["pixels+logreg"].startswith("stale in 1 of 2 folds: version of PixelExtractor is")
    assert notes["pixels+tree"] == "identity incomplete in 2 of 2 folds"
    assert "identity incomplete in 2 of 2 folds" in (folder / "leaderboard.md").read_text()


def test_pooled_predictions_give_the_confusion_matrix(kfold: FoldResults, faces: Dataset) -> None:
    table = kfold.display("confusion", recipe="pixels+logreg").frame().set_index("label")
    assert {label: int(n) for label, n in table.sum(axis=1).items()} == dict.fromkeys(faces.label_names, 12)
    labels, proba = kfold.pooled("pixels+logreg")
    given = np.array(kfold.classes)[proba.argmax(axis=1)]
    frame = kfold.frame().set_index("recipe")
    assert (given == labels).mean() == pytest.approx(frame.loc["pixels+logreg", "pooled"])
    gap = kfold.difference("pixels+logreg", "constant")
    assert gap.value == pytest.approx(frame.loc["pixels+logreg", "pooled"] - frame.loc["constant", "pooled"])
    assert gap.low <= gap.value <= gap.high and kfold.best() in ("pixels+tree", "pixels+logreg")


@pytest.mark.parametrize("kind", ["suite", "folds"])
def test_the_same_calls_work_on_a_suite_and_on_folds(kind: str, output: Path, tmp_path: Path) -> None:
    results = read_results(fake_results(tmp_path) if kind == "suite" else output / "faces-kfold2")
    a, b, ax = "pixels+logreg", "pixels+tree", Figure().subplots()
    frame = results.frame().set_index("recipe")
    stored = results.probabilities(a)
    assert set(stored) == {"PublicTest", "PrivateTest"}
    for split, proba in stored.items():
        assert proba.shape == (len(results.labels[split]), len(results.classes))
    answers = np.array(results.classes)[stored["PrivateTest"].argmax(axis=1)]
    found = results.compare(a, b)
    pooled = "accuracy" if kind == "suite" else "pooled"
    assert (answers == results.labels["PrivateTest"]).mean() == pytest.approx(frame.loc[a, pooled])
    assert found.difference == pytest.approx(frame.loc[a, pooled] - frame.loc[b, pooled])
    assert found.low <= found.difference <= found.high and 0 < found.p <= 1
    assert f"{a} against {b} on PrivateTest ({found.n_images:,} images)" in str(found)
    assert results.compare(a, b, split="PublicTest").split == "PublicTest"
    for call, message in (
        (lambda: results.compare(a, a), "compare needs two recognizers"),
        (lambda: results.compare(a, b, split="Training"), "split must be one of PublicTest, PrivateTest"),
        (lambda: results.probabilities("pixels+tre"), "unknown recipe 'pixels\\+tre'.*did you mean 'pixels\\+tree'"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    assert results.plot("confusion", recipe=a, ax=ax) is ax


def test_recipes_are_compared_over_people(kfold: FoldResults, output: Path, tmp_path: Path) -> None:
    found, gap = kfold.compare("pixels+logreg", "constant"), kfold.difference("pixels+logreg", "constant")
    assert (found.low, found.difference, found.high) == (gap.low, gap.value, gap.high)
    assert found.n_images == 84 and found.verdict == ("better" if found.p < 0.05 else "not shown to differ")
    share = {"good": dict.fromkeys(("kfold2-1", "kfold2-2"), 0.9), "bad": dict.fromkeys(("kfold2-1", "kfold2-2"), 0.2)}
    read = kfold.content
    cells = {
        name: tuple(answering(read, cell.fold, cell, right) for cell in read.cells["constant"])
        for name, right in share.items()
    }
    apart = FoldResults(replace(read, cells=cells))
    better, worse = apart.compare("good", "bad"), apart.compare("bad", "good")
    assert (better.verdict, worse.verdict) == ("better", "worse") and better.p == pytest.approx(2 / 1001)
    curve = FoldResults.of(output / "faces-curve-0.5-1")
    assert curve.compare(*TWO).n_images == len(np.unique(curve.content.folds[-1].parts["PrivateTest"].rows))
    assert len(curve.probabilities("constant")["PrivateTest"]) == len(curve.pooled("constant")[0])
    same = Tally(np.stack([np.eye(2)] * 3), people=True)
    assert same.p_of_difference(same) == 1
    shutil.copytree(output / "faces-kfold2", tmp_path / "faces-kfold2")
    next((tmp_path / "faces-kfold2").glob("records/pixels+tree-kfold2-2-*.json")).unlink()
    with pytest.raises(ValueError, match="recipe 'pixels\\+tree' lacks folds"):
        FoldResults.of(tmp_path / "faces-kfold2").probabilities("pixels+tree")


def test_one_recipe_is_compared_with_the_rest_and_the_page_says_what_can_be_shown(
    kfold: FoldResults, output: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best = kfold.best()
    assert best is not None
    table = kfold.compare_with(best).set_index("recipe")
    assert set(table.index) == set(kfold.recipes) - {best} and set(table["against"]) == {best}
    for recipe, row in table.iterrows():
        pair = kfold.compare(str(recipe), best)
        assert (row["difference"], row["difference_low"], row["p_bootstrap"]) == (pair.difference, pair.low, pair.p)
        assert row["p_holm"] >= row["p_bootstrap"]
    # The figures of the leaderboard, from which a reader can work it out.
    shown = kfold.frame().set_index("recipe").loc[table.index, "difference"]
    assert shown.to_numpy() == pytest.approx(table["difference"].to_numpy())
    said = "people a paired comparison detects, with a chance of 80 %, a difference of"
    for name in ("faces-kfold2", "faces-curve-0.5-1"):
        page = FoldReport(output / name).write()
        assert said in page.read_text() and said in (page.parent / "leaderboard.md").read_text()
    write_summary(output)
    text = (output / "protocols.md").read_text()
    assert "- kfold:2: On these 6 people" in text and text.count(said) >= 4
    assert main(["report", str(output / "faces-kfold2"), "--reference", "constant"]) == 0
    assert "against constant" in (out := capsys.readouterr().out) and "pixels+tree" in out
    with pytest.raises(ValueError, match="unknown recipe 'constnt'"):
        kfold.compare_with("constnt")
    shutil.copytree(output / "faces-kfold2", tmp_path / "faces-kfold2")
    next((tmp_path / "faces-kfold2").glob("records/pixels+tree-kfold2-2-*.json")).unlink()
    assert "pixels+tree" not in set(FoldResults.of(tmp_path / "faces-kfold2").compare_with("constant")["recipe"])


def test_the_best_of_folds_is_refused_in_one_line_with_what_to_do(kfold: FoldResults) -> None:
    with pytest.raises(
        ValueError, match=r"holds folds of kfold:2.*for a winner, run the suite without a protocol"
    ) as e:
        best(kfold, max_latency_ms=5)
    assert "\n" not in str(e.value)


def test_metrics_of_plug_ins_are_columns_of_the_pooled_predictions(kfold: FoldResults, output: Path) -> None:
    FoldReport(kfold.root).write()
    table = pd.read_csv(kfold.root / "leaderboard.csv").set_index("recipe")
    assert {"matthews", "cohen_kappa"} <= set(table.columns[list(table.columns).index("note") + 1 :])
    labels, proba = kfold.pooled("pixels+logreg")
    given = np.array(kfold.classes)[proba.argmax(axis=1)]
    assert table.loc["pixels+logreg", "matthews"] == pytest.approx(matthews_corrcoef(labels, given), abs=1e-5)
    assert table.loc["pixels+logreg", "cohen_kappa"] == pytest.approx(cohen_kappa_score(labels, given), abs=1e-5)
    curve = FoldResults.of(output / "faces-curve-0.5-1").frame()
    assert curve.loc[curve["recipe"] == "pixels+tree", "cohen_kappa"].notna().all()
    with pytest.raises(ValueError, match="metric 'pooled': the leaderboard has such a column already"):
        with_metrics({"pooled": 0.5}, kfold.content, [], {"pooled": Metric("pooled", "Pooled", lambda *_: 0.5)})


def test_tables_plots_and_page_are_written_from_the_records(output: Path) -> None:
    for name, plot in (("faces-kfold2", "folds"), ("faces-curve-0.5-1", "curve")):
        page = FoldReport(output / name).write()
        for file in ("leaderboard.csv", "leaderboard.md", "folds.csv", f"{plot}.png"):
            assert (page.parent / file).is_file()
        assert "pixels+<wbr>tree" in page.read_text() and "<svg" in page.read_text()
        assert "pixels+tree" in report_text(page.parent, FoldReport(page.parent).frame)


def test_protocols_beside_each_other_say_how_much_random_flatters(output: Path) -> None:
    text = write_summary(output)
    gaps = pd.read_csv(output / "flatters.csv").set_index("recipe")
    assert set(gaps.index) == set(TWO) and (gaps["n_people"] == 6).all()
    random, kfold = (
        FoldResults.of(output / f"faces-{name}2").frame().set_index("recipe") for name in ("random", "kfold")
    )
    for recipe in TWO:
        expected = random.loc[recipe, "pooled"] - kfold.loc[recipe, "pooled"]
        assert gaps.loc[recipe, "flatters"] == pytest.approx(expected, abs=1e-5)
    assert "How much random:2 flatters, against kfold:2" in text and (output / "protocols.png").is_file()


def test_the_winner_of_folds_is_no_bundle(output: Path) -> None:
    with pytest.raises(ValueError, match="holds folds of kfold:2, of which none can be taken"):
        choose.choose_best(output / "faces-kfold2")


# --- Curves -----------------------------------------------------------------------------------------------------------


def test_a_crossing_point_is_interpolated_over_the_logarithm() -> None:
    at = np.array([0.1, 0.4, 1.0])
    assert crossing_point(at, np.array([0.1, -0.1, -0.2])) == pytest.approx(0.2)
    assert crossing_point(at, np.array([-0.1, 0.1, -0.1])) == pytest.approx(np.sqrt(0.4))
    assert crossing_point(at, np.array([-0.1, -0.1, -0.1])) == 0
    assert crossing_point(at, np.array([-0.1, -0.1, 0.1])) == np.inf


def test_two_recipes_that_cross_are_found_with_their_interval(output: Path) -> None:
    read = FoldResults.of(output / "faces-curve-0.5-1").content
    cells = {
        name: tuple(answering(read, cell.fold, cell, share) for cell in read.cells["pixels+tree"])
        for name, share in (("early", {"curve-0.5": 0.6, "curve-1": 0.7}), ("late", {"curve-0.5": 0.3, "curve-1": 0.9}))
    }
    results = FoldResults(replace(read, cells=cells))
    (found,) = results.crossings()
    assert (found.a, found.b) == ("early", "late") and 0.5 < found.share < 1
    assert found.low <= found.share <= found.high and 20 < found.n_images < 70
    assert results.plot("curve").get_xscale() == "log"


def answering(content: FoldContent, fold: int, cell: object, share: dict[str, float]) -> object:
    """A cell that is right on a share of the rows of its fold."""
    labels = content.folds[fold].parts["PrivateTest"].labels
    order = np.random.default_rng(3).permutation(len(labels))
    right = order < share[content.folds[fold].name] * len(labels)
    place = np.array([content.classes.index(label) for label in labels])
    proba = np.eye(len(content.classes))[np.where(right, place, (place + 1) % len(content.classes))]
    return replace(cell, proba={"PrivateTest": proba, "PublicTest": proba})  # type: ignore[type-var]


# --- Suites and commands ----------------------------------------------------------------------------------------------


def test_python_takes_a_protocol_and_another_data_set(faces: Dataset, tmp_path: Path) -> None:
    away = replace(make_faces(42, size=24, random_state=5), name="away")
    suite = Suite("mine", ("constant", "pixels+tree"))
    found = run_suite(
        suite, faces, tmp_path, protocol="cross", test=away, executor=InProcessExecutor(), progress=False, report=True
    )
    assert (
        isinstance(found, FoldResults) and found.root.name == "faces-to-away" and len(found.pooled("constant")[0]) == 42
    )
    assert "at home" in (found.root / "leaderboard.md").read_text()
    assert (
        "Protocol cross: trained on faces, tested on all 42 images of away"
        in (found.root / "leaderboard.md").read_text()
    )


def test_what_ships_is_said_to_be_chosen_on_the_data_that_it_is_tested_on() -> None:
    cross = ROOT / "results" / "cross"
    (note,) = [note for note in notes_of(FoldResults.of(cross / "fer2013-to-ck48")) if DEVELOPMENT in note]
    assert "pretrained@ferbench-net-l-int8" in note and "pretrained@ferbench-quality" in note and "hog" not in note
    # Where nothing that ships is tested, nothing is said.
    assert not [note for note in notes_of(FoldResults.of(cross / "ck48-to-fer2013")) if DEVELOPMENT in note]


def test_seeds_and_protocols_come_from_the_suite_or_the_command(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('recipes = ["constant"]\nprotocol = "loso"\nseeds = [4]\n')
    suite = load_suite(path)
    assert (suite.protocol, suite.seeds) == ("loso", (4,))
    assert with_seeds(with_protocol(suite, "kfold:5"), 3).seeds == (4, 0, 1)
    path.write_text('recipes = ["constant"]\nprotocol = "cross"\ntest_sources = ["b", "c"]\n')
    assert load_suite(path).test_sources == ("b", "c")
    assert with_protocol(load_suite(path), "holdout").test_sources == ()
    assert load_suite("ck48").protocol == "kfold:10"
