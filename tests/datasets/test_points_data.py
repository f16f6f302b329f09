"""Faces with key points: Kaggle's CSV, archives and drawn faces; splits by person; what is refused, and how."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ferbench.datasets import POINT_SPLITS, PointDataset, load_points, make_faces
from ferbench.features import POINT_NAMES, derive_points

HEADER = [f"{name}_{axis}" for name in POINT_NAMES for axis in "xy"] + ["Image"]


@pytest.fixture(scope="module")
def faces() -> PointDataset:
    return load_points("faces", n_samples=40, seed=3)


def rows_of(faces: PointDataset) -> list[list[str]]:
    """The faces as rows of Kaggle's table; the third row lacks its nose, the fourth all but four points."""
    points = faces.points.copy()
    points[2, POINT_NAMES.index("nose_tip")] = np.nan
    points[3, 4:] = np.nan
    cells = [["" if np.isnan(value) else f"{value:.4f}" for value in row.ravel()] for row in points]
    images = [" ".join(str(gray) for gray in image.ravel()) for image in faces.images]
    return [[*row, image] for row, image in zip(cells, images, strict=True)]


def text_of(rows: list[list[str]], header: list[str] = HEADER) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, *rows])
    return buffer.getvalue()


def write(path: Path, rows: list[list[str]], header: list[str] = HEADER) -> Path:
    path.write_text(text_of(rows, header))
    return path


@pytest.fixture
def rows(faces: PointDataset) -> list[list[str]]:
    return rows_of(faces)


def people_are_apart(data: PointDataset) -> bool:
    people = [set(data.groups[data.rows(split)].tolist()) for split in POINT_SPLITS]
    return all(people) and not (people[0] & people[1] | people[0] & people[2] | people[1] & people[2])


def test_kaggles_table_is_read_with_its_gaps(rows: list[list[str]], faces: PointDataset, tmp_path: Path) -> None:
    data = load_points(write(tmp_path / "training.csv", rows))
    assert np.array_equal(data.images, faces.images)
    missing = np.isnan(data.points).any(axis=2)
    assert missing.sum() == 1 + 11
    assert missing[2, POINT_NAMES.index("nose_tip")]
    assert np.allclose(data.points[~missing], faces.points[~missing], atol=1e-3)
    assert people_are_apart(data)
    assert data.ids[0] == "row 1"


@pytest.mark.parametrize("form", ["folder", "zip", "zip in zip"])
def test_zip_and_folder_give_the_same_data(form: str, rows: list[list[str]], tmp_path: Path) -> None:
    plain = write(tmp_path / "training.csv", rows)
    expected = load_points(plain)
    if form == "folder":
        assert load_points(tmp_path).fingerprint == expected.fingerprint
        return
    inner = tmp_path / "training.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "training.csv")
        archive.writestr("SampleSubmission.csv", "RowId,Location\n")
    if form == "zip in zip":
        with zipfile.ZipFile(tmp_path / "facial-keypoints-detection.zip", "w") as archive:
            archive.write(inner, "training.zip")
            archive.writestr("IdLookupTable.csv", "RowId\n")
        inner = tmp_path / "facial-keypoints-detection.zip"
    assert load_points(inner).fingerprint == expected.fingerprint


def test_exact_copies_stay_in_one_part(rows: list[list[str]], tmp_path: Path) -> None:
    data = load_points(write(tmp_path / "training.csv", [row for row in rows for _ in range(3)]))
    assert len(set(data.groups.tolist())) == len(rows)
    assert people_are_apart(data)


def test_another_size_takes_the_points_along(rows: list[list[str]], faces: PointDataset, tmp_path: Path) -> None:
    path = write(tmp_path / "training.csv", rows)
    small = load_points(path, size=48)
    assert small.images.shape[1:] == (48, 48)
    marked = np.isfinite(small.points)
    # The center of pixel 0 lies half a pixel inside, at any resolution.
    assert np.allclose(small.points[marked], ((faces.points + 0.5) / 2 - 0.5)[marked], atol=1e-3)
    assert any("96 x 96" in note for note in small.notes)


def broken(rows: list[list[str]], row: int, column: int, text: str) -> list[list[str]]:
    changed = [list(cells) for cells in rows]
    changed[row][column] = text
    return changed


def test_a_row_with_9215_values_is_named(rows: list[list[str]], tmp_path: Path) -> None:
    short = broken(rows, 2, -1, rows[2][-1].rsplit(" ", 1)[0])
    with pytest.raises(ValueError, match=r"training\.csv: row 3 \(line 4\): .*9,216 \(96 x 96\); got 9,215; repair or"):
        load_points(write(tmp_path / "training.csv", short))


def test_a_row_of_another_size_is_named(rows: list[list[str]], tmp_path: Path) -> None:
    other = broken(rows, 4, -1, " ".join(["7"] * 48 * 48))
    with pytest.raises(ValueError, match=r"row 5 .*expected 9,216 gray values, as in the rows before; got 2,304"):
        load_points(write(tmp_path / "training.csv", other))


def test_gray_values_and_coordinates_that_are_none_are_named(rows: list[list[str]], tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    with pytest.raises(ValueError, match=r"row 1 .*integers from 0 to 255; got '256'"):
        load_points(write(path, broken(rows, 0, -1, rows[0][-1].rsplit(" ", 1)[0] + " 256")))
    with pytest.raises(ValueError, match=r"row 2 .*left_eye_center_x must be a number of pixels or empty; got 'left'"):
        load_points(write(path, broken(rows, 1, 0, "left")))
    with pytest.raises(ValueError, match=r"row 2: left_eye_center at \(nan, .*only one of its two coordinates"):
        load_points(write(path, broken(rows, 1, 0, "")))


def test_a_point_far_outside_is_refused_and_one_slightly_outside_is_not(rows: list[list[str]], tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    assert load_points(write(path, broken(rows, 0, 0, "101.5"))).points[0, 0, 0] == pytest.approx(101.5)
    for far in ("320", "-40", "inf"):
        with pytest.raises(ValueError, match=r"training\.csv: row 7: left_eye_center at .* more than 10% outside"):
            load_points(write(path, broken(rows, 6, 0, far)))


def test_a_point_that_is_never_marked_is_refused(rows: list[list[str]], tmp_path: Path) -> None:
    nose = HEADER.index("nose_tip_x")
    empty = [[*row[:nose], "", "", *row[nose + 2 :]] for row in rows]
    with pytest.raises(ValueError, match=r"training\.csv: nose_tip is missing in all of 40 rows; .*fill in nose_tip_x"):
        load_points(write(tmp_path / "training.csv", empty))


def test_rows_without_any_point_are_left_out(rows: list[list[str]], tmp_path: Path) -> None:
    rows[5] = [*[""] * 30, rows[5][-1]]
    data = load_points(write(tmp_path / "training.csv", rows))
    assert len(data) == 39
    assert "row 6" not in data.ids


def test_a_table_without_points_is_told_apart_from_a_broken_one(rows: list[list[str]], tmp_path: Path) -> None:
    images = [["1", row[-1]] for row in rows]
    with pytest.raises(ValueError, match=r"as in Kaggle's test\.csv; name training\.csv instead"):
        load_points(write(tmp_path / "test.csv", images, ["ImageId", "Image"]))
    with pytest.raises(ValueError, match=r"the column nose_tip_x is missing; expected Kaggle's thirty"):
        load_points(write(tmp_path / "a.csv", rows, [name.replace("nose_tip_x", "nose") for name in HEADER]))
    with pytest.raises(FileNotFoundError, match=r"no training\.csv in this folder"):
        load_points(tmp_path)


def archive(path: Path, names: bool = True, **changed: NDArray[np.generic]) -> Path:
    drawn = make_faces(60, size=64, random_state=1)
    assert drawn.landmarks is not None
    people = np.array([f"Person_{row % 15}_{row:02d}.jpg" for row in range(60)])
    arrays = {
        **{"images_training": drawn.images[:45], "points_training": drawn.landmarks[:45]},
        **{"images_test": drawn.images[45:], "points_test": drawn.landmarks[45:]},
        **({"names_training": people[:45], "names_test": people[45:]} if names else {}),
    }
    np.savez(path, **(arrays | changed))  # type: ignore[arg-type]
    return path


def test_people_on_both_sides_of_an_archive_are_split_anew(tmp_path: Path) -> None:
    """Each of the fifteen people has faces in the training and in the test part, as in the public file."""
    data = load_points(archive(tmp_path / "marked.npz"))
    assert people_are_apart(data)
    assert any("15 people are in both" in note for note in data.notes)
    again = load_points(tmp_path / "marked.npz", seed=7)
    assert np.array_equal(data.split == "Test", again.split == "Test")
    assert not np.array_equal(data.split, again.split)


def test_an_archive_without_names_keeps_its_test_part(tmp_path: Path) -> None:
    data = load_points(archive(tmp_path / "marked.npz", names=False), size=64)
    assert (data.split == "Test").sum() == 15
    assert people_are_apart(data)
    with np.load(tmp_path / "marked.npz") as arrays:
        assert np.allclose(data.points[:45], derive_points(arrays["points_training"]))


def test_a_wrong_array_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"points_test must be numbers of shape \(15, 15, 2\) or \(15, 68, 2\); got"):
        load_points(archive(tmp_path / "a.npz", points_test=np.zeros((15, 5, 2))))
    with pytest.raises(ValueError, match=r"images_training must be uint8 .* got float64 .*; convert"):
        load_points(archive(tmp_path / "b.npz", images_training=np.zeros((45, 64, 64))))
    with pytest.raises(ValueError, match=r"images of 64 x 64 and 32 x 32 pixels; expected one size"):
        load_points(archive(tmp_path / "c.npz", images_test=np.zeros((15, 32, 32), np.uint8)))
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ValueError, match=r"d\.npz: not a readable \.npz file"):
        load_points(tmp_path / "d.npz")


def test_drawn_faces_have_exact_points_and_all_three_parts(faces: PointDataset) -> None:
    drawn = make_faces(40, size=96, random_state=3)
    assert drawn.landmarks is not None
    assert np.array_equal(faces.points, derive_points(drawn.landmarks))
    assert faces.drawn
    assert people_are_apart(faces)
    images, points = faces.part("Validation")
    assert len(images) == len(points) > 0


def test_unusable_arguments_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv: no such file or folder; expected Kaggle's"):
        load_points(tmp_path / "nowhere.csv")
    with pytest.raises(ValueError, match="size must be a whole number from 24 to 512 pixels; got 8"):
        load_points("faces", size=8)
    with pytest.raises(ValueError, match="unknown option 'images'; expected n_samples or difficulty"):
        load_points("faces", images=3)


@pytest.mark.data
def test_the_public_file_is_split_by_person(shared_data: Path) -> None:
    data = load_points(shared_data / "faces68.npz")
    assert people_are_apart(data)
    assert len(data) == 4232
    assert np.isfinite(data.points).all()
    # The people of Test are those that the shipped 68-point model has not seen either.
    from ferbench.benchmarks.landmarks.faces import read_marked_faces

    _, aside = read_marked_faces(shared_data / "faces68.npz")
    assert set(data.groups[data.rows("Test")].tolist()) == set(aside.people())
