"""`ferbench predict` as a user runs it: every recognizer, thousands of images, files, bad input."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces
from ferbench.models import load_bundle, make_recipe, save_bundle


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=2, difficulty=0.2)


@pytest.fixture(scope="module")
def bundle(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recognizer = make_recipe("hog+logreg").fit(faces.images, faces.labels)
    info = {"recipe": {"name": "hog+logreg"}, "dataset": {"name": "faces", "drawn": True}}
    return save_bundle(tmp_path_factory.mktemp("results") / "b", recognizer, image_shape=(48, 48), info=info)


@pytest.fixture(scope="module")
def folder(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for i, image in enumerate(faces.images[:12]):
        cv2.imwrite(str(folder / f"{i:02}.png"), image)
    return folder


def test_labels_equal_the_recognizer_s(
    bundle: Path, folder: Path, faces: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, lines = tmp_path / "p.csv", tmp_path / "p.json"
    assert main(["predict", str(folder), "--model", str(bundle), "--csv", str(table), "--json", str(lines)]) == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert list(rows[0]) == ["image", "label", *(f"p_{label}" for label in sorted(set(faces.labels)))]
    expected = load_bundle(bundle)
    assert [row["label"] for row in rows] == expected.predict(faces.images[:12]).tolist()
    written = [[float(row[f"p_{label}"]) for label in expected.classes_] for row in rows]
    np.testing.assert_allclose(written, expected.predict_proba(faces.images[:12]), atol=1e-6)
    assert [row["label"] for row in json.loads(lines.read_text())] == [row["label"] for row in rows]
    shown = capsys.readouterr().out
    assert "hog+logreg" in shown and "drawn faces" in shown


def test_thousands_of_images_in_one_call(bundle: Path, folder: Path, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for i in range(2100):
        (many / f"{i}.png").hardlink_to(folder / f"{i % 12:02}.png")
    assert main(["predict", str(many), "--model", str(bundle), "--csv", str(tmp_path / "p.csv")]) == 0
    assert len((tmp_path / "p.csv").read_text().splitlines()) == 2101


def test_a_large_color_photograph_is_taken(bundle: Path, shared_data: Path) -> None:
    photo = sorted((shared_data / "photos").glob("*.jpg"))[0]
    assert main(["predict", str(photo), "--model", str(bundle)]) == 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere.png"], "nowhere.png: no such file"),
        (["broken.jpg"], "broken.jpg: "),
        (["empty"], "empty: the folder holds no images"),
        (["00.png", "--model", "hog+svn"], "'hog+svn' is no bundle"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str],
    message: str,
    bundle: Path,
    faces: Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 not a picture")
    cv2.imwrite("00.png", faces.images[0])
    if "--model" not in arguments:
        arguments = [*arguments, "--model", str(bundle)]
    assert main(["predict", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ferbench: error: ") and message in error and error.count("\n") == 1


def test_the_module_is_the_same_command(bundle: Path, folder: Path) -> None:
    command = [sys.executable, "-m", "ferbench.cli", "predict", str(folder / "00.png"), "--model", str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "00.png" in done.stdout


def test_a_closed_pipe_is_no_traceback() -> None:
    # The entry point answers for every command; this one starts fast.
    command = f"{sys.executable} -u -m ferbench.cli data list | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


# --- files as people have them -------------------------------------------------------------------------------


@pytest.fixture
def mixed(folder: Path, tmp_path: Path) -> Path:
    """A folder with two good images among others: cut off, a resource file, a dangling link, a formula for a name."""
    place = tmp_path / "mixed"
    (place / "deep").mkdir(parents=True)
    data = (folder / "00.png").read_bytes()
    (place / "=1+1.png").write_bytes(data)
    (place / "deep" / "b.png").write_bytes(data)
    (place / "cut.png").write_bytes(data[:100])
    (place / "._a.png").write_bytes(b"Mac OS X")
    (place / "gone.png").symlink_to(place / "nowhere")
    (place / "x.jpg").mkdir()
    (place / "notes.txt").touch()
    return place


def test_bad_images_are_skipped_counted_and_named(
    mixed: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "p.csv"
    assert main(["predict", str(mixed), "--model", str(bundle), "--csv", str(table)]) == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    read = [Path(row["image"]).name for row in rows if row["label"]]
    assert sorted(read) == ["=1+1.png", "b.png"]
    assert {Path(row["image"]).name: "cut off" in row["error"] for row in rows if row["error"]} == {
        "cut.png": True,
        "gone.png": False,
    }
    told = capsys.readouterr().err
    assert "2 of 4 images could not be read" in told and "._a.png: a hidden file" in told and "1 .txt" in told
    assert main(["predict", str(mixed), "--model", str(bundle), "--strict"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_name_that_a_spreadsheet_would_compute_is_escaped(
    mixed: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(mixed)
    assert main(["predict", "=1+1.png", "--model", str(bundle), "--csv", "-"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["image"] for row in rows] == ["'=1+1.png"]
    assert main(["predict", "=1+1.png", "--model", str(bundle), "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["image"] == "=1+1.png"


def test_no_output_overwrites_an_input_or_another_output(
    folder: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes((folder / "00.png").read_bytes())
    (tmp_path / "link.csv").symlink_to(photo)
    before = photo.read_bytes()
    for words in (
        [str(photo), "--csv", str(photo)],
        [str(photo), "--json", str(tmp_path / "link.csv")],
        [str(tmp_path), "--csv", str(photo)],
    ):
        assert main(["predict", *words, "--model", str(bundle)]) == 2
        assert "is the input, which is never overwritten" in capsys.readouterr().err
    same = str(tmp_path / "p.csv")
    assert main(["predict", str(photo), "--csv", same, "--json", same, "--model", str(bundle)]) == 2
    assert photo.read_bytes() == before and not Path(same).exists()


def test_names_that_are_no_text_are_shown_and_written(
    folder: Path, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = tmp_path / "a\x1b[2J\udcff.png"
    name.write_bytes((folder / "00.png").read_bytes())
    assert main(["predict", str(name), "--model", str(bundle), "--csv", str(tmp_path / "p.csv")]) == 0
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err and "a\\x1b[2J\\xff.png" in shown.out
    assert "a\\x1b[2J\\xff.png" in (tmp_path / "p.csv").read_text()
