"""Define the neutral drawn face: 68 landmarks, extra points for drawing, and the curves through them.

Units: half the width of the jaw at the ears is 1; x to the right of the image, y down, z towards the camera;
the origin is the middle of the eye line. Landmarks are in iBUG order (Sagonas et al., 300 Faces in-the-Wild, 2013).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Rows = Sequence[tuple[float, float, float]]

_JAW: Rows = [
    (1.00, 0.03, -0.60), (0.99, 0.29, -0.50), (0.95, 0.54, -0.40), (0.89, 0.79, -0.27),
    (0.79, 1.03, -0.12), (0.66, 1.24, 0.02), (0.49, 1.40, 0.13), (0.27, 1.52, 0.22),
]  # fmt: skip
_BROW: Rows = [(0.78, -0.22, -0.02), (0.66, -0.30, 0.12), (0.52, -0.33, 0.22), (0.37, -0.32, 0.28), (0.22, -0.28, 0.31)]
_EYE: Rows = [  # outer corner, upper lid, inner corner, lower lid
    (0.60, 0.00, 0.06), (0.49, -0.055, 0.16), (0.37, -0.055, 0.19), (0.26, 0.02, 0.16),
    (0.37, 0.060, 0.18), (0.49, 0.060, 0.15),
]  # fmt: skip
_LIPS: Rows = [  # right half: upper from the corner, then lower from the corner; outer, then inner
    (0.36, 0.95, 0.20), (0.22, 0.88, 0.32), (0.08, 0.845, 0.39), (0.22, 1.045, 0.31), (0.10, 1.10, 0.37),
    (0.31, 0.95, 0.22), (0.11, 0.940, 0.36), (0.11, 0.950, 0.36),
]  # fmt: skip


def _rows(points: Rows) -> NDArray[np.float64]:
    return np.array(points, dtype=float)


def _mirrored(points: Rows) -> NDArray[np.float64]:
    return _rows(points) * [-1, 1, 1]


def _both(points: Rows) -> NDArray[np.float64]:
    """Return the left side of the image, then the right side, each in the given order."""
    return np.concatenate([_mirrored(points), _rows(points)])


def _across(points: Rows, *middle: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return one run from left to right: the mirrored half, the middle, the reversed half."""
    return np.concatenate([_mirrored(points), _rows(middle).reshape(-1, 3), _rows(points)[::-1]])


def _landmarks() -> NDArray[np.float64]:
    right_eye = [_EYE[k] for k in (3, 2, 1, 0, 5, 4)]
    corner, *upper, low_side, low_mid, inner_corner, inner_up, inner_low = _LIPS
    lower = [low_side, low_mid]
    nose = [(0, 0.00, 0.34), (0, 0.18, 0.44), (0, 0.36, 0.56), (0, 0.52, 0.66)]
    return np.concatenate(
        [
            _across(_JAW, (0, 1.57, 0.26)),
            _across(_BROW),
            _rows(nose),
            _across([(0.165, 0.60, 0.36), (0.085, 0.635, 0.44)], (0, 0.655, 0.49)),
            _mirrored(_EYE),
            _rows(right_eye),
            _across([corner, *upper], (0, 0.86, 0.41)),
            _across(lower, (0, 1.11, 0.38))[::-1],
            _across([inner_corner, inner_up], (0, 0.940, 0.38)),
            _across([inner_low], (0, 0.950, 0.38))[::-1],
        ]
    )


# Points for drawing that are not landmarks.
_EXTRA: dict[str, NDArray[np.float64]] = {
    "forehead": _across([(1.01, -0.22, -0.55), (0.97, -0.55, -0.45), (0.82, -0.92, -0.28),
        (0.48, -1.18, -0.1)], (0, -1.26, 0)),
    "skull": _across([(1.10, 0.10, -0.8), (1.16, -0.45, -0.7), (1.04, -1.02, -0.6),
        (0.62, -1.45, -0.5)], (0, -1.58, -0.5)),
    "hairline": _across([(1.03, 0.05, -0.6), (0.96, -0.38, -0.5), (0.84, -0.66, -0.3),
        (0.46, -0.86, -0.1)], (0, -0.92, 0)),
    "locks": _both([(1.10, 0.10, -0.8), (1.26, 0.60, -0.8), (1.30, 1.20, -0.8), (1.25, 1.90, -0.8),
        (0.55, 1.90, -0.8), (0.80, 1.10, -0.6)]),
    "ears": _both([(1.00, 0.02, -0.65), (1.13, -0.04, -0.75), (1.16, 0.18, -0.75), (1.09, 0.42, -0.7),
        (0.98, 0.48, -0.6)]),
    "neck": _rows([(-0.72, 0.9, -0.5), (-0.70, 1.6, -0.4), (-0.74, 2.6, -0.4), (0.74, 2.6, -0.4),
        (0.70, 1.6, -0.4), (0.72, 0.9, -0.5)]),
    "shoulders": _across([(2.6, 2.9, -0.5), (2.2, 2.0, -0.5), (0.95, 1.75, -0.4)], (0, 1.95, -0.2)),
    "brow_top": _across([(x, y - 0.035 * t, z) for (x, y, z), t in zip(_BROW, (0.1, 0.8, 1, 1, 1), strict=True)]),
    "brow_bottom": _across([(x, y + 0.035 * t, z) for (x, y, z), t in zip(_BROW, (0.3, 0.7, 1, 1, 1), strict=True)]),
    "irises": _both([(0.43, 0.0, 0.17)]),
    "lid_surround": _both([(0.70, 0.02, 0), (0.60, -0.13, 0.1), (0.43, -0.18, 0.2), (0.26, -0.13, 0.2),
        (0.19, 0.03, 0.2), (0.27, 0.15, 0.2), (0.43, 0.20, 0.2), (0.60, 0.15, 0.1)]),
    "lid_crease": _both([(0.62, -0.03, 0.06), (0.50, -0.115, 0.16), (0.37, -0.115, 0.19), (0.26, -0.04, 0.16)]),
    "pouch": _both([(0.60, 0.09, 0.06), (0.50, 0.16, 0.15), (0.37, 0.17, 0.18), (0.27, 0.11, 0.18)]),
    "crow_feet": _both([(0.67, -0.04, 0), (0.80, -0.09, -0.1), (0.68, 0.01, 0), (0.82, 0.02, -0.1),
        (0.67, 0.06, 0), (0.79, 0.13, -0.1)]),
    "fold": _both([(0.19, 0.56, 0.33), (0.30, 0.66, 0.3), (0.42, 0.83, 0.22), (0.46, 1.00, 0.16)]),
    "wing": _both([(0.11, 0.47, 0.42), (0.17, 0.50, 0.38), (0.195, 0.57, 0.36), (0.165, 0.63, 0.36),
        (0.12, 0.62, 0.4)]),
    "nostrils": _both([(0.045, 0.630, 0.46), (0.085, 0.600, 0.44), (0.125, 0.615, 0.42), (0.09, 0.640, 0.44)]),
    "frown": _both([(0.075, -0.40, 0.3), (0.065, -0.28, 0.32), (0.085, -0.15, 0.32)]),
    "nose_wrinkle": _both([(0.03, 0.06, 0.4), (0.10, 0.12, 0.3), (0.04, 0.14, 0.42), (0.12, 0.21, 0.3)]),
    "brow_line": _across([(0.62, -0.50, 0), (0.35, -0.55, 0.1)], (0, -0.52, 0.15)),
    "brow_line_2": _across([(0.58, -0.66, 0), (0.33, -0.70, 0.1)], (0, -0.68, 0.1)),
    "chin_crease": _across([(0.20, 1.26, 0.25), (0.1, 1.225, 0.3)], (0, 1.215, 0.3)),
    "moustache": _across([(0.40, 0.99, 0.2), (0.33, 0.83, 0.28), (0.1, 0.74, 0.4)], (0, 0.74, 0.4)),
    "glasses": _both([(0.74, -0.13, 0.2), (0.43, -0.17, 0.36), (0.15, -0.13, 0.42), (0.13, 0.06, 0.42),
        (0.22, 0.22, 0.4), (0.43, 0.26, 0.36), (0.66, 0.22, 0.24), (0.75, 0.04, 0.2)]),
    "temples": _both([(0.75, -0.04, 0.2), (1.05, -0.08, -0.6)]),
    "bridge": _rows([(-0.14, -0.02, 0.43), (0, -0.06, 0.46), (0.14, -0.02, 0.43)]),
    "upper_teeth": _across([(0.31, 0.95, 0.22), (0.11, 0.94, 0.36)], (0, 0.94, 0.38)),
    "lower_teeth": _across([(0.31, 0.95, 0.22), (0.11, 0.95, 0.36)], (0, 0.95, 0.38)),
    "shade": np.zeros((0, 3)),
}  # fmt: skip

# Relief patches: x, y, z of the center, radii, and how much each darkens (-) or lightens (+).
RELIEF: tuple[tuple[float, float, float, float, float, float], ...] = (
    (0.43, -0.06, 0.15, 0.26, 0.15, -0.16),  # eye socket
    (0.19, -0.03, 0.25, 0.09, 0.14, -0.16),  # inner socket
    (0.15, 0.30, 0.35, 0.06, 0.20, -0.10),  # side of the nose
    (0.20, 0.60, 0.33, 0.06, 0.09, -0.12),  # wing of the nose
    (0.55, 0.45, 0.12, 0.22, 0.17, 0.12),  # cheek
    (0.70, 0.90, -0.10, 0.17, 0.25, -0.12),  # under the cheekbone
    (0.40, 0.17, 0.16, 0.15, 0.05, -0.07),  # bag under the eye
    (0.41, 0.86, 0.20, 0.05, 0.16, -0.06),  # beside the mouth
    (0.00, 0.32, 0.56, 0.045, 0.25, 0.16),  # ridge of the nose
    (0.00, 0.53, 0.66, 0.085, 0.06, 0.14),  # tip of the nose
    (0.00, 0.70, 0.42, 0.16, 0.045, -0.20),  # under the nose
    (0.00, 1.20, 0.32, 0.20, 0.05, -0.18),  # under the lip
    (0.00, 1.40, 0.30, 0.20, 0.10, 0.08),  # chin
    (0.00, -0.62, 0.10, 0.50, 0.24, 0.10),  # forehead
    (0.00, -0.26, 0.32, 0.10, 0.13, -0.03),  # between the brows
)
_SIDES = [row for row in RELIEF if row[0] > 0]
_MIDDLE = [row for row in RELIEF if row[0] == 0]
RELIEF_ROWS = np.array([(-row[0], *row[1:]) for row in _SIDES] + _SIDES + _MIDDLE)
_EXTRA["shade"] = RELIEF_ROWS[:, :3]

NEUTRAL = np.concatenate([_landmarks(), *_EXTRA.values()])

_STARTS = dict(zip(_EXTRA, np.cumsum([68, *map(len, _EXTRA.values())]), strict=False))
# Rows of NEUTRAL by name: parts of the landmarks first, then each run of extra points.
GROUPS: dict[str, NDArray[np.intp]] = {
    "jaw": np.arange(17),
    "brows": np.arange(17, 27),
    "nose_ridge": np.arange(27, 31),
    "nose_base": np.arange(31, 36),
    "eye_corners": np.array([36, 39, 42, 45]),
    "upper_lids": np.array([37, 38, 43, 44]),
    "lower_lids": np.array([40, 41, 46, 47]),
    "mouth_corners": np.array([48, 54, 60, 64]),
    "upper_lip": np.array([49, 50, 51, 52, 53]),
    "upper_lip_inner": np.array([61, 62, 63]),
    "lower_lip": np.array([55, 56, 57, 58, 59]),
    "lower_lip_inner": np.array([65, 66, 67]),
    **{name: np.arange(start, start + len(_EXTRA[name])) for name, start in _STARTS.items()},
}


def _halves(name: str) -> list[list[NDArray[np.intp]]]:
    left, right = np.split(GROUPS[name], 2)
    return [[left], [right]]


def _curves() -> dict[str, tuple[list[NDArray[np.intp]], bool]]:
    """Return the curves to draw: runs of points with a corner between runs, or one closed smooth loop."""
    whole = {
        name: ([GROUPS[name]], False)
        for name in ("brow_line", "brow_line_2", "chin_crease", "bridge", "shoulders", "neck")
    }
    sides: dict[str, tuple[list[NDArray[np.intp]], bool]] = {}
    for name in ("lid_crease", "pouch", "fold", "wing", "frown", "temples"):
        for side, runs in zip(("left", "right"), _halves(name), strict=True):
            sides[f"{name}_{side}"] = (runs, False)
    for name in ("lid_surround", "nostrils", "glasses", "ears", "locks"):
        for side, runs in zip(("left", "right"), _halves(name), strict=True):
            sides[f"{name}_{side}"] = (runs, True)
    brows = {
        f"brow_{side}": ([top, bottom[::-1]], False)
        for side, top, bottom in zip(
            ("left", "right"), np.split(GROUPS["brow_top"], 2), np.split(GROUPS["brow_bottom"], 2), strict=True
        )
    }
    mark = np.array
    return {
        **whole,
        **sides,
        **brows,
        "face": ([np.concatenate([GROUPS["jaw"], GROUPS["forehead"][::-1]])], True),
        "hair": ([GROUPS["skull"], GROUPS["hairline"][::-1]], False),
        "skull": ([np.concatenate([GROUPS["skull"], mark([12, 4])])], True),
        "eye_left": ([mark([36, 37, 38, 39]), mark([39, 40, 41, 36])], False),
        "eye_right": ([mark([42, 43, 44, 45]), mark([45, 46, 47, 42])], False),
        "upper_lid_left": ([mark([36, 37, 38, 39])], False),
        "upper_lid_right": ([mark([42, 43, 44, 45])], False),
        "lower_lid_left": ([mark([39, 40, 41, 36])], False),
        "lower_lid_right": ([mark([45, 46, 47, 42])], False),
        "upper_lip": ([np.arange(48, 55), mark([64, 63, 62, 61, 60])], False),
        "lower_lip": ([mark([54, 55, 56, 57, 58, 59, 48]), mark([60, 67, 66, 65, 64])], False),
        "mouth": ([np.arange(60, 65), mark([64, 65, 66, 67, 60])], False),
        "mouth_line": ([np.arange(60, 65)], False),
        "upper_teeth": ([np.arange(60, 65), GROUPS["upper_teeth"][::-1]], False),
        "lower_teeth": ([mark([60, 67, 66, 65, 64]), GROUPS["lower_teeth"][::-1]], False),
        "moustache": ([GROUPS["moustache"], mark([54, 53, 52, 51, 50, 49, 48])], False),
        "beard": ([np.arange(2, 15), mark([54, 55, 56, 57, 58, 59, 48])], False),
    }


def _spline(count: int, closed: bool, steps: int) -> NDArray[np.float64]:
    """Return weights of a Catmull-Rom curve through `count` points, with `steps` samples per segment."""
    t = np.arange(steps) / steps
    basis = 0.5 * np.stack([-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3])
    pieces = count if closed else count - 1
    weights = np.zeros((pieces * steps + (not closed), count))
    for piece in range(pieces):
        for offset in range(-1, 3):
            column = (piece + offset) % count if closed else min(max(piece + offset, 0), count - 1)
            weights[piece * steps : (piece + 1) * steps, column] += basis[offset + 1]
    if not closed:
        weights[-1, -1] = 1.0
    return weights


def curve_weights(steps: int = 4) -> tuple[csr_matrix, dict[str, slice]]:
    """Return the matrix that maps points of :data:`NEUTRAL` to curve samples, and the rows of each curve."""
    blocks: list[NDArray[np.float64]] = []
    slices: dict[str, slice] = {}
    start = 0
    for name, (runs, closed) in _curves().items():
        first = start
        for run in runs:
            weights = _spline(len(run), closed, steps)
            block = np.zeros((len(weights), len(NEUTRAL)))
            block[:, run] = weights
            blocks.append(block)
            start += len(block)
        slices[name] = slice(first, start)
    return csr_matrix(np.concatenate(blocks)), slices
