"""``ferbench train`` and ``export --int8`` from one end to the other, as docs/training.md walks it."""

import json
import re
import shlex
import shutil
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.benchmarks.choose import calibrate_on
from ferbench.benchmarks.int8 import measure_int8, write_int8_report
from ferbench.benchmarks.own import measure_transfer, train_bundle, write_transfer_report
from ferbench.cli import main
from ferbench.datasets import make_faces
from ferbench.datasets.readers import loading
from ferbench.models import load_bundle, pretrained
from ferbench.models.bundles import read_description, recognizer_sha256

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
LABELS_OF_KDEF = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
LABELS = {"happy": "keen", "surprise": "keen", "sad": "bored", "neutral": "bored"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawn faces in folders of new labels."""
    folder = tmp_path_factory.mktemp("desk")
    faces = make_faces(84, random_state=2, difficulty=0.1)
    for place, (image, label) in enumerate(zip(faces.images, faces.labels.tolist(), strict=True)):
        if label in LABELS:
            file = folder / "my-faces" / LABELS[label] / f"{place}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), image)
    return folder


def write_people(folder: Path, *, parts: bool) -> Path:
    """Drawn faces of six people in CK+'s folders, with parts that share people or without parts."""
    faces = make_faces(84, size=24, random_state=2, difficulty=0.1, n_people=6)
    assert faces.groups is not None
    for place, (image, label, person) in enumerate(zip(faces.images, faces.labels, faces.groups, strict=True)):
        part = ("train", "val", "test")[place // 7 % 4 % 3] if parts else "."
        file = folder / part / label / f"S{int(person.removeprefix('person_')):03d}_001_{place:08d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), image)
    return folder


def walk(section: str) -> list[list[str]]:
    """The commands of a section of the page, but for the camera."""
    block = PAGE.split(f"## {section}\n")[1].split("```sh\n")[1].split("```")[0]
    return [shlex.split(line)[1:] for line in block.splitlines() if " live " not in line]


def test_the_walk_for_labels_of_ones_own(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    for words in walk("Your own labels"):
        assert main(words) == 0, words
    out = capsys.readouterr().out
    assert re.search(r"validation: accuracy 0\.\d+ \[0\.\d+, [01]\.\d+\], n = \d+", out)
    assert "test part was not opened" in out and "ferbench live --model my-bundle" in out
    assert Path("labels.csv").read_text().startswith("image,label,p_bored,p_keen")
    card = Path("my-bundle/MODEL_CARD.md").read_text()
    assert "Recognizes bored and keen" in card and "PrivateTest |" not in card
    scores = json.loads(Path("my-bundle/bundle.json").read_text())["scores"]
    assert list(scores) == ["PublicTest"]


def test_a_new_bundle_states_its_temperature_and_its_coverage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    faces = make_faces(280, random_state=6, difficulty=0.3)
    monkeypatch.setattr(loading, "make_faces", lambda *_, **__: faces)
    assert main(["train", "pixels+logreg", "--source", "faces", "--output", "mine"]) == 0
    out = capsys.readouterr().out
    made = load_bundle("mine")
    assert made.info["calibration"] == calibrate_on(made, faces)
    assert made.info["calibration"]["reject"]["coverage"] == pytest.approx(0.8, abs=0.03)
    assert f"uncertain: probability below {made.reject_below:.2f}; on PublicTest" in out
    assert "## Calibration\n\n- Temperature" in Path("mine/MODEL_CARD.md").read_text()
    assert main(["train", "pixels+logreg", "--source", "faces", "--output", "plain", "--no-calibrate"]) == 0
    assert "uncertain" not in capsys.readouterr().out
    plain = load_bundle("plain")
    assert "calibration" not in plain.info
    # What is made of it, or measured, is the same with it and without it.
    without = {key: value for key, value in made.info.items() if key != "calibration"}
    assert recognizer_sha256(without) == recognizer_sha256(made.info)
    np.testing.assert_array_equal(plain.predict(faces.images), made.predict(faces.images))


def test_too_few_images_give_no_calibration(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    assert main(["train", "pixels+logreg", "--source", "my-faces", "--output", "few"]) == 0
    assert re.search(
        r"PublicTest has \d+ images that are not in Training, and a calibration needs 20", capsys.readouterr().out
    )
    assert "calibration" not in read_description(Path("few"))
    with pytest.raises(ValueError, match="coverage must be a fraction above 0 and up to 1; got 2"):
        train_bundle("pixels+logreg", make_faces(70), "never", calibrate=2)


def test_an_existing_folder_is_never_replaced(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    Path("taken").mkdir(exist_ok=True)
    assert main(["train", "hog+svm", "--source", "my-faces", "--output", "taken"]) == 2
    assert "taken exists and is not replaced" in capsys.readouterr().err


def test_what_the_loader_left_out_its_source_and_its_terms_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    faces = make_faces(147, size=24, random_state=0, n_people=7)
    codes = dict(zip(LABELS_OF_KDEF, ("AN", "DI", "AF", "HA", "NE", "SA", "SU"), strict=True))
    for number, (label, image) in enumerate(zip(faces.labels.tolist(), faces.images, strict=True)):
        angle, person = "S" if number < 98 else "HL", number // 7 % 7
        cv2.imwrite(f"{'AB'[number // 49 % 2]}{'FM'[person % 2]}{person + 1:02d}{codes[label]}{angle}.png", image)
    words = ["--source", "kdef:.", "--size", "24", "--labels", "neutral=drop"]
    assert main(["train", "pixels+tree", *words, "--output", "bundle"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "49 images were left out: an angle other than S." in lines
    assert "Labels left out: neutral (14)." in lines
    assert any(line.startswith("KDEF, from ") and "Terms of the original: non-commercial" in line for line in lines)


def test_the_test_part_is_scored_when_asked(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    assert main(["train", "pixels+logreg", "--source", "my-faces", "--output", "tested", "--test"]) == 0
    assert "\ntest: accuracy" in capsys.readouterr().out


def test_parts_that_share_people_are_warned_of_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "pixels+tree", "--size", "24", "--source", str(write_people(tmp_path / "shared", parts=True))]
    with pytest.warns(UserWarning, match=r"^3 people are in both Training and PublicTest, .* divided by person$"):
        assert main([*words, "--output", str(tmp_path / "flattered")]) == 0
    assert "people are in both" in (tmp_path / "flattered" / "MODEL_CARD.md").read_text()


def test_parts_that_train_draws_are_drawn_by_person(tmp_path: Path) -> None:
    """Warnings are errors here: there is none."""
    words = ["train", "pixels+tree", "--size", "24", "--source", str(write_people(tmp_path / "people", parts=False))]
    assert main([*words, "--output", str(tmp_path / "honest")]) == 0
    card = (tmp_path / "honest" / "MODEL_CARD.md").read_text()
    assert "drawn by person, so that nobody is in two of them" in card and "people are in both" not in card


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hog+svm", "--from", "ferbench-net-xs"], "hog+svm is no network, so it cannot start from ferbench-net-xs"),
        (["ferbench-net-l", "--from", "ferbench-net-xs"], "use ferbench train ferbench-net-xs --from ferbench-net-xs"),
        (["ferbench-net-xs", "--from", "ferbench-net"], "use ferbench train ferbench-net-l --from ferbench-net"),
        (
            ["ferbench-net-xs", "--from", "nothing"],
            "no such bundle; expected a bundle's folder or one of ferbench-net-l",
        ),
        (
            ["weight-mean@net-l", "--from", "ferbench-net"],
            "weight-mean@net-l is no network, so it cannot start from ferbench-net; use ferbench train ferbench-net-l",
        ),
        (
            ["ferbench-net-l-int8", "--from", "ferbench-net-l-int8"],
            "it has 8-bit weights; start from the float32 network that it was made of: ferbench train ferbench-net-l "
            "--from ferbench-net-l",
        ),
        (
            ["ferbench-quality", "--from", "ferbench-quality"],
            "it holds no single network of ferbench; start from one network: ferbench train ferbench-net-l --from "
            "ferbench-net-l or ferbench train ferbench-net-xs --from ferbench-net-xs",
        ),
        (
            ["ferbench-net-l", "--from", "ferbench-points"],
            "it finds key points; start from one network: ferbench",
        ),
        (["constant"], "constant is not trained on labels"),
    ],
)
def test_what_does_not_fit_is_said(
    words: list[str], message: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    assert main(["train", *words, "--source", "my-faces", "--output", "never"]) == 2
    assert message in capsys.readouterr().err and not Path("never").exists()


def test_the_walk_for_fine_tuning(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    first, *rest = walk("Start from a network that ships")
    assert main([*first, "--epochs", "1"]) == 0
    for words in rest:
        assert main(words) == 0
    bundle = load_bundle("my-network")
    assert list(bundle.classes_) == ["bored", "keen"]
    shipped = read_description(pretrained()["ferbench-net-xs"])
    assert bundle.info["started_from"] == recognizer_sha256(shipped)
    assert "Started from the weights of `ferbench-net-xs`" in Path("my-network/MODEL_CARD.md").read_text()


@pytest.mark.parametrize(
    ("recipe", "start"),
    [
        ("ferbench-net", "ferbench-net"),
        ("ferbench-net-l", "ferbench-net-l"),
        ("ferbench-net-xs", "ferbench-net-xs"),
    ],
)
def test_every_float_network_that_ships_can_be_trained_further(
    recipe: str, start: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The weights of one are the mean of two trainings, so that its description names no network."""
    monkeypatch.chdir(desk)
    output = f"from-{start}"
    words = ["train", recipe, "--from", start, "--source", "my-faces", "--output", output, "--epochs", "1"]
    assert main(words) == 0
    trained = "ferbench-net-l" if recipe == "ferbench-net" else recipe
    info = load_bundle(output).info
    assert info["recipe"]["name"] == trained
    assert info["started_from"] == recognizer_sha256(read_description(pretrained()[start]))
    told = "ferbench-net is the former name of the network of ferbench-net: ferbench-net-l was trained"
    assert (told in capsys.readouterr().out) == (recipe == "ferbench-net")


def test_a_network_of_ones_own_can_be_trained_further(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its recipe is compared by its layers: the name of a variant or of the folder says nothing."""
    monkeypatch.chdir(desk)
    shutil.copytree(pretrained()["ferbench-net-xs"], "copied")
    words = ["--from", "copied", "--source", "my-faces", "--epochs", "1"]
    assert main(["train", "ferbench-net-m", *words, "--output", "never"]) == 2
    assert "copied has the network ferbench-net-xs" in capsys.readouterr().err
    assert main(["train", "ferbench-net-xs@again", *words, "--output", "again"]) == 0


def test_every_bundle_that_ships_is_told_apart() -> None:
    """One that is added needs its case above."""
    assert list(pretrained()) == ["ferbench-net-l-int8", "ferbench-net-l", "ferbench-net-xs", "ferbench-quality"]


def test_int8_is_exported_with_both_figures_and_published(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(desk)
    monkeypatch.setattr(loading, "make_faces", partial(make_faces, 140))
    assert main(["export", "xs-int8", "--model", "ferbench-net-xs", "--int8"]) == 2
    assert "--int8 needs --source PATH" in capsys.readouterr().err
    words = ["--model", "ferbench-net-xs", "--int8", "--source", "faces"]
    assert main(["export", "xs-warm", *words, "--calibrate", "0.7"]) == 0
    assert "% of the answers are certain" in capsys.readouterr().out
    warm = load_bundle("xs-warm")
    # Its own temperature, not that of the float32 network.
    assert warm.info["calibration"] == calibrate_on(warm, make_faces(140, random_state=0), coverage=0.7)
    assert "## Calibration\n\n- Temperature" in Path("xs-warm/MODEL_CARD.md").read_text()
    assert main(["export", "xs-int8", *words]) == 0
    assert "calibration" not in read_description(Path("xs-int8"))
    out = capsys.readouterr().out
    assert "uncertain" not in out and "float32" in out and "same label" in out and "int8 less float32" in out
    card = Path("xs-int8/MODEL_CARD.md").read_text()
    assert "has no figure there" in card and list(load_bundle("xs-int8").info["scores"]) == ["PublicTest"]
    faces = make_faces(70, random_state=1)
    measure_int8({"ferbench-net-xs": pretrained()["ferbench-net-xs"]}, faces, Path("int8"), rounds=2, calls=3)
    assert "ferbench-net-xs" in write_int8_report(Path("int8"))
    assert Path("int8/int8.csv").read_text().count("\n") == 2
    assert "took turns" in Path("int8/int8.md").read_text()


def forget(file: Path, *names: str) -> None:
    """Set entries of a record to None, as Windows writes the load."""
    file.write_text(json.dumps(json.loads(file.read_text()) | dict.fromkeys(names)))


def test_an_int8_network_is_reported_by_the_name_that_it_was_measured_by(tmp_path: Path) -> None:
    """The folder of a bundle under results is the number of its cell."""
    folder = Path(shutil.copytree(pretrained()["ferbench-net-xs"], tmp_path / "bundles" / "0a1b2c"))
    measure_int8({"mine (a/b)": folder}, make_faces(70, random_state=1), tmp_path / "int8", rounds=1, calls=1)
    assert "mine (a/b), latency" in write_int8_report(tmp_path / "int8")
    assert "The load of the machine was " in (tmp_path / "int8" / "int8.md").read_text()
    forget(tmp_path / "int8" / "int8.json", "load_before", "load_after")
    write_int8_report(tmp_path / "int8")
    page = (tmp_path / "int8" / "int8.md").read_text()
    assert "load" not in page and "both are equal. This processor has" in page


def test_transfer_keeps_what_was_measured_and_leaves_the_rest_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferbench.benchmarks.own import transfer

    monkeypatch.setattr(transfer, "METHODS", dict(list(transfer.METHODS.items())[:1]))
    (name,) = measure_transfer(tmp_path, sizes=[21])
    file = tmp_path / "runs" / f"{name}.json"
    before = file.stat().st_mtime_ns
    assert measure_transfer(tmp_path, sizes=[21]) == [name] and file.stat().st_mtime_ns == before
    text = write_transfer_report(tmp_path)
    assert "constant" in text and (tmp_path / "transfer.png").is_file()
    assert (tmp_path / "transfer.csv").read_text().startswith("method,n_images")
    assert ", load before a fit " in (tmp_path / "transfer.md").read_text()
    forget(file, "load_before")
    write_transfer_report(tmp_path)
    assert "load" not in (tmp_path / "transfer.md").read_text()
