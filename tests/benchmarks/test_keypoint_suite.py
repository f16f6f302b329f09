"""Key points as a task of the harness: cells in processes of their own, records, resume, and a report without data."""

import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cells_here import CellsHere, known_spies, undrawn

from ferbench.benchmarks import PointSuiteResults, best, read_results, run_suite
from ferbench.benchmarks.choose.best import choose_best
from ferbench.benchmarks.choose.bundles import find_bundle
from ferbench.benchmarks.rebuild import rebuild_report, write_report
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.store import Store
from ferbench.benchmarks.store.suite import Suite, load_suite
from ferbench.cli import main
from ferbench.datasets import PointDataset, load_points
from ferbench.features import POINT_NAMES
from ferbench.models import load_bundle

OPTIONS = {"n_samples": 70}
SUITE = Suite("points", ("mean-shape", "points-spy", "points-nan"), task="keypoints", source="faces", size=96,
              options=OPTIONS)  # fmt: skip
THIRD_PARTY = Path(__file__).parents[1] / "thirdparty"


@pytest.fixture(scope="module")
def faces() -> PointDataset:
    return load_points("faces", size=96, seed=0, **OPTIONS)


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notes") / "spy.log"


@pytest.fixture(scope="module")
def root(faces: PointDataset, notes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one run of a baseline, a third party's model and one that gives no numbers."""
    with known_spies(notes):
        summary = Run(SUITE, faces, tmp_path_factory.mktemp("results")).execute(CellsHere())
    assert [record["status"] for record in summary.measured] == ["ok", "ok", "error"], summary.measured
    return summary.root


def record_of(root: Path, recipe: str) -> dict:
    return next(record for record in Store(root).records() if record["recipe"]["name"] == recipe)


def test_results_lie_apart_from_those_on_expressions(root: Path) -> None:
    assert root.parts[-2:] == ("keypoints", "faces")


def test_a_record_says_what_was_measured(root: Path, faces: PointDataset) -> None:
    record = record_of(root, "mean-shape")
    assert record["task"] == "keypoints"
    assert record["points"] == list(POINT_NAMES)
    assert record["dataset"]["people"]["Test"] == len(faces.rows("Test"))
    assert record["dataset"]["marked"]["nose_tip"] == len(faces.rows("Training"))
    latency = record["timings"]["latency_ms"]
    assert latency["cores"] == 1
    assert 0 < latency["median"] <= latency["p90"]
    assert record["size_bytes"] > 0


def test_a_cell_is_shown_by_its_error_on_validation(root: Path, faces: PointDataset) -> None:
    run = Run(replace(SUITE, recipes=("mean-shape",)), faces, root.parents[1])
    record = record_of(root, "mean-shape")
    scores = json.loads((root / record["bundle"] / "bundle.json").read_text())["scores"]["Validation"]
    assert run.task.figure_name == "NME"
    assert run.figure(record["cell_id"]) == pytest.approx(scores["nme"], rel=1e-5)


def test_the_bundle_is_what_was_measured(root: Path, faces: PointDataset) -> None:
    record = record_of(root, "mean-shape")
    images, points = faces.part("Test")
    found = load_bundle(root / record["bundle"]).predict(images)
    assert np.allclose(found - points, Store(root).errors(record["cell_id"])["Test"], atol=0.2)


def test_a_model_is_fitted_on_training_and_may_look_at_validation_only(
    root: Path, notes: Path, faces: PointDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(THIRD_PARTY))
    from ferbench_spies import digest

    seen: dict[str, set[str]] = defaultdict(set)
    text = notes.read_text()
    for line in text[: text.index("fitted")].splitlines():
        event, content = line.split()
        seen[event].add(content)
    digests = {split: {digest(image) for image in faces.part(split)[0]} for split in ("Training", "Validation", "Test")}
    assert seen["fit"] == digests["Training"]
    assert seen["validation"] == digests["Validation"]
    assert not digests["Test"] & (seen["fit"] | seen["validation"] | seen["predict"])


def test_points_that_are_no_numbers_are_an_error_with_the_reason(root: Path) -> None:
    assert "NaN or infinite points; expected finite points of shape" in record_of(root, "points-nan")["reason"]


def test_a_model_that_cannot_travel_is_measured_all_the_same(root: Path) -> None:
    record = record_of(root, "points-spy")
    assert record["bundle"] is None
    assert "no bundle" in record["reason"]
    assert record["timings"]["latency_ms"]["p90"] > 0


def test_what_is_done_is_not_done_again(root: Path, faces: PointDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(THIRD_PARTY))
    steps = Run(SUITE, faces, root.parents[1]).plan()
    assert [step.action for step in steps] == ["keep", "keep", "keep"]


def test_neither_points_nor_names_of_the_data_are_kept(root: Path, faces: PointDataset) -> None:
    """The marks of a data set may not be ours to publish: rows hold numbers of people and distances only."""
    rows = Store(root).rows()
    assert set(rows) == {
        *("fingerprint", "points", "side"),
        *(f"{split}_{what}" for split in ("Validation", "Test") for what in ("people", "interocular")),
    }
    text = b"".join(file.read_bytes() for file in root.glob("*.*") if file.suffix in (".csv", ".md", ".json"))
    assert not any(str(name).encode() in text for name in faces.ids)


def test_the_report_is_rebuilt_from_the_records_alone(root: Path) -> None:
    page, frame = rebuild_report(root)
    assert list(frame["recipe"]) == ["mean-shape", "points-spy", "points-nan"]
    assert frame["rmse"].iloc[:2].gt(0).all() and np.isnan(frame["rmse"].iloc[2])
    assert ((frame["nme_low"] <= frame["nme"]) & (frame["nme"] <= frame["nme_high"])).iloc[:2].all()
    points = pd.read_csv(root / "per_point.csv")
    assert set(points["point"]) == set(POINT_NAMES)
    curves = pd.read_csv(root / "ced.csv").set_index("recipe").loc["mean-shape"]
    assert curves["share"].is_monotonic_increasing
    assert curves["threshold"].iloc[-1] == pytest.approx(0.2)
    markdown = (root / "leaderboard.md").read_text()
    assert "does not measure a regression" in markdown
    html = page.read_text()
    (row,) = [row for row in frame.to_dict("records") if row["recipe"] == "mean-shape"]
    assert row["against_winner"] in ("better", "worse", "not shown to differ")
    assert frame.set_index("recipe").loc["points-spy", "against_winner"] == "winner"
    assert row["winner_difference"] == pytest.approx(row["nme"] - frame["nme"].iloc[1])
    assert pd.read_csv(root / "comparisons.csv")["p_holm_winner"].notna().sum() == 1
    for text in (markdown, html):
        assert "The winner against the rest" in text and "1 comparisons with points-spy" in text
        assert "Every row but mean-shape can be the best" in text
        assert "a paired comparison detects, with a chance of 80 %" in text and "in normalized error or more" in text
    assert "Pairs compared" not in html
    assert "Drawn faces, not real photographs" in html
    assert 'src="http' not in html and 'href="http' not in html
    for picture in ("ced.png", "per_point.png", "faces.png"):
        assert (root / picture).stat().st_size > 5000


def test_photographs_go_to_a_page_that_is_never_published(root: Path, faces: PointDataset, tmp_path: Path) -> None:
    """The same results told as if the faces were photographs."""
    import shutil

    copy = tmp_path / "photos"
    shutil.copytree(root, copy)
    (copy / "faces.png").unlink(missing_ok=True)
    for path in copy.glob("records/*.json"):
        record = json.loads(path.read_text())
        record["dataset"]["drawn"] = False
        path.write_text(json.dumps(record))
    with undrawn():
        write_report(copy, dataset=faces)
    assert "your own machine only" in (copy / "faces.html").read_text()
    assert "data:image/png" not in (copy / "index.html").read_text()
    assert not (copy / "faces.png").exists()
    with pytest.raises(ValueError, match="name the source that 'ferbench run' was given"):
        write_report(copy, dataset=replace(faces, fingerprint="0" * 64))


def test_a_point_model_is_no_recognizer_of_expressions(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_bundle("mean-shape", root.parents[1])
    with pytest.raises(ValueError, match="holds key points, not recognizers of expressions; 'ferbench report'"):
        choose_best(root)


def test_recipes_of_another_task_are_refused(faces: PointDataset, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"recipe 'hog\+svm' is none for the task 'keypoints'"):
        Run(replace(SUITE, recipes=("hog+svm",)), faces, tmp_path)
    from ferbench.datasets import make_faces

    with pytest.raises(ValueError, match=r"recipe 'mean-shape' is none for the task 'expressions'"):
        Run(Suite("wrong", ("mean-shape",)), make_faces(21, random_state=0), tmp_path)


def test_a_search_is_refused_before_any_data_is_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["tune", "mean-shape", "--source", "nowhere", "--output", str(tmp_path)]) == 2
    assert "mean-shape finds key points" in capsys.readouterr().err


def test_a_person_in_two_parts_is_refused(faces: PointDataset, tmp_path: Path) -> None:
    groups = faces.groups.copy()
    groups[[faces.rows("Training")[0], faces.rows("Test")[0]]] = "somebody"
    with pytest.raises(ValueError, match="somebody is in Training and in Test; split by person"):
        Run(replace(SUITE, recipes=("mean-shape",)), replace(faces, groups=groups), tmp_path)


def test_shipped_suites_of_key_points_name_recipes_that_exist() -> None:
    from ferbench.models import get_recipe

    for name in ("keypoints", "keypoints-faces"):
        suite = load_suite(name)
        assert (suite.task, suite.size) == ("keypoints", 96)
        assert {get_recipe(recipe).family for recipe in suite.recipes} == {"keypoints"}


def test_an_unknown_task_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('task = "keypoint"\nrecipes = ["mean-shape"]\n')
    with pytest.raises(ValueError, match=r"mine\.toml: 'task' must be one of expressions, keypoints; got 'keypoint'"):
        load_suite(tmp_path / "mine.toml")


def test_the_command_reports_key_points(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with undrawn():
        assert main(["report", str(root)]) == 0
    out = capsys.readouterr().out
    assert "mean-shape" in out and "NME [95 %]" in out
    assert main(["report", str(root), "--reference", "mean-shape"]) == 0
    out = capsys.readouterr().out
    assert "against mean-shape" in out and "points-spy" in out and "bootstrap over people, Holm-corrected over 1" in out
    assert "in normalized error or more" in out
    assert main(["report", str(root), "--reference", "mean-shap"]) == 2
    assert "did you mean 'mean-shape'" in capsys.readouterr().err


def test_the_results_are_read_in_python(root: Path) -> None:
    results = read_results(root)
    assert isinstance(results, PointSuiteResults) and results.recipes == ("mean-shape", "points-spy")
    frame = results.frame()
    assert list(frame["recipe"]) == ["mean-shape", "points-spy", "points-nan"]
    errors = results.errors("mean-shape")
    assert errors["Test"].shape == (len(results.people["Test"]), len(results.names), 2)
    found = results.compare("mean-shape", "points-spy")
    nme = frame.set_index("recipe")["nme"]
    assert found.difference == pytest.approx(nme["mean-shape"] - nme["points-spy"], rel=1e-4)
    back = results.compare("points-spy", "mean-shape")
    assert back.difference == pytest.approx(-found.difference)
    assert {found.verdict, back.verdict} in ({"better", "worse"}, {"not shown to differ"})
    assert set(results.display("ced").frame()["recipe"]) == {"mean-shape", "points-spy"}
    assert "Error of each point" in results.plot("per_point").get_title("left")
    for wrong, message in (
        (lambda: results.compare("mean-shape", "mean-shape"), "two models"),
        (lambda: results.compare("mean-shape", "points-spy", split="Training"), "opened for 'mean-shape': Validation"),
        (lambda: results.errors("points-nan"), r"'points-nan' was not measured, error: .*finite points"),
        (lambda: results.errors("mean-shap"), "did you mean 'mean-shape'"),
        (lambda: results.display("cde"), "did you mean 'ced'"),
        (lambda: results.display("training", recipe="mean-shape"), "the name of a network"),
        (lambda: best(results), "holds key points"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()


def test_published_results_are_read_in_python() -> None:
    folder = Path(__file__).parents[2] / "results" / "keypoints" / "faces68"
    published = pd.read_csv(folder / "leaderboard.csv")
    results = read_results(folder)
    assert set(results.recipes) <= set(published["recipe"])
    row = results.scores.test[results.recipes[0]]
    assert row.nme == pytest.approx(published.set_index("recipe").loc[results.recipes[0], "nme"], rel=1e-4)


def test_a_suite_is_run_from_python(faces: PointDataset, tmp_path: Path) -> None:
    suite = replace(SUITE, recipes=("mean-shape",))
    results = run_suite(suite, faces, tmp_path, executor=CellsHere(), progress=False)
    assert isinstance(results, PointSuiteResults) and results.root == tmp_path / "keypoints" / "faces"
    assert results.frame()["status"].tolist() == ["ok"]
    looked_at = run_suite(suite, faces, tmp_path, debug=True, progress=False)
    assert looked_at.recipes == ("mean-shape",)
