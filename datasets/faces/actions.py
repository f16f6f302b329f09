"""Displacements of a drawn face: by identity and by facial action units.

Action units are those of the Facial Action Coding System (Ekman and Friesen, 1978); the prototypes of the seven labels
follow EMFACS (Friesen and Ekman, 1983).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.faces.anatomy import GROUPS, NEUTRAL

_BROWS = ("brows", "brow_top", "brow_bottom")
_UPPER_LIDS = ("upper_lids", "lid_crease")
_LOWER_LIDS = ("lower_lids", "pouch")
_EYES = ("eye_corners", "irises", "lid_surround", *_UPPER_LIDS, *_LOWER_LIDS)
_UPPER_LIP = ("upper_lip", "upper_lip_inner", "moustache")
_LOWER_LIP = ("lower_lip", "lower_lip_inner", "chin_crease")
_LIPS = ("mouth_corners", *_UPPER_LIP, *_LOWER_LIP)
_NOSE = ("nose_ridge", "nose_base", "wing", "nostrils")
_JAW = ("jaw", "chin_crease")
_SKIN = ("shade", "fold")


@dataclass(frozen=True)
class Pull:
    """Movement of point groups by `move`, weighted by the distance from `at`, on both sides of the face."""

    groups: tuple[str, ...]
    at: tuple[float, float]
    move: tuple[float, float]
    reach: tuple[float, float] = (0.3, 0.3)


ACTION_UNITS: dict[str, tuple[Pull, ...]] = {
    "AU1": (  # inner brow raiser
        Pull(_BROWS, (0.20, -0.28), (0.00, -0.19), (0.28, 0.5)),
        Pull(_UPPER_LIDS, (0.30, -0.05), (0.00, -0.02), (0.15, 0.2)),
    ),
    "AU2": (Pull(_BROWS, (0.68, -0.27), (0.00, -0.17), (0.32, 0.5)), Pull(("lid_crease",), (0.5, -0.1), (0, -0.04))),
    "AU4": (  # brow lowerer
        Pull(_BROWS, (0.22, -0.28), (-0.07, 0.15), (0.40, 0.6)),
        Pull(("lid_crease",), (0.35, -0.1), (0.0, 0.03)),
    ),
    "AU5": (Pull(_UPPER_LIDS, (0.43, -0.05), (0.00, -0.065), (0.22, 0.3)),),  # upper lid raiser
    "AU6": (  # cheek raiser
        Pull(_LOWER_LIDS, (0.43, 0.06), (0.00, -0.035), (0.25, 0.3)),
        Pull(_SKIN, (0.55, 0.5), (0.02, -0.10), (0.3, 0.3)),
        Pull(_JAW, (0.93, 0.65), (0.04, 0.00), (0.2, 0.35)),
    ),
    "AU7": (  # lid tightener
        Pull(_LOWER_LIDS, (0.43, 0.06), (0.00, -0.03), (0.25, 0.3)),
        Pull(_UPPER_LIDS, (0.43, -0.05), (0.00, 0.03), (0.25, 0.3)),
    ),
    "AU9": (  # nose wrinkler
        Pull(_NOSE, (0.17, 0.60), (0.03, -0.09), (0.22, 0.22)),
        Pull(_BROWS, (0.22, -0.28), (-0.03, 0.12), (0.35, 0.5)),
        Pull(("upper_lip", "moustache"), (0.12, 0.86), (0.00, -0.08), (0.25, 0.2)),
        Pull(("upper_lip_inner",), (0.12, 0.94), (0.00, -0.05), (0.25, 0.2)),
        Pull(_LOWER_LIDS, (0.35, 0.06), (0.00, -0.03), (0.25, 0.3)),
        Pull(_UPPER_LIDS, (0.35, -0.05), (0.00, 0.02), (0.25, 0.3)),
    ),
    "AU10": (  # upper lip raiser
        Pull(("upper_lip", "moustache"), (0.20, 0.87), (0.00, -0.12), (0.22, 0.2)),
        Pull(("upper_lip_inner",), (0.18, 0.94), (0.00, -0.09), (0.25, 0.2)),
        Pull(("nose_base", "wing", "nostrils"), (0.18, 0.60), (0.02, -0.03), (0.15, 0.15)),
        Pull(("fold",), (0.30, 0.66), (0.03, -0.04), (0.2, 0.2)),
    ),
    "AU11": (Pull(("fold",), (0.30, 0.66), (0.03, -0.03), (0.2, 0.2)),),  # nasolabial deepener
    "AU12": (  # lip corner puller
        Pull((*_LIPS, "fold"), (0.38, 0.95), (0.17, -0.16), (0.20, 0.4)),
        Pull(("upper_lip", "upper_lip_inner", "moustache"), (0.15, 0.88), (0.02, 0.01), (0.2, 0.2)),
        Pull(_SKIN, (0.52, 0.60), (0.05, -0.08), (0.3, 0.3)),
        Pull(_JAW, (0.90, 0.80), (0.05, -0.01), (0.2, 0.4)),
    ),
    "AU14": (Pull(("mouth_corners", "upper_lip", "lower_lip"), (0.36, 0.95), (0.07, -0.02), (0.15, 0.3)),),  # dimpler
    "AU15": (Pull((*_LIPS, "fold"), (0.36, 0.95), (-0.01, 0.14), (0.17, 0.3)),),  # lip corner depressor
    "AU16": (Pull(_LOWER_LIP, (0.12, 1.05), (0.01, 0.09), (0.25, 0.3)),),  # lower lip depressor
    "AU17": (  # chin raiser
        Pull((*_LOWER_LIP, "upper_lip", "upper_lip_inner"), (0.08, 1.05), (0.00, -0.045), (0.22, 0.3)),
        Pull(("mouth_corners",), (0.36, 0.95), (0.00, 0.03), (0.2, 0.3)),
        Pull(("jaw",), (0.15, 1.55), (0.00, -0.05), (0.4, 0.3)),
    ),
    "AU18": (  # lip pucker
        Pull(("mouth_corners", "upper_lip", "lower_lip"), (0.36, 0.95), (-0.13, 0.00), (0.2, 0.4)),
        Pull(("upper_lip",), (0.05, 0.85), (0.00, -0.03), (0.15, 0.15)),
        Pull(("lower_lip",), (0.05, 1.10), (0.00, 0.03), (0.15, 0.15)),
    ),
    "AU20": (  # lip stretcher
        Pull((*_LIPS, "fold"), (0.37, 0.95), (0.16, 0.05), (0.20, 0.4)),
        Pull(_JAW, (0.70, 1.15), (0.04, 0.00), (0.25, 0.3)),
    ),
    "AU23": (  # lip tightener
        Pull(("upper_lip",), (0.10, 0.86), (0.00, 0.04), (0.3, 0.3)),
        Pull(("lower_lip",), (0.10, 1.08), (0.00, -0.05), (0.3, 0.3)),
        Pull(("mouth_corners",), (0.36, 0.95), (-0.05, 0.00), (0.2, 0.3)),
    ),
    "AU24": (  # lip pressor
        Pull(("upper_lip", "moustache"), (0.10, 0.86), (0.00, 0.055), (0.35, 0.3)),
        Pull(("lower_lip",), (0.10, 1.08), (0.00, -0.075), (0.35, 0.3)),
    ),
    "AU25": (  # lips part
        Pull(_UPPER_LIP, (0.10, 0.90), (0.00, -0.03), (0.25, 0.3)),
        Pull(_LOWER_LIP, (0.10, 1.02), (0.00, 0.06), (0.25, 0.3)),
    ),
    "AU26": (  # jaw drop
        Pull(_LOWER_LIP, (0.00, 1.05), (0.00, 0.13), (0.40, 0.4)),
        Pull(("mouth_corners",), (0.36, 0.95), (-0.02, 0.06), (0.2, 0.3)),
        Pull(("jaw", "shade"), (0.00, 1.50), (0.00, 0.11), (0.60, 0.45)),
    ),
    "AU27": (  # mouth stretch
        Pull(_LOWER_LIP, (0.00, 1.05), (0.00, 0.22), (0.45, 0.4)),
        Pull(_UPPER_LIP, (0.00, 0.90), (0.00, -0.02), (0.30, 0.3)),
        Pull(("mouth_corners",), (0.36, 0.95), (-0.06, 0.12), (0.2, 0.3)),
        Pull(("jaw", "shade"), (0.00, 1.50), (0.00, 0.17), (0.65, 0.45)),
    ),
    "AU43": (Pull(_UPPER_LIDS, (0.43, -0.05), (0.00, 0.11), (0.25, 0.3)),),  # eye closure
}

# Label -> action unit -> probability that it is part of the expression.
PROTOTYPES: dict[str, dict[str, float]] = {
    "angry": {"AU4": 1.0, "AU5": 0.55, "AU7": 0.75, "AU10": 0.2, "AU17": 0.3, "AU23": 0.6, "AU24": 0.35,
        "AU25": 0.25, "AU26": 0.2},
    "disgust": {"AU4": 0.3, "AU6": 0.2, "AU7": 0.3, "AU9": 0.9, "AU10": 0.65, "AU15": 0.3, "AU16": 0.35,
        "AU17": 0.35, "AU25": 0.35, "AU26": 0.1},
    "fear": {"AU1": 0.9, "AU2": 0.7, "AU4": 0.75, "AU5": 0.8, "AU7": 0.25, "AU20": 0.75, "AU25": 0.75,
        "AU26": 0.45, "AU27": 0.1},
    "happy": {"AU6": 0.75, "AU7": 0.15, "AU12": 1.0, "AU25": 0.6, "AU26": 0.3},
    "neutral": {},
    "sad": {"AU1": 0.85, "AU4": 0.6, "AU6": 0.1, "AU7": 0.2, "AU11": 0.4, "AU15": 0.9, "AU17": 0.45,
        "AU25": 0.15, "AU43": 0.15},
    "surprise": {"AU1": 0.9, "AU2": 0.9, "AU5": 0.7, "AU25": 0.8, "AU26": 0.7, "AU27": 0.3},
}  # fmt: skip

_MOUTH = (*_LIPS, "upper_teeth", "lower_teeth")

# Identity components, each by one standard deviation.
IDENTITY: dict[str, tuple[Pull, ...]] = {
    "wide_jaw": (Pull(("jaw",), (0.70, 1.20), (0.07, 0.02), (0.35, 0.4)),),
    "wide_cheeks": (Pull(("jaw", "shade"), (0.98, 0.45), (0.05, 0.0), (0.3, 0.5)),),
    "long_chin": (Pull(("jaw", "shade"), (0.00, 1.55), (0.0, 0.045), (0.5, 0.35)),),
    "eye_height": (Pull(_UPPER_LIDS, (0.43, -0.05), (0.0, -0.014), (0.25, 0.3)),),
    "lower_lid": (Pull(_LOWER_LIDS, (0.43, 0.06), (0.0, 0.010), (0.25, 0.3)),),
    "eye_tilt": (Pull(_EYES, (0.60, 0.00), (0.0, -0.020), (0.2, 0.3)),),
    "eye_distance": (Pull((*_EYES, *_BROWS, "glasses"), (0.43, 0.00), (0.025, 0.0), (2.0, 2.0)),),
    "brow_height": (Pull(_BROWS, (0.50, -0.30), (0.0, -0.035), (2.0, 2.0)),),
    "brow_tilt": (Pull(_BROWS, (0.72, -0.25), (0.0, -0.035), (0.25, 0.5)),),
    "brow_arch": (Pull(_BROWS, (0.48, -0.32), (0.0, -0.025), (0.18, 0.5)),),
    "brow_gap": (Pull(_BROWS, (0.22, -0.28), (0.025, 0.0), (0.2, 0.5)),),
    "nose_length": (Pull((*_NOSE, "shade"), (0.0, 0.62), (0.0, 0.025), (0.25, 0.4)),),
    "nose_width": (Pull(("nose_base", "wing", "nostrils"), (0.18, 0.60), (0.025, 0.0), (0.2, 0.3)),),
    "mouth_height": (Pull((*_MOUTH, "fold"), (0.0, 0.95), (0.0, 0.02), (2.0, 2.0)),),
    "mouth_width": (Pull((*_MOUTH, "fold"), (0.38, 0.95), (0.035, 0.0), (0.2, 0.4)),),
    "mouth_curve": (Pull(("mouth_corners", "upper_lip", "lower_lip"), (0.38, 0.95), (0.0, -0.025), (0.18, 0.4)),),
    "upper_lip": (Pull(("upper_lip", "moustache"), (0.08, 0.85), (0.0, -0.018), (0.25, 0.3)),),
    "lower_lip": (Pull(("lower_lip", "chin_crease"), (0.05, 1.10), (0.0, 0.02), (0.25, 0.3)),),
    "hairline": (Pull(("hairline",), (0.30, -0.90), (0.0, 0.10), (0.7, 0.5)),),
    "crown": (Pull(("skull",), (0.0, -1.5), (0.0, -0.07), (1.0, 0.8)),),
}  # fmt: skip


def _field(pull: Pull, side: int) -> NDArray[np.float64]:
    """Return the displacement by one side's pull: half on the midline, zero on the other side."""
    moved = np.zeros_like(NEUTRAL)
    rows = np.concatenate([GROUPS[name] for name in pull.groups])
    distance = (NEUTRAL[rows, :2] - pull.at) / pull.reach
    strength = np.exp(-(distance**2).sum(axis=1)) / (1 + np.exp(-NEUTRAL[rows, 0] / 0.05 * side))
    moved[rows, :2] = strength[:, None] * np.array(pull.move)
    return moved


def _mirror(pull: Pull) -> Pull:
    (x, y), (dx, dy) = pull.at, pull.move
    return Pull(pull.groups, (-x, y), (-dx, dy), pull.reach)


def _sides(pulls: tuple[Pull, ...]) -> NDArray[np.float64]:
    left = sum((_field(_mirror(pull), -1) for pull in pulls), np.zeros_like(NEUTRAL))
    right = sum((_field(pull, 1) for pull in pulls), np.zeros_like(NEUTRAL))
    return np.stack([left, right])


def action_fields() -> NDArray[np.float64]:
    """Return the displacements of shape (n_action_units, 2 sides, n_points, 3) at full intensity."""
    return np.stack([_sides(pulls) for pulls in ACTION_UNITS.values()])


def identity_fields() -> NDArray[np.float64]:
    """Return the displacements of shape (n_identity, n_points, 3) for one standard deviation."""
    return np.stack([_sides(pulls).sum(axis=0) for pulls in IDENTITY.values()])
