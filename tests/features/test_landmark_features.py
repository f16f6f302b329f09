"""Landmark features: invariances, accuracy of the landmarks, and missing, damaged or wrong model files."""

import pickle
import shutil
from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from ferbench.features import LandmarkExtractor, landmarks
from ferbench.features.checks import check_pictures
from ferbench.features.landmark_geometry import shape_features, shape_names

IMAGES = check_pictures(48)


def _train(path: Path, n_points: int, *, seed: int = 0) -> str:
    """A real dlib model, trained in a second on pictures with arbitrary points."""
    rng = np.random.default_rng(seed)
    options = dlib.shape_predictor_training_options()
    options.tree_depth, options.cascade_depth, options.num_trees_per_cascade_level = 2, 2, 5
    options.oversampling_amount, options.feature_pool_size, options.num_threads = 2, 30, 1
    box = dlib.rectangle(0, 0, 47, 47)
    shape = rng.integers(5, 43, (n_points, 2))
    labeled = [
        [dlib.full_object_detection(box, [dlib.point(*map(int, point)) for point in shape + rng.integers(-2, 3, 2)])]
        for _ in IMAGES
    ]
    dlib.train_shape_predictor(list(IMAGES), labeled, options).save(str(path))
    return str(path)


@pytest.fixture(scope="module")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _train(tmp_path_factory.mktemp("models") / "other68.dat", 68)


@pytest.fixture(scope="module")
def five_points(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _train(tmp_path_factory.mktemp("models") / "five.dat", 5)


@pytest.fixture(scope="module")
def shapes() -> np.ndarray:
    return LandmarkExtractor().predict_landmarks(IMAGES)


@pytest.mark.parametrize("angle", [0, 25, 90, -170])
@pytest.mark.parametrize(("scale", "shift"), [(1, (0, 0)), (0.2, (5, -80)), (7, (300, 10))])
def test_features_ignore_position_scale_and_roll(
    shapes: np.ndarray, angle: float, scale: float, shift: tuple[float, float]
) -> None:
    turn = scale * np.array(
        [
            [np.cos(np.radians(angle)), -np.sin(np.radians(angle))],
            [np.sin(np.radians(angle)), np.cos(np.radians(angle))],
        ]
    )
    moved = (shapes @ turn.T + shift).astype(np.float32)
    assert_allclose(shape_features(moved), shape_features(shapes), atol=1e-3)


def test_features_change_with_the_expression(shapes: np.ndarray) -> None:
    opened = shapes.copy()
    lower_lip = [55, 56, 57, 58, 59, 65, 66, 67]
    opened[:, lower_lip, 1] += 4
    names = shape_names()
    before, after = (shape_features(points)[:, names.index("distance_62_66")] for points in (shapes, opened))
    assert np.abs(after - before).min() > 0.05


def test_distances_and_angles_are_those_of_their_names() -> None:
    points = np.zeros((1, 68, 2), np.float32)
    points[0, :, 0] = np.arange(68)  # eyes level, so that only center and scale change
    points[0, 48], points[0, 51], points[0, 54] = (20, 10), (20, 4), (26, 10)
    values = dict(zip(shape_names(), shape_features(points)[0], strict=True))
    assert values["angle_48_51_54"] == pytest.approx(np.pi / 4)
    assert values["distance_48_54"] == pytest.approx(values["distance_48_51"])
    assert values["landmark54_x"] - values["landmark48_x"] == pytest.approx(values["distance_48_54"])


def test_coinciding_points_give_finite_features() -> None:
    assert np.isfinite(shape_features(np.full((2, 68, 2), 7, np.float32))).all()


def test_landmarks_are_in_pixels_of_the_image_whatever_its_size() -> None:
    large = np.stack([cv2.resize(image, (192, 192), interpolation=cv2.INTER_CUBIC) for image in IMAGES])
    small_points = LandmarkExtractor().predict_landmarks(IMAGES)
    large_points = LandmarkExtractor().predict_landmarks(large)
    assert small_points.shape == (len(IMAGES), 68, 2)
    assert small_points.dtype == np.float32
    assert_allclose((small_points + 0.5) * 4 - 0.5, large_points, atol=1e-4)


@pytest.mark.data
@pytest.mark.parametrize("size", [48, 96])
def test_landmarks_of_unseen_people_are_accurate(shared_data: Path, size: int) -> None:
    faces = np.load(shared_data / "faces68.npz")
    images = np.stack([cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA) for face in faces["images_test"]])
    truth = (faces["points_test"] + 0.5) * (size / 96) - 0.5
    found = LandmarkExtractor().predict_landmarks(images)
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    error = np.linalg.norm(found - truth, axis=2).mean(axis=1) / eyes
    assert error.mean() < 0.065


def test_margin_moves_the_box_into_the_image() -> None:
    # dlib starts from a mean face that fills the box: a smaller box gives a smaller face.
    def spread(margin: float) -> float:
        return float(LandmarkExtractor(margin=margin).predict_landmarks(IMAGES).std(axis=1).mean())

    assert spread(0.2) < 0.8 * spread(0.0)


def test_a_missing_model_is_named_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "nowhere.dat"
    with pytest.raises(FileNotFoundError, match=r"nowhere\.dat; correct the path, or leave model=None"):
        LandmarkExtractor(model=missing).fit(IMAGES)
    monkeypatch.setattr(landmarks, "DEFAULT_MODEL", "not-shipped.dat")
    with pytest.raises(FileNotFoundError, match=r"not-shipped\.dat; .*ferbench landmarks train"):
        LandmarkExtractor().predict_landmarks(IMAGES)


def test_a_damaged_model_is_refused(tmp_path: Path, other_model: str) -> None:
    content = Path(other_model).read_bytes()
    for name, damaged in {"short.dat": content[: len(content) // 2], "text.dat": b"no model", "empty.dat": b""}.items():
        path = tmp_path / name
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"{name} is damaged or no dlib model") as caught:
            LandmarkExtractor(model=path).fit(IMAGES)
        assert len(str(caught.value).splitlines()) == 1


def test_a_model_of_other_points_is_refused(five_points: str) -> None:
    with pytest.raises(ValueError, match=r"five\.dat finds 5 points; expected 68"):
        LandmarkExtractor(model=five_points).fit(IMAGES)


def test_a_model_given_by_path_is_used(other_model: str) -> None:
    ours = LandmarkExtractor().predict_landmarks(IMAGES)
    assert np.abs(LandmarkExtractor(model=other_model).predict_landmarks(IMAGES) - ours).max() > 1


def test_a_model_that_changed_after_fit_is_refused(tmp_path: Path, other_model: str) -> None:
    path = tmp_path / "mine.dat"
    shutil.copyfile(other_model, path)
    fitted = LandmarkExtractor(model=path).fit(IMAGES)
    _train(path, 68, seed=1)
    with pytest.raises(ValueError, match=r"mine\.dat is not the landmark model seen in fit"):
        fitted.transform(IMAGES)
    assert_array_equal(clone(fitted).fit_transform(IMAGES), LandmarkExtractor(model=path).fit_transform(IMAGES))


def test_the_pickle_does_not_contain_the_model() -> None:
    assert len(pickle.dumps(LandmarkExtractor().fit(IMAGES))) < 2000
