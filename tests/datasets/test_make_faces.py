"""The built-in faces: reproducible, labeled, marked, and neither trivial nor hopeless."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ferbench.datasets import LABELS, SPLITS, Dataset, content_fingerprint, find_leaks, make_faces
from ferbench.datasets.faces.actions import ACTION_UNITS, PROTOTYPES
from ferbench.datasets.faces.geometry import face_shapes
from ferbench.datasets.faces.sampling import FaceParameters, sample_faces

UNITS = list(ACTION_UNITS)


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(700, random_state=0)


def score(dataset: Dataset) -> float:
    flat = {name: dataset.part(name) for name in SPLITS}
    rows = {name: images.reshape(len(images), -1) / 255.0 for name, (images, _) in flat.items()}
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.003, max_iter=500))
    model.fit(rows["Training"], flat["Training"][1])
    held_out = np.concatenate([rows["PublicTest"], rows["PrivateTest"]])
    return float(model.score(held_out, np.concatenate([flat["PublicTest"][1], flat["PrivateTest"][1]])))


def shape_with(**intensity: float) -> np.ndarray:
    """Landmarks of the average frontal face doing the given action units, in a 96 x 96 image."""
    average = sample_faces([np.random.default_rng(0)], np.array(["neutral"]), 0.0)
    actions = np.zeros((1, len(UNITS), 2))
    for unit, strength in intensity.items():
        actions[0, UNITS.index(unit)] = strength
    still = FaceParameters(
        np.zeros_like(average.identity), actions, np.zeros((1, 3)), np.array([[0.7, 0.0, 0.0]]), average.look
    )
    return face_shapes(still, 96).landmarks[0]


def test_shapes_types_and_honesty(faces: Dataset) -> None:
    assert faces.images.shape == (700, 48, 48)
    assert faces.images.dtype == np.uint8
    assert faces.landmarks is not None
    assert faces.landmarks.shape == (700, 68, 2)
    assert faces.landmarks.dtype == np.float32
    assert faces.drawn
    assert any("drawn, not real" in note for note in faces.notes)
    assert faces.fingerprint == content_fingerprint(faces.images, faces.labels, faces.split)


def test_labels_are_balanced_and_split_is_stratified(faces: Dataset) -> None:
    for label in LABELS:
        assert (faces.labels == label).sum() == 100
        for name, expected in (("Training", 70), ("PublicTest", 15), ("PrivateTest", 15)):
            assert (faces.part(name)[1] == label).sum() == expected
    assert not find_leaks(faces).any()


def test_same_seed_draws_the_same_faces_and_another_seed_others() -> None:
    drawn, again = (make_faces(105, random_state=0) for _ in range(2))
    assert again.fingerprint == drawn.fingerprint
    np.testing.assert_array_equal(again.landmarks, drawn.landmarks)
    assert make_faces(21, random_state=1).fingerprint != make_faces(21, random_state=0).fingerprint
    assert make_faces(21).fingerprint != make_faces(21).fingerprint


def test_a_face_does_not_depend_on_how_many_are_drawn(faces: Dataset) -> None:
    fewer = make_faces(150, random_state=0)
    np.testing.assert_array_equal(fewer.images, faces.images[:150])
    np.testing.assert_array_equal(fewer.labels, faces.labels[:150])
    np.testing.assert_array_equal(fewer.landmarks, faces.landmarks[:150])


def test_landmarks_lie_inside_the_image_even_when_hard() -> None:
    hard = make_faces(140, random_state=2, difficulty=1.0)
    assert hard.landmarks is not None
    assert hard.landmarks.min() >= -0.5
    assert hard.landmarks.max() <= 47.5


def test_landmarks_are_in_ibug_order() -> None:
    points = make_faces(70, random_state=0, difficulty=0.0).landmarks
    assert points is not None
    for left, right in ((0, 16), (17, 26), (36, 45), (39, 42), (31, 35), (48, 54), (60, 64), (21, 22)):
        assert (points[:, left, 0] < points[:, right, 0]).all()
    for above, below in ((19, 37), (37, 41), (44, 46), (27, 30), (30, 33), (33, 51), (51, 57), (57, 8)):
        assert (points[:, above, 1] <= points[:, below, 1]).all()


def test_landmarks_lie_on_the_drawn_features() -> None:
    faces = make_faces(105, size=96, random_state=3, difficulty=0.0)
    assert faces.landmarks is not None
    irises, cheeks = [], []
    for image, points in zip(faces.images, faces.landmarks, strict=True):
        for eye, brow in ((points[36:42], points[17:22]), (points[42:48], points[22:27])):
            x, y = np.rint(eye.mean(axis=0)).astype(int)
            irises.append(image[y - 1 : y + 2, x - 1 : x + 2].mean())
            below = round(2 * eye[:, 1].mean() - brow[:, 1].mean())  # as far below the eye as the brow is above
            cheeks.append(image[below - 1 : below + 2, x - 1 : x + 2].mean())
    assert (np.array(irises) < 0.8 * np.array(cheeks)).mean() > 0.8


@pytest.mark.parametrize("unit", ["AU26", "AU27"])
def test_mouth_opens_with_the_jaw(unit: str) -> None:
    heights = [float(np.diff(shape_with(**{unit: strength})[[62, 66], 1])[0]) for strength in (0.0, 0.5, 1.0)]
    assert heights[0] < heights[1] < heights[2]


@pytest.mark.parametrize(
    ("unit", "landmark", "direction"),
    [
        ("AU1", 21, (0, -1)),
        ("AU2", 17, (0, -1)),
        ("AU4", 21, (1, 1)),
        ("AU5", 37, (0, -1)),
        ("AU7", 41, (0, -1)),
        ("AU9", 31, (0, -1)),
        ("AU10", 50, (0, -1)),
        ("AU12", 48, (-1, -1)),
        ("AU15", 48, (0, 1)),
        ("AU17", 57, (0, -1)),
        ("AU20", 48, (-1, 0)),
        ("AU43", 37, (0, 1)),
    ],
)
def test_action_units_move_what_they_are_named_for(unit: str, landmark: int, direction: tuple[int, int]) -> None:
    moved = shape_with(**{unit: 1.0})[landmark] - shape_with()[landmark]
    for step, sign in zip(moved, direction, strict=True):
        if sign:
            assert step * sign > 0.3, f"{unit} moved landmark {landmark} by {moved}"


def test_every_label_but_neutral_has_a_prototype_of_known_units() -> None:
    assert set(PROTOTYPES) == set(LABELS)
    assert all(set(units) <= set(ACTION_UNITS) for units in PROTOTYPES.values())
    assert [label for label, units in PROTOTYPES.items() if not units] == ["neutral"]


def test_pixels_beat_chance_clearly_and_less_so_when_harder(faces: Dataset) -> None:
    easy, hard = (make_faces(350, random_state=0, difficulty=difficulty) for difficulty in (0.0, 1.0))
    scores = [score(easy), score(faces), score(hard)]
    assert scores[0] > scores[1] > scores[2]
    assert scores[1] > 2 / len(LABELS)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n_samples": 20}, "n_samples must be a whole number of at least 21; got 20"),
        ({"n_samples": 50.5}, "n_samples must be"),
        ({"size": 10}, "size must be a whole number from 24 to 512; got 10"),
        ({"random_state": -1}, "random_state must be"),
        ({"difficulty": 1.5}, r"difficulty must be a number from 0 \(easy\) to 1 \(hard\); got 1.5"),
        ({"difficulty": float("nan")}, "difficulty must be"),
        ({"difficulty": "hard"}, "difficulty must be"),
    ],
)
def test_bad_parameters_are_refused_by_name(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make_faces(**{"n_samples": 21, **wrong})  # type: ignore[arg-type]


def test_larger_images_show_the_same_faces() -> None:
    small, large = make_faces(21, random_state=5, difficulty=0), make_faces(21, random_state=5, size=96, difficulty=0)
    assert small.landmarks is not None
    assert large.landmarks is not None
    assert np.abs((large.landmarks + 0.5) / 2 - (small.landmarks + 0.5)).max() < 0.5
