"""A search for parameters: what it may see, what it leaves, and that nothing interrupts it for good."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ferbench.benchmarks.store.suite import load_suite
from ferbench.benchmarks.tune.data import stratified_subset
from ferbench.benchmarks.tune.displays import SearchDisplay, SlicesDisplay
from ferbench.benchmarks.tune.report import best_suite
from ferbench.benchmarks.tune.space import Choices, Range, assemble, default_space, merge, parameters, read_space
from ferbench.benchmarks.tune.study import importances
from ferbench.benchmarks.tune.tune import Progress, Search
from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces
from ferbench.models import Recipe, get_recipe, recipes

pytest.importorskip("optuna", reason="the tune extra is not installed")

C = {"classifier__C": Range(1e-6, 1.0, log=True)}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(210, size=24, random_state=31, difficulty=0.2)


class Steps:
    """A stand-in for a network: its accuracy on PublicTest after each epoch is what its parameter says."""

    def __init__(self, level: float = 0.5, epochs: int = 6, crash_above: float = 2.0) -> None:
        self.level, self.epochs, self.crash_above = level, epochs, crash_above

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return dict(vars(self)) if not hasattr(self, "classes_") else {}

    def set_params(self, **params: Any) -> "Steps":
        vars(self).update(params)
        return self

    def fit(self, X: Any, y: Any, *, X_val: Any, y_val: Any, on_epoch: Callable[..., None]) -> "Steps":
        if self.level > self.crash_above:
            raise RuntimeError("the kernel is not\npositive definite")
        for epoch in range(1, self.epochs + 1):
            on_epoch(epoch, {"val_accuracy": self.level * epoch / self.epochs})
        self.right = dict(zip(map(bytes, X_val), y_val, strict=True))
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: Any) -> Any:
        hit = np.arange(len(X)) < self.level * len(X)
        right = [self.classes_ == self.right[bytes(image)] for image in X]
        return np.where(hit[:, None], right, np.roll(right, 1, axis=1)).astype(float)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source on disk that loads faster than faces are drawn."""
    import cv2

    root = tmp_path_factory.mktemp("source") / "small"
    faces = make_faces(140, random_state=31, difficulty=0.2)
    names = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
    for place, (image, label, split) in enumerate(zip(faces.images, faces.labels, faces.split, strict=True)):
        path = root / names[str(split)] / str(label) / f"{place}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    return root


def use_steps(monkeypatch: pytest.MonkeyPatch, **params: Any) -> None:
    recipe = Recipe("steps", "deep", lambda: Steps(**params))  # type: ignore[arg-type,return-value]
    monkeypatch.setattr("ferbench.benchmarks.tune.tune.get_recipe", lambda name: recipe)


def told(search: Search) -> list[tuple[Any, ...]]:
    keys = ("trial", "status", "params", "value", "epochs", "reason")
    return [tuple(json.dumps(record[key]) for key in keys) for record in search.trials.records()]


def test_a_search_beats_the_recipe_and_its_result_is_a_suite(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    space = "[params]\nclassifier__max_iter = 50\n[space]\nclassifier__C = {low=1e-7, high=1, log=true}"
    Path("space.toml").write_text(space)
    words = ["tune", "hog+logreg", "--source", str(folder), "--trials", "8", "--subset", "90", "--space", "space.toml"]
    assert main(words) == 0
    said = capsys.readouterr().out
    out = Path("results/small/tune/hog+logreg")
    table = pd.read_csv(out / "trials.csv")
    assert table["trial"].tolist() == list(range(8)) and set(table["status"]) == {"ok"}
    assert table["classifier__C"][0] == 0.001 and table["accuracy"].max() >= table["accuracy"][0]
    best = table.loc[table["accuracy"].idxmax()]
    assert f"best: Trial {best['trial']} of hog+logreg on small: accuracy {best['accuracy']:.4f} on PublicTest" in said
    suite = load_suite(out / "best.toml")
    params = suite.params["hog+logreg"]
    assert suite.recipes == ("hog+logreg",) and params["classifier__max_iter"] == 50
    if best["trial"]:
        assert params["classifier__C"] == pytest.approx(best["classifier__C"], rel=1e-4)
    get_recipe("hog+logreg").build(**params)
    for name in ("history", "parameters"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG") and (out / f"{name}.csv").is_file()
    # The same command again finds all done and measures nothing.
    before = (out / "trials" / "0007.json").read_bytes()
    assert main(words) == 0
    assert (out / "trials" / "0007.json").read_bytes() == before


def test_private_images_are_never_opened(spies: Path, tmp_path: Path) -> None:
    from ferbench_spies import digest

    faces = make_faces(105, random_state=43)
    for recipe, space in (("spy", {"seconds": Choices((0.0, 0.01))}), ("spied-pixels+logreg", C)):
        search = Search(recipe, faces, tmp_path, space=space)
        assert not any(isinstance(held, Dataset) for held in vars(search).values())
        assert [record["status"] for record in search.run(3).records] == ["ok"] * 3
    seen = {line.split()[1] for line in spies.read_text().splitlines()}
    digests = {split: {digest(image) for image in faces.part(split)[0]} for split in np.unique(faces.split)}
    assert digests["Training"] | digests["PublicTest"] <= seen
    assert not digests["PrivateTest"] & seen


def test_features_are_extracted_once_while_only_the_classifier_varies(spies: Path, tmp_path: Path) -> None:
    faces = make_faces(105, random_state=44)
    Search("spied-pixels+logreg", faces, tmp_path, space=C).run(5)
    events = [line.split()[0] for line in spies.read_text().splitlines()]
    assert sorted(event for event in events if event.startswith("extractor-transform")) == sorted(
        f"extractor-transform-{len(faces.rows(split))}" for split in ("Training", "PublicTest")
    )


def test_an_interrupted_search_ends_as_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: Dataset
) -> None:
    use_steps(monkeypatch, crash_above=0.97)
    space = {"level": Range(0.0, 1.0)}
    whole = Search("steps", faces, tmp_path / "whole", space=space, seed=3)
    whole.run(14)
    parts = Search("steps", faces, tmp_path / "parts", space=space, seed=3)
    fit = Steps.fit

    def interrupted(self: Steps, *args: Any, on_epoch: Callable[..., None], **kwargs: Any) -> Steps:
        def stop(epoch: int, figures: dict[str, float]) -> None:
            on_epoch(epoch, figures)
            if epoch == 2:
                raise KeyboardInterrupt

        return fit(self, *args, on_epoch=stop, **kwargs)

    for n_trials in (3, 8, 13):
        parts.run(n_trials)
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Steps, "fit", interrupted)
            parts.run(14)
        assert [record["status"] for record in parts.trials.records()].count("running") == 1
    parts.run(14)
    assert told(parts) == told(whole)
    assert {"ok", "pruned"} <= {record["status"] for record in whole.trials.records()}


def test_hopeless_networks_are_given_up_early_and_never_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: Dataset
) -> None:
    use_steps(monkeypatch)
    progress = Search("steps", faces, tmp_path, space={"level": Range(0.0, 1.0)}).run(20)
    pruned = [record for record in progress.records if record["status"] == "pruned"]
    assert pruned and all(len(record["epochs"]) < 6 and "behind the median" in record["reason"] for record in pruned)
    assert progress.best is not None and progress.best["status"] == "ok"
    assert progress.best["value"] == max(record["value"] for record in progress.records if record["status"] == "ok")
    assert progress.best["params"]["level"] > max(record["params"]["level"] for record in pruned)


def test_a_failed_trial_is_recorded_and_the_search_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: Dataset
) -> None:
    use_steps(monkeypatch, crash_above=0.6)
    search = Search("steps", faces, tmp_path, space={"level": Range(0.3, 1.0)})
    records = search.run(8).records
    failed = [record for record in records if record["status"] == "failed"]
    assert 0 < len(failed) < 8
    assert all(record["reason"] == "RuntimeError: the kernel is not positive definite" for record in failed)
    display = SearchDisplay.from_trials(records, metric="accuracy")
    assert display.frame()["accuracy"].isna().sum() == len(failed) and display.png().startswith(b"\x89PNG")


def test_a_trial_that_kills_the_process_every_time_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: Dataset
) -> None:
    use_steps(monkeypatch)
    search = Search("steps", faces, tmp_path, space={"level": Range(0.0, 1.0)})
    search.run(2)
    record = search.trials.records()[1]
    search.trials.write(record | {"status": "running", "value": None, "scores": None, "attempts": 3})
    progress = search.run(3)
    assert [record["status"] for record in progress.records] == ["ok", "failed", "ok"]
    assert "the process ended 3 times in this trial" in progress.records[1]["reason"]


def test_a_trial_that_a_killed_process_was_writing_is_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: Dataset
) -> None:
    use_steps(monkeypatch)
    search = Search("steps", faces, tmp_path, space={"level": Range(0.0, 1.0)})
    search.run(2)
    (search.trials.folder / "trials" / ".0002.ferbench-0123abcd.part.json").write_bytes(b'{"trial": 2, "sta')
    assert [record["trial"] for record in search.trials.records()] == [0, 1]
    assert [record["status"] for record in search.run(3).records] == ["ok"] * 3


def write_space(folder: Path, text: str = "seconds = {low = 0.3, high = 0.6}") -> Path:
    path = folder / "space.toml"
    path.write_text(f"[space]\n{text}\n")
    return path


def start(*arguments: object) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "ferbench.cli", "tune", *map(str, arguments)]
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, preexec_fn=heed)  # noqa: PLW1509 - no threads here


def wait_for_trials(folder: Path, n_trials: int) -> None:
    for _ in range(600):
        if len(list(folder.glob("small/tune/quick/trials/[0-9]*.json"))) >= n_trials:
            return
        time.sleep(0.1)
    raise AssertionError("the search did not get so far")


def finished(folder: Path) -> dict[int, str]:
    records = [json.loads(path.read_bytes()) for path in folder.glob("small/tune/quick/trials/[0-9]*.json")]
    return {record["trial"]: record["finished"] for record in records if record["status"] == "ok"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_command_goes_on_where_it_was(
    spies: Path, folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    output = tmp_path / "out dir"
    words: tuple[object, ...] = (
        "quick",
        "--source",
        folder,
        "--space",
        write_space(tmp_path),
        "--output",
        output,
        "--trials",
        5,
    )
    process = start(*words)
    wait_for_trials(output, 4)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    first = finished(output)
    assert len(first) >= 3 and "Traceback" not in stdout + stderr
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert (output / "small/tune/quick/history.png").is_file()
        said = stderr.split("Continue with: ferbench tune ")[1]
        words = tuple(shlex.split(said))
    assert main(["tune", *map(str, words)]) == 0
    assert set(finished(output)) == set(range(5))
    assert first.items() <= finished(output).items()
    assert not list(output.glob("**/.*.tmp"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"space": {"classifier__C": Range(1e-3, 1.0, log=True)}}, "another space"),
        ({"metric": "macro_f1"}, 'another metric \\(metric: "accuracy" there, "macro_f1" now\\)'),
        ({"subset": 100}, "another subset"),
        ({"params": {"classifier__max_iter": 20}}, "another params"),
        ({"seed": 2}, "another seed"),
    ],
)
def test_searches_are_not_mixed(tmp_path: Path, faces: Dataset, change: dict[str, Any], said: str) -> None:
    options: dict[str, Any] = {"space": C}
    Search("pixels+logreg", faces, tmp_path, **options).run(1)
    with pytest.raises(ValueError, match=f"{said}.*delete that folder, choose another --output"):
        Search("pixels+logreg", faces, tmp_path, **(options | change)).run(2)


def test_searches_on_different_data_are_not_mixed(tmp_path: Path, faces: Dataset) -> None:
    Search("pixels+logreg", faces, tmp_path, space=C).run(1)
    other = make_faces(210, size=24, random_state=32)
    with pytest.raises(ValueError, match="holds a search with another data set"):
        Search("pixels+logreg", other, tmp_path, space=C).run(2)


def test_a_subset_keeps_the_class_shares_and_grows_by_adding(faces: Dataset) -> None:
    labels = np.repeat(["happy", "sad", "disgust"], [6000, 3000, 100])
    small, large = (stratified_subset(labels, n, seed=1) for n in (910, 4550))
    assert dict(zip(*np.unique(labels[small], return_counts=True), strict=True)) == {
        "disgust": 10,
        "happy": 600,
        "sad": 300,
    }
    assert set(small) < set(large)
    assert set(stratified_subset(labels, 910, seed=2)) != set(small)
    search = Search("pixels+logreg", faces, subset=70, space=C)
    assert len(search.data.X) == len(search.data.y) == 70 and len(search.data.X_val) == len(faces.rows("PublicTest"))
    assert search.data.fingerprint != faces.fingerprint


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hog+svn"], "there is no recipe 'hog+svn'; did you mean hog+svm?"),
        (["constant"], "no built-in search space for constant; write one, [space] in a TOML file"),
        (["hog+svm", "--trials", "0"], "--trials must be at least 1; got 0"),
        (["hog+svm", "--source", "SMALL", "--subset", "3"], "raise --subset"),
        (["hog+svm", "--source", "SMALL", "--subset", "99999"], "--subset must be between 1 and the"),
        (["hog+svm", "--source", "nowhere"], "nowhere: no such file or folder"),
        (["hog+svm", "--space", "nowhere.toml"], "nowhere.toml: no such file"),
    ],
)
def test_bad_input_gets_one_line(
    words: list[str],
    said: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tune", *(str(folder) if word == "SMALL" else word for word in words)]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and error[0].startswith("ferbench: error: ") and said in error[0]
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("classifier__c = {low = 1, high = 2}", "has no parameter 'classifier__c'; did you mean classifier__C"),
        ("classifier__C = {low = 2, high = 1}", "low must be below high; got 2 and 1"),
        ("classifier__C = {low = 0, high = 1, log = true}", "low must be above 0 on a logarithmic scale"),
        ("classifier__C = {low = 'a', high = 1}", "low and high must be numbers; got 'a'"),
        ("classifier__C = {low = 1, high = 2, step = 1}", "unknown key 'step'"),
        ("classifier__C = {choices = []}", "choices must list different numbers, strings or booleans"),
        ("classifier__C = {low = 1}", "must be {low"),
        ("classifier__C = 3", "must be {low"),
        ("classifier__C = {choices = [1]}\n[params]\nclassifier__C = 3", "cannot be both varied and fixed to 3"),
        ("[other]", "unknown key 'other'"),
        ("classifier__C = {", "not a TOML file"),
        ("", "expected a table [space]"),
    ],
)
def test_a_bad_space_is_refused_with_its_file_and_key(
    text: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tune", "hog+svm", "--space", str(write_space(tmp_path, text))]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1 and said in error[0]


def test_every_trial_failing_is_said(
    spies: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tune", "crash", "--source", str(folder), "--space", str(write_space(tmp_path)), "--trials", "2"]) == 1
    said = capsys.readouterr().err
    assert "no trial succeeded: RuntimeError: the kernel is not positive definite" in said
    assert Path("results/small/tune/crash/trials.csv").is_file()


def test_whole_bounds_mean_real_numbers_where_the_parameter_is_real(tmp_path: Path, faces: Dataset) -> None:
    path = write_space(tmp_path, "classifier__C = {low = 1, high = 100, log = true}")
    space, _ = read_space(path)
    search = Search("hog+svm", faces, space=space)
    assert not search.space["classifier__C"].whole  # type: ignore[union-attr]
    tree = Search("pixels+tree", faces)
    assert tree.space["classifier__max_depth"] == Range(3, 30)


def test_every_classical_recipe_and_the_network_have_a_space_of_their_own_parameters() -> None:
    for name, recipe in recipes().items():
        if recipe.family not in ("classical", "deep"):
            continue
        space = default_space(recipe)
        assert space and set(space) <= set(parameters(recipe.build())), name
    assert {"features__hog__cell_size", "classifier__gamma"} <= set(default_space(get_recipe("hog+landmarks+svm")))


def test_the_drawing_of_parameters_puts_first_what_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faces: Dataset
) -> None:
    use_steps(monkeypatch)
    space = {"epochs": Choices((4, 5, 6)), "level": Range(0.0, 1.0), "crash_above": Range(2.0, 3.0)}
    records = Search("steps", faces, tmp_path, space=space).run(40).records
    share = importances(space, records)
    assert max(share, key=lambda name: share[name]) == "level" and sum(share.values()) == pytest.approx(1)
    display = SlicesDisplay.from_trials(records, space, share, metric="accuracy", name="steps", dataset="faces")
    assert display.frame()["parameter"].iloc[0] == "level"
    assert display.png().startswith(b"\x89PNG")


def test_fields_of_the_augmentation_become_the_table_that_a_suite_takes() -> None:
    recipe = get_recipe("cnn")
    assert merge(recipe, {"epochs": 3}) == {"epochs": 3}
    fixed = {"augmentation": {"zoom": 0.2}}
    table = merge(recipe, fixed | {"augmentation__rotation": 3.0})["augmentation"]
    assert (table["rotation"], table["zoom"], table["flip"]) == (3.0, 0.2, True)
    assert parameters(assemble(recipe, {"augmentation__shift": 0.01}))["augmentation__shift"] == 0.01


@pytest.mark.slow
def test_a_network_is_searched_too(tmp_path: Path, faces: Dataset) -> None:
    pytest.importorskip("keras", reason="the deep extra is not installed")
    fixed = {"architecture": "tiny", "epochs": 1, "batch_size": 64}
    search = Search("cnn", faces, tmp_path, params=fixed)
    assert {"learning_rate", "label_smoothing", "augmentation__rotation"} <= set(search.space)
    progress = search.run(2)
    assert [record["status"] for record in progress.records] == ["ok"] * 2
    suite = tmp_path / "best.toml"
    suite.write_text(best_suite(search, Progress(progress.records[1:])))
    network = get_recipe("cnn").build(**load_suite(suite).params["cnn"])
    assert parameters(network)["augmentation__rotation"] == progress.records[1]["params"]["augmentation__rotation"]
    assert not any((search.folder / "checkpoints").glob("*"))
