"""How fast training is: measured on a few steps, and joined with recorded learning curves."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fake_results import fake_results

from ferbench.benchmarks.store import load_suite
from ferbench.benchmarks.training.epochs import TUTORIAL
from ferbench.benchmarks.training.parts import Part, smaller
from ferbench.benchmarks.training.pipeline import measure_pipeline
from ferbench.benchmarks.training.report import compare_times, time_to_accuracy, write_training_report
from ferbench.benchmarks.training.speed import measure_training_speed
from ferbench.cli import main
from ferbench.datasets import LABELS, Dataset, make_faces

TINY = {"architecture": "tiny"}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, size=24, random_state=0)


@pytest.fixture(scope="module")
def measured(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    # One network with all that a short epoch leaves out or shortens, since each network is compiled for seconds.
    slow = {"teachers": ["nobody"], "epochs": 5, "warmup_epochs": 5, "progressive_sizes": [12, 24]}
    recipes = {"cnn@fast": TINY, "cnn@taught": TINY | slow}
    with pytest.MonkeyPatch.context() as patch:
        # Batches so small that a part of the few faces is measured, and a pipeline that runs for a moment.
        patch.setattr("ferbench.benchmarks.training.parts.BATCH", 8)
        patch.setattr("ferbench.benchmarks.training.epochs.BATCH", 8)
        patch.setattr("ferbench.benchmarks.training.speed.measure_pipeline", partial(measure_pipeline, seconds=0.1))
        measure_training_speed(faces, recipes, folder, compared="cnn@fast", steps=4, rounds=1)
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of a fast recipe that ends above 65 % on PrivateTest, and of four convolutions that stop below."""
    folder = fake_results(tmp_path_factory.mktemp("results"))
    records = {json.loads(path.read_text())["recipe"]["name"]: path for path in (folder / "records").iterdir()}
    curves = {"pixels+logreg": ("cnn@fast", [0.5, 0.66, 0.7]), "pixels+tree": ("cnn-4conv", [0.3, 0.4, 0.5, 0.6])}
    for old, (name, curve) in curves.items():
        record = json.loads(records[old].read_text())
        record["recipe"]["name"] = name
        record["history"] = {"val_accuracy": curve}
        records[old].write_text(json.dumps(record))
    return folder


def test_each_network_and_the_tutorials_way_get_their_seconds(measured: Path, faces: Dataset) -> None:
    content = json.loads((measured / "training.json").read_text())
    entries = {entry["recipe"]: entry for entry in content["epochs"]}
    assert list(entries) == ["cnn@fast", "cnn@taught", TUTORIAL]
    training = len(faces.rows("Training"))
    assert all(entry["n_images"] < training for entry in entries.values())
    for name, entry in entries.items():
        each = np.reshape(entry["seconds"], (1, -1, 2))
        # Of five epochs three are at the first size, two at the last.
        shares = [0.6, 0.4] if name == "cnn@taught" else [1.0]
        assert each.shape[1] == len(shares) and each.min() > 0
        of_rounds = each[:, :, 1] @ shares * training / entry["n_images"]
        assert entry["epoch_s_of_rounds"] == pytest.approx(of_rounds)
        assert entry["epoch_s"] == pytest.approx(np.median(of_rounds))
        assert entry["images_per_s"] == pytest.approx(training / entry["epoch_s"])
    assert "float32" in content["epochs"][-1]["how"] and "ImageDataGenerator" in content["epochs"][-1]["how"]
    assert content["load_before"] >= 0 and content["environment"]["cores"] >= 1
    assert {row["threads"] for row in content["pipeline"]} == {1, content["environment"]["cores"]}


def test_networks_take_turns_and_their_epoch_is_the_median_of_the_rounds(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[tuple[str, int]] = []
    of_round = {"cnn@fast": [9.0, 1.0, 2.0], "cnn-4conv": [3.0, 30.0, 4.0], TUTORIAL: [7.0, 5.0, 6.0]}

    def measured_as(name: str, part: Part) -> dict[str, Any]:
        seconds = of_round[name][sum(known == name for known, _ in turns)]
        turns.append((name, len(part.X)))
        return {"recipe": name, "seconds": [seconds], "n_images": len(part.X), "epoch_s": seconds, "how": ""}

    for name in ("parts", "epochs"):
        monkeypatch.setattr(f"ferbench.benchmarks.training.{name}.BATCH", 8)
    at = "ferbench.benchmarks.training.speed."
    monkeypatch.setattr(at + "measure_pipeline", lambda images: [])
    monkeypatch.setattr(at + "measure_epoch", lambda name, params, part: measured_as(name, part))
    monkeypatch.setattr(at + "measure_tutorial", partial(measured_as, TUTORIAL))
    file = measure_training_speed(faces, {"cnn@fast": {}, "cnn-4conv": {}}, tmp_path, compared="cnn@fast", rounds=3)
    assert [name for name, _ in turns] == list(of_round) * 3
    n_images = dict(turns)
    assert n_images[TUTORIAL] == n_images["cnn-4conv"] < n_images["cnn@fast"]
    entries = json.loads(file.read_text())["epochs"]
    assert [entry["epoch_s"] for entry in entries] == [2.0, 4.0, 6.0]
    for entry in entries:
        assert entry["epoch_s_of_rounds"] == of_round[entry["recipe"]]
        assert entry["seconds"] == [[seconds] for seconds in of_round[entry["recipe"]]]
        assert entry["images_per_s"] == pytest.approx(len(faces.rows("Training")) / entry["epoch_s"])


def test_the_pipeline_gives_augmented_images_on_every_thread() -> None:
    images = np.random.default_rng(0).integers(0, 256, (256, 48, 48), np.uint8)
    rows = measure_pipeline(images, seconds=0.1)
    assert len({row["augmentation"] for row in rows}) == 3
    assert all(row["images_per_s"] > 0 for row in rows)


def test_a_part_keeps_every_class_and_its_share() -> None:
    # The images of a part do not matter, only their labels and splits.
    labels, split = np.repeat(list(LABELS), 300), np.tile(["Training"] * 8 + ["PublicTest", "PrivateTest"], 210)
    ids, images = np.arange(2100).astype(str), np.zeros((2100, 8, 8), np.uint8)
    faces = Dataset("rows", images, labels, split, ids, fingerprint="0")
    part = Part.of(faces, steps=4)
    assert abs(len(part.X) - 512) < 10 and len(part.X) == len(part.y)
    assert len(part.X_val) / len(faces.rows("PublicTest")) == pytest.approx(1 / part.scale, rel=0.1)
    quarter = smaller(part, 1 / 4)
    assert set(quarter.y) == set(faces.labels) and quarter.scale * len(quarter.y) == pytest.approx(
        part.scale * len(part.y)
    )


def test_times_are_seconds_of_an_epoch_times_recorded_epochs(results: Path) -> None:
    content = fake_measurement(ours=10.0, theirs=100.0)
    table = time_to_accuracy(content, results).set_index("recipe")
    ours, theirs = table.loc["cnn@fast"], table.loc[TUTORIAL]
    assert (ours["epochs_to_target"], ours["seconds_to_target"], ours["seconds_in_all"]) == (2, 20.0, 30.0)
    assert ours["public_accuracy"] > 0.65 and ours["reached"]
    assert not theirs["reached"] and theirs["seconds_to_target"] == 400.0
    table.loc[TUTORIAL, "public_accuracy"] = 0.6
    verdict = compare_times(table.reset_index(), content)
    assert verdict["at_least"] and verdict["ratio"] == pytest.approx(400 / 30)
    assert verdict["ratios"] == pytest.approx([400 / 30, 800 / 30])
    assert "at least 13.3 times as long (target: 15; by round 13.3, 26.7)" in verdict["said"]
    assert "only at 60.0% after 4: at least 7 minutes to 65%" in verdict["said"]


def test_a_rival_that_is_there_in_the_end_is_compared_by_its_whole_training(results: Path) -> None:
    content = fake_measurement(ours=10.0, theirs=100.0)
    table = time_to_accuracy(content, results)
    table.loc[table["recipe"] == TUTORIAL, "public_accuracy"] = 0.66
    verdict = compare_times(table, content)
    assert not verdict["at_least"] and verdict["ratio"] == pytest.approx(400 / 30)
    assert "is at 66.0% after 4: 7 minutes to 65%. That is 13.3 times" in verdict["said"]
    assert verdict["said"].endswith("It is not known whether it would reach this accuracy in fewer epochs.")


def test_no_ratio_is_claimed_where_ours_is_not_there_or_not_recorded(results: Path) -> None:
    content = fake_measurement(ours=10.0, theirs=100.0) | {"target": 0.99}
    verdict = compare_times(time_to_accuracy(content, results), content)
    assert verdict["ratio"] is None and "below 99%" in verdict["said"]
    unknown = content | {"recipe": "cnn@taught"}
    assert "has no record" in compare_times(time_to_accuracy(unknown, results), unknown)["said"]


def test_the_report_is_rebuilt_from_what_was_measured(
    measured: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["measure-training", "--rebuild", "--output", str(measured), "--results", str(results)]) == 0
    out = capsys.readouterr().out
    assert "augmented images/s or more on" in out and "after 3 epochs" in out
    table = pd.read_csv(measured / "training.csv")
    assert list(table["recipe"]) == ["cnn@fast", "cnn@taught", TUTORIAL]
    text = (measured / "training.md").read_text()
    assert "more than 4" in text and "| cnn@taught |" in text
    before = text
    write_training_report(measured, results)
    assert (measured / "training.md").read_text() == before


@pytest.mark.parametrize("words", [[], ["--recipes", "ferbench-net@fast", "--recipe", "ferbench-net@fast"]])
def test_networks_are_measured_with_the_parameters_of_the_suite(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[dict[str, object], str]] = []

    def measure(dataset: object, params: dict[str, object], output: Path, *, compared: str, **_: object) -> None:
        asked.append((params, compared))

    monkeypatch.setattr("ferbench.datasets.load", lambda *args, **kwargs: None)
    monkeypatch.setattr("ferbench.benchmarks.training.measure_training_speed", measure)
    monkeypatch.setattr("ferbench.benchmarks.training.write_training_report", lambda *args: "")
    assert main(["measure-training", "--source", "faces", *words, "--output", str(tmp_path)]) == 0
    ((params, compared),) = asked
    assert compared == "ferbench-net-m@fast" and params[compared]
    assert params == {name: load_suite("fer2013").params.get(name, {}) for name in params}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "needs --source PATH"),
        (["--rebuild"], "run ferbench measure-training --source PATH first"),
        (["--source", "faces", "--recipe", "nobody"], "nobody is compared but not measured"),
        (["--source", "faces", "--recipes", "hog+svm", "--recipe", "hog+svm"], "hog+svm is no network"),
        (["--source", "faces", "--target", "65"], "target must be a share"),
        (["--source", "faces", "--steps", "1"], "steps must be at least 4"),
        (["--source", "faces", "--rounds", "0"], "rounds must be at least 1"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferbench.datasets.load", lambda *args, **kwargs: make_faces(21, random_state=0))
    assert main(["measure-training", *words, "--output", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def fake_measurement(*, ours: float, theirs: float) -> dict[str, Any]:
    seconds = {"cnn@fast": ours, "cnn@taught": ours, TUTORIAL: theirs}
    return {
        "epochs": [
            {
                **{"recipe": name, "epoch_s": value, "images_per_s": 1.0, "how": "", "n_images": 1},
                "epoch_s_of_rounds": [value, 2 * value if name == TUTORIAL else value],
            }
            for name, value in seconds.items()
        ],
        "recipe": "cnn@fast",
        "reference": "cnn-4conv",
        "target": 0.65,
    }
