"""Names of the fifteen facial key points, their order in mirror images, and their derivation from 68 landmarks.

Names and order are those of Kaggle's "Facial Keypoints Detection" (2013). "Left" means the left side of the person,
which is on the right side of the image.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Each point, and the landmarks (iBUG order, Sagonas et al. 2013) whose mean it is. iBUG order starts with the eye on
# the left of the image, which is the right eye of the person. The center of an eye is the mean of its outline, which
# is also defined for closed lids. The centers of the lips lie on their outer edges, as in Kaggle's data.
_LANDMARKS: dict[str, tuple[int, ...]] = {
    "left_eye_center": (42, 43, 44, 45, 46, 47),
    "right_eye_center": (36, 37, 38, 39, 40, 41),
    "left_eye_inner_corner": (42,),
    "left_eye_outer_corner": (45,),
    "right_eye_inner_corner": (39,),
    "right_eye_outer_corner": (36,),
    "left_eyebrow_inner_end": (22,),
    "left_eyebrow_outer_end": (26,),
    "right_eyebrow_inner_end": (21,),
    "right_eyebrow_outer_end": (17,),
    "nose_tip": (30,),
    "mouth_left_corner": (54,),
    "mouth_right_corner": (48,),
    "mouth_center_top_lip": (51,),
    "mouth_center_bottom_lip": (57,),
}
_OTHER_SIDE = {"left": "right", "right": "left"}


def _mirrored(name: str) -> str:
    return "_".join(_OTHER_SIDE.get(word, word) for word in name.split("_"))


POINT_NAMES: tuple[str, ...] = tuple(_LANDMARKS)
# For each point, the index of its counterpart in a mirror image.
MIRRORED: tuple[int, ...] = tuple(POINT_NAMES.index(_mirrored(name)) for name in POINT_NAMES)


def derive_points(points68: ArrayLike) -> NDArray[np.float32]:
    """Derive the fifteen key points of faces from 68 landmarks.

    The center of an eye is the mean of the six landmarks of its outline. All other points are landmarks: corners of the
    eyes and of the mouth, ends of the brows, the tip of the nose and the centers of the outer edges of the lips.

    Parameters
    ----------
    points68 : array-like of shape (n_samples, 68, 2)
        Landmarks (x, y) in iBUG order, in any unit; NaN where one is missing.

    Returns
    -------
    ndarray of shape (n_samples, 15, 2), float32
        Points (x, y) in the order of ``POINT_NAMES``; NaN if a required landmark is missing.

    Raises
    ------
    ValueError
        If `points68` has another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.features import POINT_NAMES, derive_points
    >>> landmarks = np.arange(136.0).reshape(1, 68, 2)
    >>> points = derive_points(landmarks)
    >>> points.shape, points[0, POINT_NAMES.index("nose_tip")].tolist()
    ((1, 15, 2), [60.0, 61.0])
    """
    landmarks = np.asarray(points68, dtype=np.float64)
    if landmarks.ndim != 3 or landmarks.shape[1:] != (68, 2):
        raise ValueError(
            f"points68 must have the shape (n_samples, 68, 2), landmarks (x, y) in iBUG order; got {landmarks.shape}; "
            f"pass the landmarks of one face as points68[np.newaxis]"
        )
    columns = [landmarks[:, list(rows)].mean(axis=1) for rows in _LANDMARKS.values()]
    return np.stack(columns, axis=1).astype(np.float32)
