"""Stated class priors in live use: applied once, before the smoothing, and said where the model is said."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import ScriptedDetector, picture

from ferbench.cli import main
from ferbench.cli.arguments import named_models
from ferbench.cli.live_run import load_recognizer
from ferbench.datasets import make_faces
from ferbench.models import load_bundle, make_recipe, pretrained, save_bundle
from ferbench.models.bundles import add_calibration, digest
from ferbench.realtime import Detection, Frame, ModelSwitcher, Pipeline, Recognizer, Smoother, stream, table
from ferbench.realtime.web.shelf import Shelf

UNIFORM = dict.fromkeys(("angry", "happy", "sad"), 1 / 3)
SHARES = {"angry": 0.375, "happy": 0.5, "sad": 0.125}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recognizer of three labels of different shares, fitted on noise: its probabilities are near the shares."""
    labels = np.repeat(["happy", "sad", "angry"], [40, 10, 30])
    images = np.random.default_rng(0).integers(0, 256, (80, 24, 24), np.uint8)
    recognizer = make_recipe("pixels+logreg").fit(images, labels)
    folder = tmp_path_factory.mktemp("bundles") / "mine"
    return save_bundle(folder, recognizer, image_shape=(24, 24), labels=labels, info={"recipe": {"name": "mine"}})


@pytest.fixture
def old(bundle: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "old"
    shutil.copytree(bundle, folder)
    info = json.loads((folder / "bundle.json").read_text())
    del info["class_shares"]
    (folder / "bundle.json").write_text(json.dumps({**info, "sha256": digest(info)}))
    return folder


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    face = make_faces(21, size=200, random_state=3, difficulty=0).images[0]
    canvas = np.full((480, 640), 128, np.uint8)
    canvas[140:340, 220:420] = face
    cv2.imwrite(str(tmp_path / "face.png"), canvas)
    return tmp_path / "face.png"


def divided(rows: np.ndarray) -> np.ndarray:
    """The formula for uniform priors, with the columns in the order of the labels."""
    rows = rows / np.array([SHARES[label] for label in sorted(SHARES)])
    return rows / rows.sum(axis=1, keepdims=True)


def one_face(number: int) -> list[Detection]:
    return [Detection((20, 10, 20, 20), 0.9)]


def test_a_recognizer_adjusts_the_probabilities_of_each_face(bundle: Path) -> None:
    plain, adjusted = Recognizer(load_bundle(bundle)), Recognizer.load(bundle, priors="uniform")
    boxes = [(20, 10, 20, 20), (0, 0, 30, 30)]
    image = np.random.default_rng(2).integers(0, 256, (48, 64, 3), np.uint8)
    rows = plain.predict_faces(image, boxes)
    np.testing.assert_allclose(adjusted.predict_faces(image, boxes), divided(rows), rtol=1e-6)
    assert plain.priors is None and adjusted.priors == pytest.approx(UNIFORM)
    # A bundle that was adjusted before keeps its shares.
    assert Recognizer(load_bundle(bundle).with_priors({"sad": 1.0})).priors == {"angry": 0, "happy": 0, "sad": 1}


def test_the_smoothing_comes_after_the_priors(bundle: Path) -> None:
    frames = [Frame(number, number / 10, picture(number, level)) for number, level in enumerate((40, 200, 90))]
    found = []
    for priors in (None, "uniform"):
        recognizer = Recognizer.load(bundle, priors=priors)
        pipeline = Pipeline(recognizer, ScriptedDetector(one_face), detect_every=1)
        found.append([pipeline.process(frame).events[0] for frame in frames])
    plain, adjusted = found
    raw = np.array([event.probabilities for event in plain])
    np.testing.assert_allclose([event.probabilities for event in adjusted], divided(raw), rtol=1e-6)
    smoother = Smoother(0.5)
    for event, row in zip(adjusted, divided(raw), strict=True):
        np.testing.assert_allclose(event.smoothed, smoother.update(row, event.timestamp_s), rtol=1e-6)
    # Smoothing first would give something else.
    last = np.array([plain[-1].smoothed])
    assert np.abs(divided(last) - adjusted[-1].smoothed).max() > 1e-6


def test_the_threshold_of_a_bundle_applies_to_the_adjusted_probabilities(bundle: Path, tmp_path: Path) -> None:
    made = tmp_path / "b"
    shutil.copytree(bundle, made)
    image = picture(0)
    recognizer = Recognizer(load_bundle(bundle), detector=ScriptedDetector(one_face))
    plain = recognizer.predict_faces(image, [(20, 10, 20, 20)])
    between = float((plain.max() + divided(plain).max()) / 2)
    assert abs(between - plain.max()) > 0.01
    add_calibration(made, {"temperature": 1.0, "reject": {"threshold": between}})
    certain = [
        Recognizer.load(made, priors=priors, detector=ScriptedDetector(one_face)).predict(image)[0].certain
        for priors in (None, "uniform")
    ]
    assert sorted(certain) == [False, True]


def test_streams_and_tables_take_a_recognizer_with_priors(bundle: Path, photo: Path) -> None:
    recognizer = Recognizer.load(bundle, priors="happy=0,sad=0")
    events = list(stream(str(photo), model=recognizer, detector=ScriptedDetector(one_face)))
    assert [event.label for event in events] == ["angry"]
    assert table(photo, model=recognizer, detector=ScriptedDetector(one_face))["p_angry"].tolist() == [1.0]


def test_a_key_of_the_window_takes_the_priors_to_the_next_model(bundle: Path, old: Path) -> None:
    pipeline = Pipeline(load_recognizer(str(bundle), bundle.parent, priors="uniform"), ScriptedDetector(one_face))
    switcher = ModelSwitcher(
        pipeline, [str(bundle), str(old)], lambda name: load_recognizer(name, bundle.parent, priors="uniform")
    )
    switcher._wanted = str(old)
    switcher._switch(str(old))
    # A model without shares does not take its place silently unadjusted.
    assert "does not state the shares of its classes" in (switcher.message or "")
    assert pipeline.recognizer.priors == pytest.approx(UNIFORM)


def test_the_web_page_is_told_the_priors_of_each_model(bundle: Path, old: Path) -> None:
    shelf = Shelf({"mine": bundle}, priors="uniform")
    (about,) = shelf.describe()
    assert about["priors"] == pytest.approx(UNIFORM)
    assert shelf.get().priors == pytest.approx(UNIFORM)
    (silent,) = Shelf({"old": old}).describe()
    assert silent["priors"] is None
    with pytest.raises(ValueError, match="old does not state the shares"):
        Shelf({"mine": bundle, "old": old}, priors="uniform")


def test_a_server_leaves_out_shipped_models_that_do_not_know_the_labels(tmp_path: Path) -> None:
    labels = np.repeat(["keen", "bored"], [30, 10])
    images = np.random.default_rng(0).integers(0, 256, (40, 24, 24), np.uint8)
    own = save_bundle(
        tmp_path / "own", make_recipe("pixels+tree").fit(images, labels), image_shape=(24, 24), labels=labels
    )
    assert list(named_models([str(own)], tmp_path, "keen=0.5")) == ["own"]
    assert set(named_models([str(own)], tmp_path, "uniform")) == {"own", *pretrained()}
    with pytest.raises(ValueError, match="unknown label 'keen'"):
        named_models([str(own), "ferbench-net-xs"], tmp_path, "keen=0.5")


def test_predict_says_the_priors_and_writes_adjusted_probabilities(
    bundle: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for number, words in enumerate(([], ["--priors", "uniform"], ["--priors", "sad=0.5"])):
        file = tmp_path / f"{number}.json"
        assert main(["predict", str(photo), "--model", str(bundle), "--json", str(file), *words]) == 0
        found.append([json.loads(file.read_text())[0][f"p_{label}"] for label in sorted(SHARES)])
        said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("class priors: ")]
        assert said == [[], ["class priors: uniform"], ["class priors: angry 0.214, happy 0.286, sad 0.500"]][number]
    np.testing.assert_allclose([found[1]], divided(np.array([found[0]])), rtol=1e-5)
    assert found[2][2] > found[1][2] > found[0][2]


@pytest.mark.parametrize("command", ["image", "video"])
def test_pictures_and_videos_say_the_priors_with_the_model(
    command: str, bundle: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = photo
    if command == "video":
        source = tmp_path / "clip.avi"
        writer = cv2.VideoWriter(str(source), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
        writer.write(cv2.imread(str(photo)))
        writer.release()
    events = tmp_path / "events.jsonl"
    words = [command, str(source), "--model", str(bundle), "--detector", "haar", "--events", str(events)]
    assert main([*words, "--priors", "happy=0,angry=0"]) == 0
    assert "ferbench: model mine, class priors angry 0.000, happy 0.000, sad 1.000, detector haar" in (
        capsys.readouterr().err
    )
    rows = [json.loads(line) for line in events.read_text().splitlines()]
    assert [row["label"] for row in rows if row["state"] == "face"] == ["sad"]
    assert main(words) == 0 and "class priors" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["predict", "image", "video", "live", "serve"])
def test_bad_priors_end_with_one_line(
    command: str, bundle: Path, old: Path, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = str(tmp_path / "clip.avi")
    writer = cv2.VideoWriter(clip, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    writer.write(picture(0))
    writer.release()
    words = {
        "predict": ["predict", str(photo)],
        "image": ["image", str(photo), "--detector", "haar"],
        "video": ["video", clip, "--detector", "haar", "--events", str(tmp_path / "e.csv")],
        "live": ["live", clip, "--detector", "haar", "--no-window"],
        "serve": ["serve", "--port", "0", "--detector", "haar"],
    }[command]
    cases = [
        (bundle, "joy=0.4", "unknown label 'joy'; known: angry, happy, sad"),
        (bundle, "happy=2", "the share of 'happy' must be a number from 0 to 1; got 2.0"),
        (bundle, "happy=0.7,sad=0.6", "the shares sum to 1.3; lower them"),
        (bundle, "evenly", "must be uniform, or the shares of labels, such as angry=0.2,happy=0.4; got 'evenly'"),
        (old, "uniform", "does not state the shares of its classes in the training data"),
    ]
    for model, priors, message in cases:
        assert main([*words, "--model", str(model), "--priors", priors]) == 2
        lines = capsys.readouterr().err.strip().splitlines()
        assert len(lines) == 1 and message in lines[0], lines
    assert not (tmp_path / "e.csv").exists()
