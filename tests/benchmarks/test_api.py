"""The harness from Python: run a suite, read its results, compare, draw, choose."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cells_here import CellsHere, undrawn
from fake_results import fake_results
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

import ferbench.benchmarks as door
from ferbench.benchmarks import SuiteResults, best, load_suite, read_results, run_suite
from ferbench.benchmarks.choose import choose_best
from ferbench.benchmarks.report import Results
from ferbench.benchmarks.report.leaderboard import leaderboard_frame
from ferbench.benchmarks.scores import compare
from ferbench.benchmarks.store import Store
from ferbench.datasets import make_faces

SUITE = """
name = "tiny"
recipes = ["constant", "pixels+logreg", "pixels+tree"]
[dataset]
source = "faces"
size = 24
options = { n_samples = 140 }
[budget]
time_s = 120
[params."pixels+tree"]
classifier__max_depth = 3
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> SuiteResults:
    """Results of digits, with a failed recipe."""
    return read_results(fake_results(tmp_path_factory.mktemp("results")))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SuiteResults]:
    """A suite file and what a run of a part of it returned."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.toml").write_text(SUITE)
    asked = []

    def make(*arguments: object) -> CellsHere:
        asked.append(arguments)
        return CellsHere()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ferbench.benchmarks.api.make_executor", make)
        found = run_suite(folder / "tiny.toml", output=folder / "out", only=["pixels+*"], n_jobs=2, progress=False)
    assert asked == [("local", 2)]
    return folder, found


def test_importing_the_door_is_light() -> None:
    program = (
        "import sys, ferbench.benchmarks\n"
        "assert 'run_suite' in dir(ferbench.benchmarks)\n"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'sklearn', 'scipy', 'cv2', 'tensorflow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_run_measures_the_chosen_recipes_and_returns_their_results(tiny: tuple[Path, SuiteResults]) -> None:
    folder, found = tiny
    assert [record["recipe"]["name"] for record in Store(found.root).records()] == ["pixels+logreg", "pixels+tree"]
    assert found.root.parent == folder / "out"
    frame = found.frame()
    # The constant predictor was not run; it follows from the labels.
    assert set(frame["recipe"]) == {"constant", "pixels+logreg", "pixels+tree"}
    assert (frame.loc[frame["status"] == "ok", ["accuracy", "fit_s", "latency_ms_median"]] > 0).all().all()
    assert repr(found) == f"SuiteResults({str(found.root)!r}: 3 recipes, 0 failed)"
    assert not list(found.root.glob("*.html"))


def test_a_second_run_keeps_what_is_measured_and_can_write_the_report(tiny: tuple[Path, SuiteResults]) -> None:
    folder, found = tiny
    before = {path.name: path.read_bytes() for path in (found.root / "records").iterdir()}
    suite = load_suite(folder / "tiny.toml")
    with undrawn():
        again = run_suite(suite, "faces", folder / "out", only=["pixels+*"], progress=False, report=True)
    assert {path.name: path.read_bytes() for path in (found.root / "records").iterdir()} == before
    assert (found.root / "index.html").is_file()
    pd.testing.assert_frame_equal(again.frame(), found.frame())


def test_debug_lets_the_exception_of_the_recipe_through(
    tmp_path: Path, spies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crash.toml").write_text(SUITE.replace('"pixels+logreg"', '"crash", "quick"'))
    with pytest.raises(RuntimeError, match="the kernel is not"):
        run_suite(tmp_path / "crash.toml", output=tmp_path / "out", only=["crash"], debug=True)
    found = run_suite(tmp_path / "crash.toml", output=tmp_path / "out", only=["quick", "pixels+*"], debug=True)
    # One recipe, the first that matches, and nothing in the output folder.
    assert found.recipes == ("quick", "constant")
    # What is debugged is no measurement: the test split stays closed.
    probabilities = found.probabilities("quick")
    assert "PrivateTest" not in probabilities
    assert len(probabilities["PublicTest"]) == len(found.labels["PublicTest"])
    assert not (tmp_path / "out").exists()


def test_a_failed_recipe_is_a_row_and_its_reason_an_error_for_whoever_asks_for_it(results: SuiteResults) -> None:
    assert results.frame().iloc[-1]["status"] == "timeout"
    with pytest.raises(ValueError, match=r"recipe 'pixels\+svm' was not measured, timeout: ran past its 1 s"):
        results.probabilities("pixels+svm")


def test_results_hold_all_that_the_report_reads(results: SuiteResults) -> None:
    assert isinstance(results, Results)
    assert {field.name for field in fields(results)} == {field.name for field in fields(Results)}
    pd.testing.assert_frame_equal(results.frame(), leaderboard_frame(results.root))


def test_a_frame_can_be_changed_without_harm(results: SuiteResults) -> None:
    changed = results.frame()
    changed["accuracy"] = 1.0
    assert (results.frame()["accuracy"].dropna() < 1).any()


def test_probabilities_are_the_stored_ones(results: SuiteResults) -> None:
    cell = results.find("pixels+tree")
    stored = Store(results.root).probabilities(cell.record["cell_id"])
    order = [list(stored["classes"]).index(name) for name in results.classes]
    found = results.probabilities("pixels+tree")
    assert set(found) == {"PublicTest", "PrivateTest"}
    for split, proba in found.items():
        np.testing.assert_array_equal(proba, stored[split][:, order])
        assert len(proba) == len(results.labels[split])
    by_id = results.probabilities(cell.record["cell_id"])
    np.testing.assert_array_equal(by_id["PublicTest"], found["PublicTest"])
    found["PublicTest"][:] = 0
    assert results.probabilities("pixels+tree")["PublicTest"].any()


def test_compare_gives_difference_interval_and_p_of_that_pair(results: SuiteResults) -> None:
    found = results.compare("pixels+logreg", "pixels+bernoulli")
    probas = {name: results.probabilities(name)["PrivateTest"] for name in ("pixels+logreg", "pixels+bernoulli")}
    row = compare(results.labels["PrivateTest"], probas, results.classes).iloc[0]
    assert (found.difference, found.low, found.high, found.p) == tuple(
        row[["difference", "difference_low", "difference_high", "p_mcnemar"]]
    )
    back = results.compare("pixels+bernoulli", "pixels+logreg")
    assert back.difference == -found.difference
    assert {found.verdict, back.verdict} in ({"better", "worse"}, {"not shown to differ"})
    assert str(found).startswith("pixels+logreg against pixels+bernoulli on PrivateTest (372 images): +0.")
    constant = results.compare("pixels+logreg", "constant", split="PublicTest")
    assert (constant.verdict, constant.split) == ("better", "PublicTest")
    assert constant.low <= constant.difference <= constant.high


def test_every_plot_is_drawn_by_its_name_into_the_callers_axes(results: SuiteResults) -> None:
    ax = Figure().subplots()
    assert results.plot("confusion", recipe="pixels+tree", ax=ax) is ax
    assert "pixels+tree" in ax.get_title(loc="left")
    assert {"confusion", "roc", "leaderboard", "per_class_f1", "accuracy_latency"} <= set(results.plots())
    for name in results.plots():
        recipe = "mlp" if name == "training" else None
        display = results.display(name, recipe=recipe)
        assert len(display.frame()) and display.plot().get_figure(root=True), name


def test_a_display_of_one_recognizer_has_its_numbers_and_is_of_the_best_by_default(results: SuiteResults) -> None:
    predicted = np.array(results.classes)[results.probabilities("mlp")["PrivateTest"].argmax(axis=1)]
    expected = confusion_matrix(results.labels["PrivateTest"], predicted, labels=list(results.classes))
    table = results.display("confusion", recipe="mlp").frame().set_index("label")
    np.testing.assert_array_equal(table, expected)
    assert results.display("confusion").name == "pixels+logreg" == best(results).label


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.probabilities("pixels+logre"), r"unknown recipe 'pixels\+logre'.*did you mean 'pixels\+logreg'\?"),
        (lambda r: r.compare("mlp", "mlp"), "compare needs two recognizers; got 'mlp' twice"),
        (lambda r: r.compare("mlp", "constant", split="Training"), "split must be one of PublicTest, PrivateTest"),
        (lambda r: r.plot("confusio"), "unknown display 'confusio'; expected one of .*roc.*did you mean 'confusion'"),
        (lambda r: r.plot("nothing at all"), "unknown display .* expected one of calibration, confusion, roc"),
        (lambda r: r.plot("leaderboard", recipe="mlp"), "shows all recognizers; leave out recipe='mlp'"),
        (lambda r: r.plot("training", recipe="pixels+nb"), r"needs a network; 'pixels\+nb' has no training curves"),
        (lambda r: best(r, max_size_mb=1e-9), "no recognizer keeps 1e-09 MB"),
    ],
)
def test_a_wrong_question_is_answered_in_one_line(results: SuiteResults, call, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        call(results)
    assert "\n" not in str(caught.value)


def test_several_seeds_of_a_recipe_are_named_by_their_labels(tmp_path: Path) -> None:
    found = read_results(fake_results(tmp_path, seeds=(0, 1)))
    with pytest.raises(ValueError, match=r"'mlp' was measured 2 times; name one of 'mlp \(seed 0\)', 'mlp \(seed 1\)'"):
        found.probabilities("mlp")
    assert found.compare("mlp (seed 0)", "mlp (seed 1)").n_images == 372


def test_best_takes_results_or_their_folder(results: SuiteResults) -> None:
    chosen = choose_best(results.root, max_size_mb=10)
    assert best(results, max_size_mb=10) == best(results.root, max_size_mb=10) == chosen
    assert best(results).label == chosen.label


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no records in it"):
        read_results(tmp_path)
    with pytest.raises(FileNotFoundError, match="no such folder"):
        read_results(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("suite", "options", "message"),
    [
        ("facess", {}, "did you mean 'faces'"),
        ("faces", {"only": ["hgo+svm"]}, r"matches no recipe of suite faces; did you mean hog\+svm"),
        ("fer2013", {}, r"names no data; give source=PATH"),
        ("faces", {"executor": "slurm"}, "executor must be 'local'"),
        ("faces", {"n_jobs": 0}, "must be at least 1"),
    ],
)
def test_a_wrong_run_is_refused_in_one_line(suite: str, options: dict, message: str, tmp_path: Path) -> None:
    if "only" in options:
        # Patterns are compared when the data is there; the suite's own faces take seconds to draw.
        options = {**options, "source": make_faces(105, size=24, random_state=0)}
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run_suite(suite, output=tmp_path, progress=False, **options)
    assert not list(tmp_path.iterdir())


def test_the_door_exports_every_display_of_the_displays_room() -> None:
    from ferbench.benchmarks import displays

    classes = {
        name
        for name in displays.__all__
        if isinstance(getattr(displays, name), type) and getattr(displays, name).__name__ == name
    }
    assert classes - {"PluginDisplay"} <= set(door.__all__)
