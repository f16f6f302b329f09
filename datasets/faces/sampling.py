"""Sample the random parameters of drawn faces: identity, expression, pose, look and camera."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ferbench.datasets.base import LABELS
from ferbench.datasets.faces.actions import ACTION_UNITS, IDENTITY, PROTOTYPES

Values = NDArray[np.float64]
_CHOICES = 192  # random numbers reserved per face; using more raises an IndexError

_UNITS = list(ACTION_UNITS)
# Probability of each action unit in the expression of each label; rows are labels, columns are units.
PARTICIPATION = np.array([[PROTOTYPES[label].get(unit, 0.0) for unit in _UNITS] for label in LABELS])
# Units that are added at random. Closed eyes or a wide-open mouth are excluded, as they would hide the expression.
_STRAY = np.array([0.3 if unit in {"AU27", "AU43"} else 1.0 for unit in _UNITS])


class Choices:
    """Random numbers for a batch of faces, one column per choice, so that faces do not depend on each other."""

    def __init__(self, generators: list[np.random.Generator]) -> None:
        self._numbers = np.stack([generator.random(_CHOICES) for generator in generators])
        self._next = 0

    def uniform(self, low: float, high: float, columns: int | None = None) -> Values:
        """Return uniform numbers of shape (n_faces,), or (n_faces, columns)."""
        width = columns or 1
        taken = self._numbers[:, self._next : self._next + width]
        if taken.shape[1] < width:
            raise IndexError(f"a face needs more than {_CHOICES} random numbers; raise _CHOICES")
        self._next += width
        return low + (high - low) * (taken if columns else taken[:, 0])

    def normal(self, spread: float, columns: int | None = None) -> Values:
        """Return normal numbers with mean 0, truncated at about 3.3 standard deviations."""
        return spread * ndtri(self.uniform(5e-4, 1 - 5e-4, columns))

    def chance(self, probability: float | Values, columns: int | None = None) -> NDArray[np.bool_]:
        """Return True with the given probability."""
        return self.uniform(0, 1, columns) < probability


@dataclass(frozen=True)
class FaceParameters:
    """Parameters of a batch of faces.

    Attributes
    ----------
    identity : ndarray of shape (n_faces, n_identity)
        Standard deviations from the average face.
    actions : ndarray of shape (n_faces, n_action_units, 2)
        Intensity of each action unit, left and right side of the image; 0 is rest, 1 is strong.
    pose : ndarray of shape (n_faces, 3)
        Yaw, pitch and roll in radians.
    framing : ndarray of shape (n_faces, 3)
        Fraction of the image that the face fills, and its shift in x and y as fractions of the image.
    look : dict of str to ndarray of shape (n_faces,)
        Gray levels, widths and switches for the drawing.
    """

    identity: Values
    actions: Values
    pose: Values
    framing: Values
    look: dict[str, Values]


def sample_faces(
    generators: list[np.random.Generator],
    labels: NDArray[np.str_],
    difficulty: float,
    people: list[np.random.Generator] | None = None,
) -> FaceParameters:
    """Choose identity, expression, pose, framing and looks of one face for each generator.

    With `people`, one fresh generator for the person on each face, what stays with a person comes from there.
    """
    choices = Choices(generators)
    identity = choices.normal(0.8 + 0.3 * difficulty, len(IDENTITY))
    actions = _actions(choices, labels, difficulty)
    turn = np.array([0.05, 0.04, 0.03]) + difficulty * np.array([0.27, 0.14, 0.13])
    pose = choices.normal(1.0, 3) * turn
    fill = choices.uniform(0.72 - 0.10 * difficulty, 0.74 + 0.10 * difficulty)
    shift = choices.normal(0.005 + 0.020 * difficulty, 2)
    look = _look(choices) | _camera(choices, difficulty) | _cover(choices, difficulty)
    if people is not None:
        person = Choices(people)
        identity = person.normal(0.8 + 0.3 * difficulty, len(IDENTITY))
        look |= {name: values for name, values in _look(person).items() if name not in {"gaze_x", "gaze_y"}}
    return FaceParameters(identity, actions, pose, np.column_stack([fill, shift]), look)


def _actions(choices: Choices, labels: NDArray[np.str_], difficulty: float) -> Values:
    """Sample the action units: those of the label with random intensity, some missing, some unrelated ones added."""
    rows = np.array([LABELS.index(label) for label in labels])
    present = choices.chance(PARTICIPATION[rows] * (1 - 0.15 * difficulty), len(_UNITS))
    strength = choices.uniform(max(0.05, 0.90 - 0.65 * difficulty), 1.15)[:, None]
    wanted = present * strength * choices.uniform(0.75, 1.15, len(_UNITS))
    stray = choices.chance(0.16 * difficulty * _STRAY, len(_UNITS)) * choices.uniform(
        0.1, 0.2 + 0.6 * difficulty, len(_UNITS)
    )
    both = np.maximum(wanted, stray)
    uneven = choices.normal(0.05 + 0.15 * difficulty)[:, None]
    return np.stack([both * (1 - uneven), both * (1 + uneven)], axis=-1)


def _look(choices: Choices) -> dict[str, Values]:
    """Sample skin, hair, age, glasses and beard, which belong to the identity."""
    skin = choices.uniform(0, 1)
    skin = np.where(choices.chance(0.65), 150 + 70 * skin, 70 + 80 * skin)
    age = choices.uniform(0, 1) ** 1.5
    hair = np.where(choices.chance(0.25 + 0.3 * age), choices.uniform(110, 215), choices.uniform(12, 80))
    bearded = choices.chance(0.22)
    return {
        "skin": skin,
        "age": age,
        "hair": np.where(skin < 120, np.minimum(hair, 70), hair),
        "bald": choices.chance(0.12 * (0.3 + age)) * 1.0,
        "long_hair": choices.chance(0.4) * ~bearded * 1.0,
        "parting": choices.uniform(-1, 1),
        "brow_dark": choices.uniform(0.25, 0.75),
        "brow_width": choices.uniform(0.6, 1.7),
        "lip_dark": np.where(bearded, choices.uniform(0.70, 0.88), choices.uniform(0.45, 0.88)),
        "iris": choices.uniform(25, 110),
        "iris_radius": choices.uniform(0.070, 0.086),
        "sclera": choices.uniform(0.93, 1.12),
        "lash": choices.uniform(0.15, 0.55),
        "gaze_x": choices.normal(0.025),
        "gaze_y": choices.normal(0.010),
        "beard": bearded * choices.uniform(0.15, 0.9),
        "moustache": choices.chance(np.where(bearded, 0.8, 0.04)) * choices.uniform(0.3, 0.95),
        "glasses": choices.chance(0.2) * 1.0,
        "glasses_frame": choices.uniform(15, 120),
        "glasses_width": choices.uniform(1, 3),
        "relief": choices.uniform(0.6, 1.35),
        "freckle": choices.uniform(0, 1) ** 2,
    }


def _camera(choices: Choices, difficulty: float) -> dict[str, Values]:
    """Sample light, background, contrast, blur and noise."""
    return {
        "light_x": choices.normal(0.10 + 0.40 * difficulty),
        "light_y": choices.normal(0.05 + 0.20 * difficulty) - 0.12,
        "background": choices.uniform(10, 245),
        "background_mix": choices.uniform(0, 60 + 80 * difficulty),
        "clothes": choices.uniform(10, 235),
        "exposure": choices.uniform(125 - 50 * difficulty, 135 + 50 * difficulty),
        "gamma": np.exp(choices.normal(0.05 + 0.25 * difficulty)),
        "flatness": choices.uniform(0, 0.7) ** 2 * difficulty,
        "blur": choices.uniform(0, 0.2 + 1.0 * difficulty) ** 2,
        "noise": 1.0 + choices.uniform(0, 1) ** 2 * 16 * difficulty,
    }


def _cover(choices: Choices, difficulty: float) -> dict[str, Values]:
    """Sample the cover of the face: none (0), hand (1), strand of hair (2), bar or text (3), dark glasses (4)."""
    kind = 1 + np.floor(choices.uniform(0, 4 - 1e-9))
    return {
        "cover": kind * choices.chance(0.30 * difficulty),
        "cover_x": choices.uniform(-1, 1),
        "cover_y": choices.uniform(0, 1),
        "cover_size": choices.uniform(0.5, 1.0),
        "cover_gray": choices.uniform(10, 245),
        "cover_turn": choices.uniform(-0.8, 0.8),
    }
