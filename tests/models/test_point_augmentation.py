"""Augmentation of key points: geometric changes move the points, other changes do not."""

import numpy as np
import pytest

from ferbench.features import MIRRORED, POINT_NAMES
from ferbench.models import Augmentation

SIDE = 96
STILL = {"rotation": 0.0, "shift": 0.0, "zoom": 0.0, "flip": False}


def dotted(points: np.ndarray) -> np.ndarray:
    """One image a face, dark but for a round bright dot at its first point."""
    y, x = np.mgrid[:SIDE, :SIDE]
    distance = (x - points[:, 0, 0, None, None]) ** 2 + (y - points[:, 0, 1, None, None]) ** 2
    return np.rint(250 * np.exp(-distance / 8)).astype(np.uint8)


def middle(image: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE]
    weight = image.astype(float) ** 2
    return np.array([(x * weight).sum(), (y * weight).sum()]) / weight.sum()


@pytest.fixture
def points() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.uniform(SIDE * 0.3, SIDE * 0.7, (60, 15, 2)).astype(np.float32)


@pytest.mark.parametrize(
    "change",
    [
        {"rotation": 30.0},
        {"shift": 0.15},
        {"zoom": 0.3},
        {"flip": True},
        {"brighten": 1.0},
        {"contrast": 0.4},
        {"coarsen": 1.0},
        {"rotation": 20.0, "shift": 0.1, "zoom": 0.2, "flip": True, "brighten": 0.3, "contrast": 0.3, "coarsen": 0.3},
    ],
    ids="+".join,
)
def test_a_mark_drawn_into_the_image_moves_with_its_point(change: dict, points: np.ndarray) -> None:
    images = dotted(points)
    augmentation = Augmentation.of({**STILL, **change})
    seen, moved = augmentation.with_points(images, points, MIRRORED, np.random.default_rng(1))
    assert seen.dtype == np.uint8 and moved.dtype == np.float32
    assert (seen != images).any(axis=(1, 2)).mean() > 0.3
    # A mirrored face's left eye is what was its right one: the dot is then under the other name.
    other = MIRRORED[0]
    gaps = [
        min(np.abs(middle(image) - place[0]).max(), np.abs(middle(image) - place[other]).max())
        for image, place in zip(seen, moved, strict=True)
    ]
    assert max(gaps) < 0.6


def test_a_mirror_swaps_left_and_right(points: np.ndarray) -> None:
    images = dotted(points)
    seen, moved = Augmentation.of({**STILL, "flip": True}).with_points(
        images, points, MIRRORED, np.random.default_rng(2)
    )
    mirrored = np.array([(one == two[:, ::-1]).all() for one, two in zip(seen, images, strict=True)])
    assert 15 < mirrored.sum() < 45
    np.testing.assert_allclose(moved[~mirrored], points[~mirrored], atol=1e-4)
    left, right = POINT_NAMES.index("mouth_left_corner"), POINT_NAMES.index("mouth_right_corner")
    np.testing.assert_allclose(moved[mirrored, left, 0], SIDE - 1 - points[mirrored, right, 0], atol=1e-4)
    np.testing.assert_allclose(moved[mirrored, left, 1], points[mirrored, right, 1], atol=1e-4)
    nose = POINT_NAMES.index("nose_tip")
    np.testing.assert_allclose(moved[mirrored, nose, 0], SIDE - 1 - points[mirrored, nose, 0], atol=1e-4)


def test_a_constant_offset_of_annotations_keeps_its_sign_in_mirror_images(points: np.ndarray) -> None:
    images, marks = dotted(points), points + np.array([3, 0], np.float32)
    augmentation = Augmentation.of({**STILL, "flip": True, "rotation": 20.0})
    same = augmentation.with_points(images, points, MIRRORED, np.random.default_rng(8))[1] + [3, 0]
    seen, moved = augmentation.with_points(images, marks, MIRRORED, np.random.default_rng(8), offset=3.0)
    np.testing.assert_allclose(moved, same, atol=1e-4)
    assert (seen != images).any()


def test_missing_points_stay_missing_under_their_mirrored_name(points: np.ndarray) -> None:
    points[:, POINT_NAMES.index("left_eye_center")] = np.nan
    _, moved = Augmentation().with_points(dotted(points[:, 2:]), points, MIRRORED, np.random.default_rng(3))
    missing = np.isnan(moved).all(axis=2)
    assert (missing.sum(axis=1) == 1).all()
    eyes = [POINT_NAMES.index("left_eye_center"), POINT_NAMES.index("right_eye_center")]
    assert missing[:, eyes].any(axis=1).all() and 0 < missing[:, eyes[0]].sum() < 60


def test_brightening_multiplies_gray_levels_by_one_and_a_half_to_two(points: np.ndarray) -> None:
    images = np.full((60, SIDE, SIDE), 100, np.uint8)
    seen, moved = Augmentation.of({**STILL, "brighten": 1.0}).with_points(
        images, points, MIRRORED, np.random.default_rng(4)
    )
    levels = seen.reshape(60, -1).mean(axis=1)
    assert levels.min() >= 150 and levels.max() <= 200 and np.ptp(levels) > 20
    np.testing.assert_array_equal(moved, points)


def test_erasing_covers_the_image_and_leaves_the_points(points: np.ndarray) -> None:
    images = np.zeros((60, SIDE, SIDE), np.uint8)
    seen, moved = Augmentation.of({**STILL, "erase": 1.0}).with_points(
        images, points, MIRRORED, np.random.default_rng(5)
    )
    covered = (seen > 0).mean(axis=(1, 2))
    assert (covered > 0.01).all() and (covered < 0.25).all()
    np.testing.assert_array_equal(moved, points)


def test_disabled_changes_do_not_affect_the_others() -> None:
    images = np.random.default_rng(6).integers(0, 256, (8, 48, 48), np.uint8)
    plain = Augmentation()(images, np.random.default_rng(7))
    np.testing.assert_array_equal(plain, Augmentation(brighten=0.0, coarsen=0.0)(images, np.random.default_rng(7)))
    assert (plain != Augmentation(contrast=0.5)(images, np.random.default_rng(7))).any()


@pytest.mark.parametrize("change", [{"brighten": 1.5}, {"contrast": -0.1}, {"coarsen": 2.0}])
def test_shares_out_of_range_are_named(change: dict) -> None:
    with pytest.raises(ValueError, match=f"augmentation.{next(iter(change))} must be from 0"):
        Augmentation.of(change)
