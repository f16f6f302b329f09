"""Exploring key points: statistics of coordinates, missing values, and faces with their points."""

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ferbench.cli import main
from ferbench.datasets import PointDataset, audit_points, load_points
from ferbench.features import POINT_NAMES

NOSE = POINT_NAMES.index("nose_tip")


@pytest.fixture(scope="module")
def gappy() -> PointDataset:
    """Drawn faces, half of which are marked at four points only; one nose lies slightly outside."""
    faces = load_points("faces", n_samples=40, seed=5)
    points = faces.points.copy()
    points[::2, ["eyebrow" in name for name in POINT_NAMES]] = np.nan
    points[1, NOSE] = (97, 50)
    return replace(faces, points=points)


@pytest.fixture(scope="module")
def folder(gappy: PointDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    audit_points(gappy, folder)
    return folder


def test_statistics_are_those_of_the_marked_coordinates(folder: Path, gappy: PointDataset) -> None:
    with (folder / "coordinates.csv").open() as file:
        table = {(row["point"], row["axis"]): row for row in csv.DictReader(file)}
    assert len(table) == 30
    for point, name in enumerate(POINT_NAMES):
        values = gappy.points[:, point, 1]
        row = table[name, "y"]
        assert float(row["mean"]) == pytest.approx(np.nanmean(values.astype(float)), abs=1e-3)
        assert float(row["max"]) == pytest.approx(np.nanmax(values), abs=1e-3)
        assert int(row["missing"]) == np.isnan(values).sum() == (20 if "eyebrow" in name else 0)


def test_gaps_and_points_outside_are_counted(folder: Path) -> None:
    found = json.loads((folder / "points.json").read_text())
    patterns = [(row["images"], row["points"], len(row["missing"])) for row in found["patterns"]]
    assert patterns == [(20, 11, 4), (20, 15, 0)]
    assert sum(found["missing"][split]["left_eyebrow_outer_end"] for split in found["splits"]) == 20
    assert found["outside"]["nose_tip"] == 1


@pytest.mark.usefixtures("blank_figures")
def test_marks_that_all_stand_beside_their_places_are_told(tmp_path: Path) -> None:
    faces = load_points("faces", n_samples=150, seed=6)
    sound = audit_points(faces, tmp_path / "sound", faces=False)
    assert sound["mark_offset"] == 0 and "constant offset" not in (tmp_path / "sound" / "points.md").read_text()
    beside = replace(faces, points=faces.points - np.array([1.5, 0], np.float32))
    assert audit_points(beside, tmp_path / "beside", faces=False)["mark_offset"] == pytest.approx(-1.5, abs=0.3)
    for page in ("points.md", "points.html"):
        assert "pixels to the left" in (tmp_path / "beside" / page).read_text()


def test_faces_are_shown_where_they_may_be_and_go_where_they_may_not(
    folder: Path, gappy: PointDataset, tmp_path: Path
) -> None:
    assert (folder / "point_samples.png").stat().st_size > 20_000
    assert folder.joinpath("points.html").read_text().count("data:image/png") == 3
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    audit_points(gappy, tmp_path, faces=False)
    assert not (tmp_path / "point_samples.png").exists()
    html = (tmp_path / "points.html").read_text()
    assert html.count("data:image/png") == 2
    assert "shows no face" in html
    assert 'src="http' not in html


def test_the_command_writes_the_pages_and_names_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "training.csv").write_text("left_eye_center_x,Image\n1,2\n")
    assert main(["data", "points", str(tmp_path / "training.csv"), "--output", str(tmp_path)]) == 2
    assert "training.csv: the column left_eye_center_y is missing" in capsys.readouterr().err
