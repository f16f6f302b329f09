"""Shape features of 68 facial landmarks (iBUG order), invariant to position, scale and roll."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

N_POINTS = 68
LEFT_EYE, RIGHT_EYE = slice(36, 42), slice(42, 48)

# Pairs of points whose distance changes with facial action units (Ekman and Friesen 1978): brows to eyes and to each
# other, lids, nose, lips, and mouth corners to eyes, nose and chin. A few rigid pairs measure the pose.
PAIRS = (
    *((17, 36), (18, 36), (19, 37), (20, 38), (21, 39), (21, 22), (22, 42), (23, 43), (24, 44), (25, 45), (26, 45)),
    *((21, 27), (22, 27), (37, 41), (38, 40), (43, 47), (44, 46)),
    *((36, 39), (42, 45), (0, 16), (27, 33), (30, 8), (39, 31), (42, 35), (31, 35), (31, 48), (35, 54), (33, 51)),
    *((48, 54), (60, 64), (51, 57), (61, 67), (62, 66), (63, 65), (50, 52), (48, 51), (51, 54), (48, 57), (54, 57)),
    *((36, 48), (45, 54), (8, 57), (8, 48), (8, 54)),
)
# Triples of points, with the angle taken at the second one: brow curvature, eye opening, and curvature of the mouth.
TRIPLES = (
    *((17, 19, 21), (22, 24, 26), (19, 21, 27), (24, 22, 27), (21, 27, 22)),
    *((37, 36, 41), (38, 39, 40), (43, 42, 47), (44, 45, 46)),
    *((31, 33, 35), (48, 33, 54), (48, 8, 54), (4, 8, 12)),
    *((36, 48, 57), (45, 54, 57), (51, 48, 57), (51, 54, 57), (48, 51, 54), (48, 57, 54), (61, 60, 67), (63, 64, 65)),
)

Points = NDArray[np.float32]


def normalized(points: Points, left: slice = LEFT_EYE, right: slice = RIGHT_EYE) -> Points:
    """Normalize shapes to horizontal eyes, zero mean and a root mean square radius of one.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_points, 2), float32
        Landmarks (x, y) in any unit.
    left, right : slice
        Points of the eye on the left and on the right of the image; by default those of 68 landmarks.

    Returns
    -------
    ndarray of shape (n_samples, n_points, 2), float32
        Normalized shapes, invariant to translation, uniform scaling and in-plane rotation. All zero if the points
        coincide.
    """
    # With complex numbers, a rotation is a multiplication. Double precision keeps the result invariant to the last
    # float32 digit.
    z = points[..., 0].astype(np.float64) + 1j * points[..., 1]
    z -= z.mean(axis=1, keepdims=True)
    eyes = z[:, right].mean(axis=1) - z[:, left].mean(axis=1)
    z *= np.exp(-1j * np.angle(eyes))[:, None]
    radius = np.sqrt((np.abs(z) ** 2).mean(axis=1))
    z /= np.maximum(radius, np.finfo(np.float64).tiny)[:, None]
    return np.stack([z.real, z.imag], axis=-1).astype(np.float32)


def shape_features(points: Points) -> NDArray[np.float32]:
    """Normalized coordinates, distances and angles (radians), in the order of `shape_names`.

    Parameters
    ----------
    points : ndarray of shape (n_samples, 68, 2), float32
        Landmarks (x, y) in any unit.

    Returns
    -------
    ndarray of shape (n_samples, 201), float32
    """
    return measured(normalized(points), PAIRS, TRIPLES)


def measured(shape: Points, pairs: Sequence[tuple[int, int]], triples: Sequence[tuple[int, int, int]]) -> Points:
    """Concatenate the coordinates, distances of pairs and angles of triples of normalized shapes.

    Parameters
    ----------
    shape : ndarray of shape (n_samples, n_points, 2), float32
    pairs : sequence of (int, int)
        Indices of two points whose distance is measured.
    triples : sequence of (int, int, int)
        Indices of three points; the angle at the second one is measured, in radians.

    Returns
    -------
    ndarray of shape (n_samples, 2 * n_points + n_pairs + n_triples), float32
    """
    two, three = np.array(pairs), np.array(triples)
    distances = np.linalg.norm(shape[:, two[:, 0]] - shape[:, two[:, 1]], axis=2)
    arms = shape[:, three[:, [0, 2]]] - shape[:, three[:, [1]]]
    one, other = arms[:, :, 0], arms[:, :, 1]
    cross = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    # The unsigned angle, from 0 to pi, is continuous; a signed angle would jump at pi.
    angles = np.arctan2(np.abs(cross), (one * other).sum(axis=2))
    return np.concatenate([shape.reshape(len(shape), -1), distances, angles], axis=1, dtype=np.float32)


def shape_names() -> list[str]:
    """Return the names of the columns of `shape_features`."""
    coordinates = [f"landmark{point}_{axis}" for point in range(N_POINTS) for axis in "xy"]
    distances = [f"distance_{a}_{b}" for a, b in PAIRS]
    return coordinates + distances + [f"angle_{a}_{b}_{c}" for a, b, c in TRIPLES]
