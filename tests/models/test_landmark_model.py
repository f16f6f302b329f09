"""Training, shortening and measuring landmark models, and the one that comes with ferbench."""

from pathlib import Path

import dlib
import numpy as np
import pytest

from ferbench.benchmarks.landmarks.evaluation import find_landmarks, normalized_errors, score_landmarks
from ferbench.benchmarks.landmarks.faces import (
    MIRRORED,
    MarkedFaces,
    coarsened,
    framed_boxes,
    jittered_boxes,
    mirrored,
    read_marked_faces,
    resized,
    tight_boxes,
    turned,
)
from ferbench.benchmarks.landmarks.file_format import shorten_floats
from ferbench.benchmarks.landmarks.training import LandmarkSettings, train_landmarks
from ferbench.cli import main
from ferbench.datasets import make_faces

MODEL = Path(__file__).parents[2] / "features" / "landmarks68.dat"
TINY = LandmarkSettings(cascades=2, trees=8, depth=2, oversampling=2, pool=100, splits=5, drawn=21)


@pytest.fixture(scope="module")
def drawn() -> MarkedFaces:
    """Drawn faces of sixty 'people'."""
    faces = make_faces(120, size=96, random_state=1, difficulty=0.2)
    assert faces.landmarks is not None
    return MarkedFaces(faces.images, faces.landmarks, np.array([f"person{row % 60}_{row}" for row in range(120)]))


@pytest.fixture(scope="module")
def data(drawn: MarkedFaces, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("marked") / "faces.npz"
    np.savez(path, **arrays(drawn))
    return path


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_landmarks(data, tmp_path_factory.mktemp("model") / "tiny.dat", TINY, verbose=False)


def arrays(faces: MarkedFaces) -> dict[str, np.ndarray]:
    half = len(faces) // 2
    parts = {"training": slice(0, half), "test": slice(half, None)}
    return {
        f"{kind}_{part}": getattr(faces, kind)[rows]
        for part, rows in parts.items()
        for kind in ("images", "points", "names")
    }


def test_mirroring_twice_gives_the_face_back_and_keeps_left_on_the_left(drawn: MarkedFaces) -> None:
    assert sorted(MIRRORED) == list(range(68))
    once, twice = mirrored(drawn), mirrored(mirrored(drawn))
    np.testing.assert_array_equal(twice.images, drawn.images)
    np.testing.assert_allclose(twice.points, drawn.points, atol=1e-4)
    for left, right in ((0, 16), (17, 26), (36, 45), (39, 42), (31, 35), (48, 54), (60, 64), (59, 55), (67, 65)):
        assert (once.points[:, left, 0] < once.points[:, right, 0]).all()
    assert (once.points[:, [37, 38, 43, 44], 1] <= once.points[:, [41, 40, 47, 46], 1]).all()


def test_points_are_rotated_and_resized_with_the_image() -> None:
    image = np.zeros((1, 96, 96), np.uint8)
    image[0, 30:33, 60:63] = 255  # a dot around (61, 31)
    dot = MarkedFaces(image, np.tile(np.float32([61, 31]), (1, 68, 1)), np.array(["a_0"]))
    for changed in (turned(dot, np.array([25.0])), resized(dot, 192), resized(dot, 48), coarsened(dot, np.array([48]))):
        weights = changed.images[0].astype(float)
        rows, columns = np.indices(weights.shape)
        seen = np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()
        np.testing.assert_allclose(changed.points[0, 0], seen, atol=0.3)


def test_boxes_hold_the_face(drawn: MarkedFaces) -> None:
    generator = np.random.default_rng(0)
    tight = tight_boxes(drawn.points)
    assert (tight[:, :2] <= drawn.points.min(axis=1)).all()
    jittered, framed = jittered_boxes(drawn.points, generator), framed_boxes(drawn.points, generator)
    overlap = np.minimum(jittered[:, 2:], tight[:, 2:]) - np.maximum(jittered[:, :2], tight[:, :2])
    assert (overlap > 0.7 * (tight[:, 2:] - tight[:, :2])).all()
    assert ((framed[:, 2:] - framed[:, :2]).min(axis=1) > (tight[:, 2:] - tight[:, :2]).max(axis=1)).all()


def test_training_and_test_faces_share_no_person(data: Path) -> None:
    training, held_out = read_marked_faces(data)
    assert not set(training.people()) & set(held_out.people())
    assert len(training) + len(held_out) == 120
    assert len(held_out) > 0


@pytest.mark.data
def test_public_faces_are_split_by_person_although_their_own_parts_are_not(shared_data: Path) -> None:
    path = shared_data / "faces68.npz"
    with np.load(path) as archive:
        assert set(archive["names_test"]) <= set(archive["names_training"])
    training, held_out = read_marked_faces(path)
    assert not set(training.people()) & set(held_out.people())
    assert len(training) + len(held_out) == 3462 + 770


def test_error_is_a_share_of_the_distance_between_the_outer_eye_corners() -> None:
    marked = np.zeros((1, 68, 2), np.float32)
    marked[0, 45] = [40, 0]
    np.testing.assert_allclose(normalized_errors(marked + np.float32([3, 4]), marked), [5 / 40])


def test_shortened_model_is_smaller_and_finds_the_same(trained: Path, drawn: MarkedFaces, tmp_path: Path) -> None:
    """Training ends with shortening: save the read model again for the long form of the same leaves."""
    options = dlib.shape_predictor_training_options()
    options.cascade_depth, options.num_trees_per_cascade_level, options.tree_depth = 2, 10, 2
    options.oversampling_amount, options.feature_pool_size, options.num_threads = 2, 100, 1
    boxes = tight_boxes(drawn.points)
    detections = [
        [
            dlib.full_object_detection(
                dlib.rectangle(*np.rint(box).astype(int).tolist()), [dlib.point(*p) for p in points]
            )
        ]
        for box, points in zip(boxes, np.rint(drawn.points).astype(int).tolist(), strict=True)
    ]
    long_form, short_form = tmp_path / "long.dat", tmp_path / "short.dat"
    dlib.train_shape_predictor(list(drawn.images), detections, options).save(str(long_form))
    short_form.write_bytes(shorten_floats(long_form.read_bytes()))
    assert short_form.stat().st_size < 0.75 * long_form.stat().st_size
    assert shorten_floats(short_form.read_bytes()) == short_form.read_bytes()
    found = [find_landmarks(dlib.shape_predictor(str(path)), drawn, boxes) for path in (long_form, short_form)]
    np.testing.assert_allclose(found[0], found[1], atol=0.51)  # one of dlib's whole pixels at 192


@pytest.mark.parametrize("damage", [b"", b"\x01\x07", b"hello there"])
def test_shortening_refuses_a_file_that_is_not_a_model(damage: bytes) -> None:
    with pytest.raises(ValueError, match="model"):
        shorten_floats(damage)


def test_shortening_refuses_a_cut_and_a_longer_model() -> None:
    data = MODEL.read_bytes()[:200_000]
    with pytest.raises(ValueError, match="ends too early"):
        shorten_floats(data)


def test_training_learns_from_a_few_faces(trained: Path, data: Path) -> None:
    scores = score_landmarks(trained, read_marked_faces(data)[1])
    assert all(score.nme_low <= score.nme <= score.nme_high for score in scores)
    assert scores[0].nme < 0.25
    assert scores[0].size_bytes == trained.stat().st_size
    assert scores[0].faces_per_second > 0


def test_shipped_model_is_small_and_finds_landmarks_of_drawn_faces() -> None:
    assert MODEL.stat().st_size <= 12e6
    fresh = make_faces(140, size=48, random_state=77, difficulty=0.2)
    assert fresh.landmarks is not None
    faces = MarkedFaces(fresh.images, fresh.landmarks, fresh.ids)
    assert score_landmarks(MODEL, faces)[0].nme < 0.07


@pytest.mark.data
def test_shipped_model_has_its_published_error_on_unseen_people(shared_data: Path) -> None:
    """The issue asks for 0.057 within 12 MB."""
    _, held_out = read_marked_faces(shared_data / "faces68.npz")
    found = find_landmarks(dlib.shape_predictor(str(MODEL)), held_out, tight_boxes(held_out.points))
    assert normalized_errors(found, held_out.points).mean() < 0.057


def test_commands_train_and_publish(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, results = tmp_path / "mine.dat", tmp_path / "results"
    small = ["--cascades", "1", "--trees", "3", "--oversampling", "1", "--drawn", "21", "--pool", "50", "--splits", "3"]
    assert main(["landmarks", "train", "--data", str(data), "--output", str(model), *small]) == 0
    assert main(["landmarks", "evaluate", "--data", str(data), "--model", str(model), "--output", str(results)]) == 0
    assert "mine.dat" in capsys.readouterr().out
    header, first, *_ = (results / "landmarks.csv").read_text().splitlines()
    assert header.startswith("model,condition,n_faces,n_people,nme,nme_low,nme_high")
    assert first.startswith('mine.dat,"96 px, tight box",')
    assert "held-out people" in (results / "landmarks.md").read_text()


def without(faces: MarkedFaces, key: str) -> dict[str, np.ndarray]:
    return {name: array for name, array in arrays(faces).items() if name != key}


def test_bad_files_are_refused_in_one_line(
    drawn: MarkedFaces, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = arrays(drawn), {}
    broken_points = good["points_test"].copy()
    broken_points[3, 5, 0] = np.nan
    bad["missing"] = (without(drawn, "points_test"), "points_test is missing")
    bad["float"] = ({**good, "images_test": good["images_test"].astype(float)}, "images_test must be uint8")
    bad["short"] = ({**good, "points_training": good["points_training"][:5]}, "points_training must have the shape")
    bad["nan"] = ({**good, "points_test": broken_points}, "points_test row 3 is not finite")
    same = np.array(["one_0"] * len(drawn))[: len(good["names_test"])]
    bad["person"] = ({**good, "names_test": same, "names_training": same}, "cannot be split by person")
    for name, (content, said) in bad.items():
        path = tmp_path / f"{name}.npz"
        np.savez(path, **content)
        assert main(["landmarks", "evaluate", "--data", str(path), "--output", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err.strip()
        assert said in error
        assert "\n" not in error
    (tmp_path / "text.npz").write_text("no archive")
    for arguments, said in (
        (["train", "--data", str(tmp_path / "none.npz"), "--output", str(tmp_path / "m.dat")], "no such file"),
        (["train", "--data", str(tmp_path / "text.npz"), "--output", str(tmp_path / "m.dat")], "not a readable .npz"),
        (["train", "--data", str(data), "--output", str(tmp_path / "no" / "m.dat")], "no such folder"),
        (["evaluate", "--data", str(data), "--model", str(tmp_path / "text.npz")], "no landmark model of dlib"),
        (["evaluate", "--data", str(data), "--model", str(tmp_path / "m.dat")], "no such landmark model"),
        (
            ["train", "--data", str(data), "--output", str(tmp_path / "m.dat"), "--trees", "0"],
            "trees must be at least 1",
        ),
        (["train", "--data", str(data), "--output", str(tmp_path / "m.dat"), "--nu", "2"], "nu must be above 0"),
    ):
        assert main(["landmarks", *arguments]) == 2
        assert said in capsys.readouterr().err
