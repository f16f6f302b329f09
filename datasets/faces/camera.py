"""Simulate lighting and camera of drawn faces: shading, background, contrast, blur and noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.faces.actions import ACTION_UNITS
from ferbench.datasets.faces.anatomy import GROUPS, RELIEF_ROWS
from ferbench.datasets.faces.drawing import FRACTION_BITS
from ferbench.datasets.faces.geometry import FaceShapes
from ferbench.datasets.faces.sampling import FaceParameters

_UNITS = list(ACTION_UNITS)
_N_SIDES = 8  # rows of RELIEF_ROWS for one side of the face; the midline follows both sides
_CACHED = 16384  # pixels that are worked on at a time


def relief_strength(faces: FaceParameters) -> NDArray[np.float64]:
    """Return how much each relief patch darkens or lightens, of shape (n_faces, n_patches).

    Light from one side brightens that side of the nose and darkens the other. Smiling strengthens the cheeks,
    frowning darkens the root of the nose, and age darkens the bags under the eyes.
    """
    look = faces.look
    strength = RELIEF_ROWS[:, 5] * look["relief"][:, None]
    act = {name: faces.actions[:, column] for column, name in enumerate(_UNITS)}
    for side, sign in ((0, -1), (1, 1)):
        first = side * _N_SIDES
        strength[:, first + 2] += 0.35 * sign * look["light_x"]
        strength[:, first + 4] += 0.10 * act["AU6"][:, side] + 0.08 * act["AU12"][:, side]
        strength[:, first + 6] -= 0.12 * look["age"]
        strength[:, first + 7] -= 0.12 * act["AU12"][:, side] + 0.08 * act["AU10"][:, side]
        strength[:, first + 1] -= 0.10 * act["AU4"][:, side]
    strength[:, -1] -= 0.12 * act["AU4"].mean(axis=1) + 0.10 * act["AU9"].mean(axis=1)
    return strength


def shading(faces: FaceParameters, shapes: FaceShapes, size: int) -> NDArray[np.float32]:
    """Return the light on the head, of shape (n_faces, size, size); 1 keeps the drawn gray level."""
    x, y = _face_coordinates(faces, shapes, size)
    strength = relief_strength(faces).astype(np.float32)
    centers = shapes.points[:, GROUPS["shade"]]
    center_x, center_y = _to_face(faces, shapes, centers[..., 0], centers[..., 1])
    patches = np.stack([center_x, center_y, strength])[..., None, None]
    light = np.ones_like(x)
    # A few faces at a time, so that the numbers stay in the processor's cache.
    few = max(1, _CACHED // size**2)
    for part in (slice(start, start + few) for start in range(0, len(x), few)):
        _add_relief(light[part], x[part], y[part], patches[:, part])
    normal_x, normal_y = np.clip(x / 1.1, -1, 1), np.clip((y - 0.2) / 1.5, -1, 1)
    side = faces.look["light_x"].astype(np.float32)[:, None, None] * normal_x
    above = faces.look["light_y"].astype(np.float32)[:, None, None] * normal_y
    rim = 0.22 * (normal_x**2 + 0.6 * normal_y**2) ** 2
    return np.clip(light + side + above - rim, 0.12, 1.9)


def _add_relief(
    light: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32], patches: NDArray[np.float32]
) -> None:
    """Add the relief to `light`, in place and without new arrays for each patch.

    `patches` has the shape (3, n_faces, n_patches, 1, 1): centers in x and y, and strengths.
    """
    across, along = np.empty_like(x), np.empty_like(x)
    for patch, (*_, radius_x, radius_y, _) in enumerate(RELIEF_ROWS):
        center_x, center_y, strength = patches[:, :, patch]
        np.subtract(x, center_x, out=across)
        across *= np.float32(1 / radius_x)
        across *= across
        np.subtract(y, center_y, out=along)
        along *= np.float32(1 / radius_y)
        along *= along
        across += along
        np.exp(np.negative(across, out=across), out=across)
        across *= strength
        light += across


def _face_coordinates(
    faces: FaceParameters, shapes: FaceShapes, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    pixels = np.arange(size, dtype=np.float32)
    return _to_face(faces, shapes, pixels[None, None, :], pixels[None, :, None])


def _to_face(
    faces: FaceParameters, shapes: FaceShapes, x: NDArray[np.generic], y: NDArray[np.generic]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Convert pixels to half face widths, relative to the middle of the eyes and without the roll of the head."""
    extra = (slice(None),) + (None,) * (x.ndim - 1)
    middle = shapes.landmarks[:, [36, 39, 42, 45]].mean(axis=1)
    right, down = x - middle[:, 0][extra], y - middle[:, 1][extra]
    roll, scale = faces.pose[:, 2], shapes.scale
    cos, sin = (np.cos(roll) / scale)[extra], (np.sin(roll) / scale)[extra]
    return (right * cos + down * sin).astype(np.float32), (down * cos - right * sin).astype(np.float32)


def background(size: int, look: dict[str, float], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw soft gray patches as background."""
    patches = look["background"] + look["background_mix"] * (generator.random((4, 4)) - 0.5) * 2
    return np.asarray(cv2.resize(np.clip(patches, 0, 255).astype(np.uint8), (size, size)), dtype=np.uint8)


def light_head(
    canvas: NDArray[np.uint8],
    face: NDArray[np.int32],
    light: NDArray[np.float32],
    look: dict[str, float],
    generator: np.random.Generator,
) -> NDArray[np.uint8]:
    """Shade and texture the skin inside the outline `face`, which is in fixed-point coordinates of the painter."""
    mottle = generator.standard_normal((24, 24), dtype=np.float32) * np.float32(0.012 + 0.035 * look["freckle"])
    mask = np.full(canvas.shape, 70, dtype=np.uint8)  # hair, ears and clothes are also lit, but less
    cv2.fillPoly(mask, [face], 255, cv2.LINE_AA, FRACTION_BITS)
    width = canvas.shape[::-1]
    change = cv2.resize(light, width, interpolation=cv2.INTER_LINEAR) - 1 + cv2.resize(mottle, width)
    change *= mask
    change *= np.float32(1 / 255)
    change += 1
    return np.asarray(cv2.multiply(canvas, change, dtype=cv2.CV_8U), dtype=np.uint8)


def expose(image: NDArray[np.float32], look: dict[str, float], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Apply contrast, exposure, blur and noise of the camera."""
    # The automatic exposure is imperfect on purpose, so that dark skin stays darker than light skin.
    quarter = len(image) // 4
    metered = float(image[quarter:-quarter, quarter:-quarter].mean())
    gray = np.clip(image * (look["exposure"] / metered) ** 0.75, 0, 255) / 255
    gray = np.power(gray, look["gamma"]) * 255
    flat = look["flatness"]
    gray = gray * (1 - flat) + flat * (0.5 * gray.mean() + 64)
    if look["blur"] > 0.05:
        gray = cv2.GaussianBlur(
            gray, (0, 0), float(np.sqrt(look["blur"])) * len(image) / 48, borderType=cv2.BORDER_REPLICATE
        )
    gray = gray + look["noise"] * generator.standard_normal(gray.shape, dtype=np.float32)
    return np.clip(np.rint(gray), 0, 255).astype(np.uint8)
