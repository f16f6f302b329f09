"""Shape features of the fifteen key points, invariant to position, scale and roll."""

import numpy as np
from numpy.typing import NDArray

from ferbench.features.landmark_geometry import measured, normalized
from ferbench.utils import POINT_NAMES

Pair = tuple[int, int]
Triple = tuple[int, int, int]


def _pair(one: str, other: str) -> Pair:
    return POINT_NAMES.index(one), POINT_NAMES.index(other)


def _triple(one: str, middle: str, other: str) -> Triple:
    return POINT_NAMES.index(one), POINT_NAMES.index(middle), POINT_NAMES.index(other)


TOP, BOTTOM = "mouth_center_top_lip", "mouth_center_bottom_lip"
SIDES = ("left", "right")
# Pairs of points whose distance changes with facial action units (Ekman and Friesen 1978): brows to eyes, nose and each
# other, lips, and mouth corners to eyes and nose. A few rigid pairs measure the pose.
PAIRS: tuple[Pair, ...] = (
    *(_pair(f"{side}_eyebrow_{end}_end", f"{side}_eye_center") for side in SIDES for end in ("inner", "outer")),
    *(_pair(f"{side}_eyebrow_{end}_end", f"{side}_eye_{end}_corner") for side in SIDES for end in ("inner", "outer")),
    *(_pair(f"{side}_eyebrow_inner_end", f"{side}_eyebrow_outer_end") for side in SIDES),
    *(_pair(f"{side}_eye_inner_corner", f"{side}_eye_outer_corner") for side in SIDES),
    *(_pair(f"{side}_eyebrow_inner_end", "nose_tip") for side in SIDES),
    *(_pair(f"{side}_eye_center", "nose_tip") for side in SIDES),
    *(_pair(f"{side}_eye_center", f"mouth_{side}_corner") for side in SIDES),
    *(_pair(f"{side}_eye_outer_corner", f"mouth_{side}_corner") for side in SIDES),
    *(_pair("nose_tip", f"mouth_{side}_corner") for side in SIDES),
    *(_pair(f"mouth_{side}_corner", lip) for side in SIDES for lip in (TOP, BOTTOM)),
    *(_pair("nose_tip", lip) for lip in (TOP, BOTTOM)),
    _pair("left_eyebrow_inner_end", "right_eyebrow_inner_end"),
    _pair("left_eye_center", "right_eye_center"),
    _pair("left_eye_inner_corner", "right_eye_inner_corner"),
    _pair("mouth_left_corner", "mouth_right_corner"),
    _pair(TOP, BOTTOM),
)
TRIPLES: tuple[Triple, ...] = (
    *(_triple(f"{side}_eyebrow_outer_end", f"{side}_eyebrow_inner_end", "nose_tip") for side in SIDES),
    *(_triple(f"{side}_eyebrow_inner_end", f"{side}_eye_center", f"{side}_eyebrow_outer_end") for side in SIDES),
    *(_triple(TOP, f"mouth_{side}_corner", BOTTOM) for side in SIDES),
    *(_triple("nose_tip", f"mouth_{side}_corner", BOTTOM) for side in SIDES),
    _triple("mouth_left_corner", TOP, "mouth_right_corner"),
    _triple("mouth_left_corner", BOTTOM, "mouth_right_corner"),
    _triple("mouth_left_corner", "nose_tip", "mouth_right_corner"),
    _triple("left_eyebrow_inner_end", "nose_tip", "right_eyebrow_inner_end"),
)
LEFT, RIGHT = POINT_NAMES.index("right_eye_center"), POINT_NAMES.index("left_eye_center")


def point_features(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute normalized coordinates, distances and angles (radians), in the order of `point_feature_names`.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 15, 2), float32
        Key points (x, y) in any unit, none missing.

    Returns
    -------
    ndarray of shape (n_samples, n_features), float32
        Features that are invariant to translation, uniform scaling and in-plane rotation.
    """
    # The eye on the left side of the image is the person's right eye.
    shape = normalized(points, slice(LEFT, LEFT + 1), slice(RIGHT, RIGHT + 1))
    return measured(shape, PAIRS, TRIPLES)


def point_feature_names() -> list[str]:
    """Names of the columns of `point_features`."""
    coordinates = [f"{name}_{axis}" for name in POINT_NAMES for axis in "xy"]
    distances = ["distance_" + "_to_".join(POINT_NAMES[place] for place in pair) for pair in PAIRS]
    return coordinates + distances + ["angle_" + "_to_".join(POINT_NAMES[i] for i in three) for three in TRIPLES]
