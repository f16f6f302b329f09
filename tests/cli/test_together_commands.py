"""Key points in ``ferbench live``, ``image`` and ``video``, and in the table of a folder, as a user meets them."""

import csv
import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
from points_parts import face_bundle, face_in
from web_server import drawn_bundles, portrait

from ferbench.cli import main
from ferbench.features import POINT_NAMES
from ferbench.realtime import FaceEvent, Recognizer, stream, table

HAAR = ["--detector", "haar"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return drawn_bundles(tmp_path_factory.mktemp("models"))["pixels+logreg"]


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return face_bundle(tmp_path_factory.mktemp("points") / "mean")


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face, the same mirrored, and a wall."""
    folder = tmp_path_factory.mktemp("album")
    picture = np.asarray(portrait())[:, :, ::-1]
    cv2.imwrite(str(folder / "a face.png"), picture)
    cv2.imwrite(str(folder / "mirrored.png"), picture[:, ::-1])
    cv2.imwrite(str(folder / "wall.png"), np.full((120, 160, 3), 90, np.uint8))
    return folder


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A face that moves to the right."""
    path = tmp_path_factory.mktemp("film") / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 480))
    picture = np.asarray(portrait())[:, :, ::-1]
    for frame in range(12):
        writer.write(np.ascontiguousarray(np.roll(picture, 2 * frame, axis=1)))
    writer.release()
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def points_of(row: dict[str, str]) -> np.ndarray:
    return np.array([[float(row[f"{name}_{axis}"]) for axis in "xy"] for name in POINT_NAMES])


def box_of(row: dict[str, str]) -> list[float]:
    return [float(row[name]) for name in ("x", "y", "width", "height")]


def refused(words: list[str], capsys: pytest.CaptureFixture[str], *parts: str) -> None:
    assert main(words) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    for part in ("ferbench: error: ", *parts):
        assert part in line, line


def test_a_folder_of_images_becomes_rows_and_pictures_with_points(
    model: Path, points: Path, album: Path, tmp_path: Path
) -> None:
    drawn = {}
    for words in ([], ["--points", str(points)]):
        out = tmp_path / f"out{len(words)}"
        files = ["--output-image", str(out), "--events", str(out / "e.csv")]
        assert main(["image", str(album), "--model", str(model), *HAAR, *files, *words]) == 0
        drawn[bool(words)] = cv2.imread(str(out / "a face.png"))
    plain, rows = rows_of(tmp_path / "out0" / "e.csv"), rows_of(tmp_path / "out2" / "e.csv")
    classes = Recognizer.load(model).classes_
    assert list(plain[0]) == [*FaceEvent.columns(classes), "image"]
    assert list(rows[0]) == [*FaceEvent.columns(classes, POINT_NAMES), "image"]
    assert [(row["image"], row["state"]) for row in rows] == [
        ("a face.png", "face"),
        ("mirrored.png", "face"),
        ("wall.png", "no_face"),
    ]
    for row in rows[:2]:
        assert points_of(row) == pytest.approx(face_in(*box_of(row)), abs=1.01)
    assert rows[2]["nose_tip_x"] == ""
    changed = (drawn[True] != drawn[False]).any(axis=2)
    for x, y in points_of(rows[0]).round().astype(int):
        # A point lies on a thin light line with a dark rim, or on a dot; a line between two pixels lights half of both.
        around = drawn[True][y - 1 : y + 2, x - 1 : x + 2].min(axis=2)
        assert changed[y, x] and around.max() > 150 and (around.min() < 60 or around.min() > 200)


def test_a_video_is_written_with_points_that_follow_the_face(
    model: Path, points: Path, film: Path, tmp_path: Path
) -> None:
    words = ["--events", str(tmp_path / "e.jsonl"), "--output-video", str(tmp_path / "o.avi")]
    words += ["--summary", str(tmp_path / "s.html"), "--points", str(points)]
    assert main(["video", str(film), "--model", str(model), *HAAR, *words]) == 0
    rows = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert len(rows) == 12 and list(rows[0])[-2:] == ["mouth_center_bottom_lip_x", "mouth_center_bottom_lip_y"]
    found = [row for row in rows if row["state"] == "face"]
    assert len(found) >= 10
    for row in found:
        # Smoothed, so not quite where this frame's box alone says.
        assert points_of(row) == pytest.approx(face_in(*box_of(row)), abs=0.06 * row["width"])
    assert found[-1]["nose_tip_x"] - found[0]["nose_tip_x"] > 12
    assert "key points by mean-shape" in (tmp_path / "s.html").read_text()
    capture = cv2.VideoCapture(str(tmp_path / "o.avi"))
    frames = [frame for done, frame in (capture.read() for _ in range(12)) if done]
    capture.release()
    x, y = round(found[-1]["nose_tip_x"]), round(found[-1]["nose_tip_y"])
    assert frames[-1][y - 1 : y + 2, x - 1 : x + 2].min(axis=2).max() > 190


def test_live_without_a_window_writes_points_in_a_process_of_its_own(
    model: Path, points: Path, film: Path, tmp_path: Path
) -> None:
    words = ["live", str(film), "--no-window", "--model", str(model), *HAAR, "--events", str(tmp_path / "e.csv")]
    command = [sys.executable, "-m", "ferbench.cli", *words, "--points", str(points)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    faces = [row for row in rows_of(tmp_path / "e.csv") if row["state"] == "face"]
    assert faces and all(np.isfinite(points_of(row)).all() for row in faces)


def test_the_table_of_a_folder_has_one_row_for_each_face(model: Path, points: Path, album: Path) -> None:
    faces = table(album, model=model, detector="haar", points=points)
    assert list(faces["image"]) == ["a face.png", "mirrored.png", "wall.png"]
    assert list(faces["state"]) == ["face", "face", "no_face"]
    classes = Recognizer.load(model).classes_
    named = ["image", "state", "x", "y", "width", "height", "score", "label", "certain"]
    coordinates = [f"{name}_{axis}" for name in POINT_NAMES for axis in "xy"]
    assert list(faces.columns) == [*named, *(f"p_{label}" for label in classes), *coordinates]
    numbers = faces[[*coordinates, "x", *(f"p_{label}" for label in classes)]]
    assert (
        all(kind.kind == "f" for kind in numbers.dtypes)
        and numbers.iloc[2].isna().all()
        and numbers.iloc[:2].notna().all(axis=None)
    )
    assert faces.iloc[0][[f"p_{label}" for label in classes]].astype(float).idxmax() == f"p_{faces['label'].iloc[0]}"
    first = faces.iloc[0]
    expected = face_in(first["x"], first["y"], first["width"], first["height"])
    assert first[coordinates].to_numpy(float).reshape(-1, 2) == pytest.approx(expected, abs=1.01)


def test_the_table_of_a_video_keeps_time_and_people(model: Path, film: Path) -> None:
    rows = table(film, model=model, detector="haar", points=False)
    assert list(rows.columns) == FaceEvent.columns(Recognizer.load(model).classes_)
    assert list(rows["frame"]) == list(range(12)) and rows["timestamp_s"].is_monotonic_increasing
    assert set(rows["track_id"].dropna()) == {1}


def test_images_that_cannot_be_read_are_named_and_left_out(model: Path, album: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(album, folder)
    (folder / "broken.png").write_bytes(b"\x89PNG no")
    counted = pytest.warns(UserWarning, match="1 of 4 images could not be read")
    with counted, pytest.warns(UserWarning, match=r"skipped .*broken\.png"):
        faces = table(folder, model=model, detector="haar")
    assert len(faces) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(table(folder / "a face.png", model=model, detector="haar")) == 1


def test_stream_gives_points(model: Path, points: Path, film: Path) -> None:
    events = list(stream(str(film), model=str(model), detector="haar", points=points))
    faces = [event for event in events if event.state == "face"]
    assert faces and all(event.points is not None and event.points.shape == (15, 2) for event in faces)


def test_bundles_of_the_other_kind_are_refused_in_one_line(
    model: Path, points: Path, album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = ["--events", str(tmp_path / "e.csv")]
    wrong = ["image", str(album), "--model", str(points), *HAAR, *events]
    refused(wrong, capsys, str(points), "finds key points, not expressions", "--points")
    wrong = ["image", str(album), "--model", str(model), "--points", str(model), *HAAR, *events]
    refused(wrong, capsys, str(model), "recognizes expressions, not key points", "--model")
    assert not (tmp_path / "e.csv").exists()


def test_a_missing_bundle_is_refused_in_one_line(
    model: Path, album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["image", str(album), "--model", str(model), *HAAR, "--events", str(tmp_path / "e.csv"), "--points"]
    refused([*words, str(tmp_path / "none")], capsys, "none: no such key-point bundle")
    monkeypatch.setattr("ferbench.models.bundles.shipped.FOLDER", tmp_path)
    refused(words, capsys, "no key-point bundle ferbench-points; give the folder of one: --points PATH")


@pytest.mark.parametrize("words", [["image", "--points", "IN"], ["live", "--points", "IN"], ["live", "--points", "0"]])
def test_an_input_behind_points_is_not_mistaken_for_a_bundle(
    words: list[str], album: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(album / "wall.png") if word == "IN" else word for word in words]
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"argument --points: {given[-1]} is no key-point bundle" in said and "before --points" in said


def test_a_damaged_bundle_is_refused(
    model: Path, points: Path, album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = shutil.copytree(points, tmp_path / "broken")
    (broken / "model.skops").write_bytes(b"")
    words = ["image", str(album), "--model", str(model), *HAAR, "--events", str(tmp_path / "e.csv")]
    refused([*words, "--points", str(broken)], capsys, "model.skops", "SHA-256")


def test_one_picture_goes_into_a_folder_under_its_name(model: Path, album: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    assert main(["image", str(album / "wall.png"), "--model", str(model), *HAAR, "--output-image", str(out)]) == 0
    assert [file.name for file in out.iterdir()] == ["wall.png"]
