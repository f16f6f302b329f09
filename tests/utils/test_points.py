"""The fifteen key points: names, mirror, and the rule that derives them from 68 landmarks."""

import numpy as np
import pytest

from ferbench.datasets import make_faces
from ferbench.features import MIRRORED, POINT_NAMES, derive_points


def test_mirroring_twice_changes_nothing_and_swaps_sides() -> None:
    assert [MIRRORED[other] for other in MIRRORED] == list(range(15))
    for name, other in zip(POINT_NAMES, MIRRORED, strict=True):
        sides = {"left", "right"} & set(name.split("_"))
        assert (POINT_NAMES[other] != name) == bool(sides)


def test_points_of_a_face_lie_where_their_names_say() -> None:
    """The person's left is the right of the image; brows over eyes over nose over mouth."""
    faces = make_faces(21, size=96, random_state=0, difficulty=0.0)
    points = dict(zip(POINT_NAMES, np.moveaxis(derive_points(faces.landmarks), 1, 0), strict=True))
    for name, point in points.items():
        if name.startswith("left") or name == "mouth_left_corner":
            assert (point[:, 0] > points["nose_tip"][:, 0]).all(), name
    for side in ("left", "right"):
        center, inner, outer = (points[f"{side}_eye_{part}"] for part in ("center", "inner_corner", "outer_corner"))
        assert (np.minimum(inner, outer)[:, 0] < center[:, 0]).all()
        assert (np.maximum(inner, outer)[:, 0] > center[:, 0]).all()
        assert (points[f"{side}_eyebrow_inner_end"][:, 1] < inner[:, 1]).all()
    height = [
        points[n][:, 1] for n in ("left_eye_center", "nose_tip", "mouth_center_top_lip", "mouth_center_bottom_lip")
    ]
    assert (np.diff(height, axis=0) > 0).all()


def test_a_missing_landmark_makes_the_points_that_need_it_missing() -> None:
    landmarks = np.ones((1, 68, 2))
    landmarks[0, 45] = np.nan  # outer corner of the left eye: its own point, and part of the eye's outline
    missing = np.isnan(derive_points(landmarks)).all(axis=2)[0]
    assert {POINT_NAMES[k] for k in np.flatnonzero(missing)} == {"left_eye_center", "left_eye_outer_corner"}


def test_another_shape_is_refused_with_the_remedy() -> None:
    with pytest.raises(ValueError, match=r"points68 must have the shape .* got \(68, 2\); pass"):
        derive_points(np.zeros((68, 2)))
