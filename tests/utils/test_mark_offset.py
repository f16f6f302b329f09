"""Annotations with a constant offset: estimated from the symmetry of the faces, and corrected in training."""

import numpy as np
import pytest

from ferbench.datasets import PointDataset, load_points
from ferbench.features import mark_offset
from ferbench.models import DlibShape, PointNet


@pytest.fixture(scope="module")
def faces() -> PointDataset:
    return load_points("faces", n_samples=400, seed=3)


def moved(points: np.ndarray, right: float) -> np.ndarray:
    return points + np.array([right, 0], np.float32)


@pytest.mark.parametrize("right", [-2.0, -1.0, 0.0, 1.0, 2.0])
def test_the_offset_is_found_without_a_model(faces: PointDataset, right: float) -> None:
    images, points = faces.part("Training")
    assert mark_offset(images, moved(points, right)) == pytest.approx(right, abs=0.3)


def test_exact_marks_have_no_offset_at_all(faces: PointDataset) -> None:
    assert mark_offset(*faces.part("Training")) == 0


def test_missing_points_are_ignored(faces: PointDataset) -> None:
    images, points = faces.part("Training")
    gappy = moved(points, 1.5)
    gappy[np.random.default_rng(0).random(gappy.shape[:2]) < 0.2] = np.nan
    gappy[:10] = np.nan
    assert mark_offset(images, gappy) == pytest.approx(1.5, abs=0.3)


def test_it_is_in_pixels_of_the_images(faces: PointDataset) -> None:
    small = load_points("faces", n_samples=400, seed=3, size=48)
    images, points = small.part("Training")
    assert mark_offset(images, moved(points, 1.0)) == pytest.approx(1.0, abs=0.25)


def test_few_or_asymmetric_images_give_no_offset(faces: PointDataset) -> None:
    images, points = faces.part("Training")
    assert mark_offset(images[:40], moved(points, 2.0)[:40]) == 0
    noise = np.random.default_rng(1).integers(0, 256, images.shape, np.uint8)
    assert mark_offset(noise, moved(points, 2.0)) == 0


@pytest.mark.parametrize(
    "model",
    [
        DlibShape(cascades=5, trees=30, oversampling=1, copies=3),
        PointNet("points-tiny", epochs=15, learning_rate=0.01, batch_size=32),
    ],
    ids=["dlib", "network"],
)
def test_predictions_have_the_offset_of_the_annotations_in_spite_of_mirroring(
    faces: PointDataset, model: DlibShape | PointNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the offset, marks of mirror images are four pixels from where the others are, and answers between."""
    images, points = faces.part("Training")
    unseen, places = faces.part("Test")

    def beside() -> float:
        return float((model.fit(images, moved(points, 2.0)).predict(unseen) - moved(places, 2.0))[..., 0].mean())

    allowed_for = beside()
    assert model.mark_offset_ == pytest.approx(2, abs=0.3)
    monkeypatch.setattr("ferbench.models.keypoints.dlib_shape.mark_offset", lambda *_: 0.0)
    monkeypatch.setattr("ferbench.models.keypoints.points_net.mark_offset", lambda *_: 0.0)
    contradicted = beside()
    assert contradicted < -1 and abs(allowed_for) < abs(contradicted) / 2
