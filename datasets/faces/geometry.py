"""Convert face parameters to points and curves in pixels."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ferbench.datasets.faces.actions import action_fields, identity_fields
from ferbench.datasets.faces.anatomy import GROUPS, NEUTRAL, curve_weights
from ferbench.datasets.faces.sampling import FaceParameters

Points = NDArray[np.float64]
_PIVOT = np.array([0.0, 0.6, -0.35])
_CAMERA_DISTANCE = 9.0  # in half face widths: a mild perspective
_MARGIN = 0.6  # pixels between the outermost landmark and the border


@dataclass(frozen=True)
class FaceShapes:
    """A batch of faces as points in pixels.

    Attributes
    ----------
    landmarks : ndarray of shape (n_faces, 68, 2)
        Exact landmarks (x, y).
    curves : ndarray of shape (n_faces, n_samples, 2)
        Samples of all curves; see `curve_slices` for the rows of each.
    points : ndarray of shape (n_faces, n_points, 2)
        All control points, in the order of the neutral face.
    scale : ndarray of shape (n_faces,)
        Pixels per half face width.
    """

    landmarks: Points
    curves: Points
    points: Points
    scale: NDArray[np.float64]


@cache
def _fields() -> tuple[Points, Points]:
    return identity_fields(), action_fields()


@cache
def _weights() -> tuple[csr_matrix, dict[str, slice]]:
    return curve_weights()


def curve_slices() -> dict[str, slice]:
    """Return the rows of :attr:`FaceShapes.curves` by curve name."""
    return _weights()[1]


def face_shapes(faces: FaceParameters, size: int) -> FaceShapes:
    """Deform, turn and frame the faces for images of `size` x `size` pixels."""
    identity_field, action_field = _fields()
    resting = NEUTRAL + np.einsum("nk,kpd->npd", faces.identity, identity_field)
    moved = resting + np.einsum("nks,kspd->npd", faces.actions, action_field)
    _thicken_brows(moved, faces.look["brow_width"])
    _gaze(moved, faces)
    _close_crossings(moved)
    _place_teeth(moved)
    flat, flat_resting = _project(moved, faces.pose), _project(resting, faces.pose)
    points, scale = _frame(flat, flat_resting[:, :68], faces.framing, size)
    weights, _ = _weights()
    columns = points.transpose(1, 0, 2).reshape(points.shape[1], -1)
    curves = (weights @ columns).reshape(-1, len(points), 2).transpose(1, 0, 2)
    return FaceShapes(points[:, :68].astype(np.float64), curves, points, scale)


def _thicken_brows(points: Points, width: NDArray[np.float64]) -> None:
    top, bottom = GROUPS["brow_top"], GROUPS["brow_bottom"]
    middle = (points[:, top] + points[:, bottom]) / 2
    half = (points[:, bottom] - points[:, top]) / 2 * width[:, None, None]
    points[:, top], points[:, bottom] = middle - half, middle + half


def _gaze(points: Points, faces: FaceParameters) -> None:
    offset = np.stack([faces.look["gaze_x"], faces.look["gaze_y"]], axis=-1)
    points[:, GROUPS["irises"], :2] += offset[:, None, :]


def _close_crossings(points: Points) -> None:
    """Move crossing lids and lips to their common middle, because they may touch but not cross."""
    for upper, lower, gap in (((37, 38, 43, 44), (41, 40, 47, 46), 0.012), ((61, 62, 63), (67, 66, 65), 0.0)):
        middle = (points[:, upper, 1] + points[:, lower, 1]) / 2
        crossed = points[:, lower, 1] - points[:, upper, 1] < gap
        points[:, upper, 1] = np.where(crossed, middle - gap / 2, points[:, upper, 1])
        points[:, lower, 1] = np.where(crossed, middle + gap / 2, points[:, lower, 1])
    for outer, inner, gap in (((50, 51, 52), (61, 62, 63), 0.02), ((67, 66, 65), (58, 57, 56), 0.02)):
        points[:, inner, 1] = np.maximum(points[:, inner, 1], points[:, outer, 1] + gap)


def _place_teeth(points: Points) -> None:
    """Place the edges of the teeth at most one tooth height from the lip, inside the open mouth."""
    runs = (
        ("upper_teeth", [60, 61, 62, 63, 64], [60, 67, 66, 65, 64], 0.085),
        ("lower_teeth", [60, 67, 66, 65, 64], [60, 61, 62, 63, 64], 0.045),
    )
    for name, near, far, height in runs:
        gap = points[:, far] - points[:, near]
        part = np.minimum(1.0, height / np.maximum(np.abs(gap[..., 1:2]), 1e-6))
        points[:, GROUPS[name]] = points[:, near] + gap * part


def _project(points: Points, pose: NDArray[np.float64]) -> Points:
    """Turn by yaw, pitch and roll about the middle of the head, then project with a mild perspective."""
    yaw, pitch, roll = pose.T[:, :, None]
    x, y, z = np.moveaxis(points - _PIVOT, -1, 0)
    x, z = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
    y, z = y * np.cos(pitch) + z * np.sin(pitch), z * np.cos(pitch) - y * np.sin(pitch)
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    nearness = _CAMERA_DISTANCE / (_CAMERA_DISTANCE - z)
    return np.stack([x * nearness, y * nearness], axis=-1)


def _frame(
    points: Points, resting: Points, framing: NDArray[np.float64], size: int
) -> tuple[Points, NDArray[np.float64]]:
    """Scale and shift as a face detector does: based on the neutral face, with all landmarks inside the image."""
    low, high = resting.min(axis=1), resting.max(axis=1)
    low_now, high_now = points[:, :68].min(axis=1), points[:, :68].max(axis=1)
    room = (size - 2 * _MARGIN) / (high_now - low_now).max(axis=1)
    scale = np.minimum(framing[:, 0] * size / (high - low).max(axis=1), room)
    target = (np.array([0.5, 0.56]) + framing[:, 1:]) * size - 0.5
    origin = target - scale[:, None] * (low + high) / 2
    too_low = np.maximum(0, _MARGIN - 0.5 - (origin + scale[:, None] * low_now))
    too_high = np.maximum(0, origin + scale[:, None] * high_now - (size - 0.5 - _MARGIN))
    origin = origin + too_low - too_high
    return points * scale[:, None, None] + origin[:, None, :], scale
