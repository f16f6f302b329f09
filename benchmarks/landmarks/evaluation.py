"""Measure landmark models on held-out people: normalized error, speed and size."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.landmarks.faces import MarkedFaces, coarsened, resized, tight_boxes

OUTER_EYE_CORNERS = (36, 45)
RESOLUTION = 192  # Faces are enlarged as for training, because dlib rounds points to whole pixels.
_TIMED = 2000  # Minimum number of faces in a timing.


@dataclass(frozen=True)
class LandmarkScore:
    """Scores of one landmark model on the held-out faces.

    Attributes
    ----------
    model : str
        Name of the model.
    condition : str
        Resolution of the faces and kind of box.
    n_faces, n_people : int
    nme, nme_low, nme_high : float
        Mean distance between predicted and annotated landmarks, divided by the distance between the outer eye corners,
        averaged over the faces; with a 95 % interval from a bootstrap over people.
    nme_median : float
        Median of the same error over the faces.
    faces_per_second : float
        Speed on one core, including the enlarging of the image.
    size_bytes : int
    """

    model: str
    condition: str
    n_faces: int
    n_people: int
    nme: float
    nme_low: float
    nme_high: float
    nme_median: float
    faces_per_second: float
    size_bytes: int


def read_predictor(path: Path) -> Any:
    """Read a model in dlib's format.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it is not a 68-point model.
    """
    import dlib

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such landmark model; expected a .dat file of dlib")
    try:
        predictor = dlib.shape_predictor(str(path))
    except RuntimeError as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise ValueError(f"{path}: no landmark model of dlib, or damaged ({reason})") from None
    found = predictor(np.zeros((8, 8), np.uint8), dlib.rectangle(0, 0, 7, 7)).num_parts
    if found != 68:
        raise ValueError(f"{path}: the model finds {found} points; expected 68")
    return predictor


def find_landmarks(predictor: Any, faces: MarkedFaces, boxes: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return landmarks (n_faces, 68, 2) in pixels of `faces` for the given boxes (left, top, right, bottom)."""
    import dlib

    large = resized(faces, RESOLUTION)
    scale = np.array([RESOLUTION / faces.images.shape[2], RESOLUTION / faces.images.shape[1]] * 2)
    found = np.empty((len(faces), 68, 2), np.float32)
    for row, (image, box) in enumerate(zip(large.images, (boxes + 0.5) * scale - 0.5, strict=True)):
        shape = predictor(image, dlib.rectangle(*(round(edge) for edge in box)))
        found[row] = [(point.x, point.y) for point in shape.parts()]
    return ((found + 0.5) / scale[:2] - 0.5).astype(np.float32)


def normalized_errors(found: NDArray[np.float32], marked: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the mean error of each face, divided by the distance between its outer eye corners."""
    left, right = OUTER_EYE_CORNERS
    eyes = np.linalg.norm(marked[:, left] - marked[:, right], axis=1)
    return np.asarray(np.linalg.norm(found - marked, axis=2).mean(axis=1) / eyes, dtype=float)


def score_landmarks(path: Path, faces: MarkedFaces, *, name: str | None = None) -> list[LandmarkScore]:
    """Measure one model at the original resolution and at 48 pixels, with tight boxes and with the whole image."""
    predictor = read_predictor(path)
    height, width = faces.images.shape[1:]
    coarse = coarsened(faces, np.full(len(faces), 48))
    tight = tight_boxes(faces.points)
    whole = np.tile([0.0, 0.0, width - 1.0, height - 1.0], (len(faces), 1))
    conditions = (
        (f"{width} px, tight box", faces, tight),
        ("48 px, tight box", coarse, tight),
        (f"{width} px, whole image", faces, whole),
        ("48 px, whole image", coarse, whole),
    )
    people = np.array(faces.people())
    speed = _faces_per_second(predictor, faces, tight)
    scores = []
    for condition, shown, boxes in conditions:
        errors = normalized_errors(find_landmarks(predictor, shown, boxes), faces.points)
        low, high = _interval(errors, people)
        label, size = name or path.name, path.stat().st_size
        scores.append(
            LandmarkScore(
                label, condition, len(faces), len(set(people)), float(errors.mean()), low, high,
                float(np.median(errors)), speed, size,
            )
        )  # fmt: skip
    return scores


def _faces_per_second(predictor: Any, faces: MarkedFaces, boxes: NDArray[np.float64]) -> float:
    """Return the median time over the repeats, after one warm-up."""
    rates = []
    for _ in range(2 + _TIMED // len(faces)):
        start = time.perf_counter()
        find_landmarks(predictor, faces, boxes)
        rates.append(len(faces) / (time.perf_counter() - start))
    return float(np.median(rates[1:]))


def _interval(errors: NDArray[np.float64], people: NDArray[np.str_]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean, resampled by person because frames of one person are alike."""
    _, person = np.unique(people, return_inverse=True)
    sums, counts = np.bincount(person, errors), np.bincount(person)
    drawn = np.random.default_rng(0).integers(len(counts), size=(2000, len(counts)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
