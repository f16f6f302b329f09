"""Read and augment faces with 68 landmarks, to train and measure landmark models."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.utils import read_arrays

N_LANDMARKS = 68
# Which landmark of a face each landmark of its mirror image is (iBUG order).
_MOUTH_MIRRORED = [*range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), 67, 66, 65]
_EYES_MIRRORED = [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]
MIRRORED = np.array(
    [*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1), *_EYES_MIRRORED, *_MOUTH_MIRRORED]
)
HELD_OUT = 5  # One person in this many is held out.
_KEYS = ("images_training", "points_training", "names_training", "images_test", "points_test", "names_test")


@dataclass(frozen=True)
class MarkedFaces:
    """Gray images of faces, all of one size, with their landmarks.

    Attributes
    ----------
    images : ndarray of shape (n_faces, height, width), uint8
    points : ndarray of shape (n_faces, 68, 2), float32
        Landmarks (x, y) in pixels, in iBUG order.
    names : ndarray of shape (n_faces,), str
        ``<person>_<frame>``; faces of one person share the part before the last underscore.
    """

    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    names: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.images)

    def people(self) -> list[str]:
        """Return the person of each face: its name without the frame."""
        return [str(name).rpartition("_")[0] or str(name) for name in self.names]

    def part(self, rows: NDArray[np.bool_]) -> "MarkedFaces":
        """Return the faces of the given rows."""
        return MarkedFaces(self.images[rows], self.points[rows], self.names[rows])


def read_marked_faces(path: Path) -> tuple[MarkedFaces, MarkedFaces]:
    """Read a landmark file (``.npz``), split by person into a training and a held-out part.

    The split of the file is not used. In the public ``faces68.npz`` each person in the test part is also in the
    training part, mostly in the same scene, so its test error would be too low.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it lacks an array, an array has another shape, or there are too few people.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected an .npz with the arrays {', '.join(_KEYS)}")
    arrays = read_arrays(path, "fetch it again")
    if missing := [key for key in _KEYS if key not in arrays]:
        raise ValueError(f"{path}: the array {missing[0]} is missing; expected {', '.join(_KEYS)}")
    training, test = (_part(path, part, arrays) for part in ("training", "test"))
    try:
        return split_by_person(_joined(training, test))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _joined(first: MarkedFaces, second: MarkedFaces) -> MarkedFaces:
    if first.images.shape[1:] != second.images.shape[1:]:
        second = resized(second, first.images.shape[1])
    return MarkedFaces(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.points, second.points]),
        np.concatenate([first.names, second.names]),
    )


def split_by_person(faces: MarkedFaces) -> tuple[MarkedFaces, MarkedFaces]:
    """Hold out a fifth of the people. The side of a person does not depend on the rest of the file."""
    aside = np.array([hashlib.sha256(person.encode()).digest()[0] % HELD_OUT == 0 for person in faces.people()])
    if aside.all() or not aside.any():
        raise ValueError(
            f"the faces of {len(set(faces.people()))} people cannot be split by person; expected at least a few dozen, "
            "named <person>_<frame>"
        )
    return faces.part(~aside), faces.part(aside)


def _part(path: Path, part: str, arrays: dict[str, NDArray[Any]]) -> MarkedFaces:
    images, points, names = (arrays[f"{kind}_{part}"] for kind in ("images", "points", "names"))
    if images.dtype != np.uint8 or images.ndim != 3 or not len(images):
        raise ValueError(
            f"{path}: images_{part} must be uint8 of shape (n, height, width); got {images.dtype} {images.shape}"
        )
    if points.shape != (len(images), N_LANDMARKS, 2) or len(names) != len(images):
        raise ValueError(
            f"{path}: points_{part} must have the shape ({len(images)}, {N_LANDMARKS}, 2) and names_{part} "
            f"{len(images)} entries; got {points.shape} and {len(names)}"
        )
    if not np.isfinite(points.astype(float)).all():
        row = int(np.flatnonzero(~np.isfinite(points.astype(float)).all(axis=(1, 2)))[0])
        raise ValueError(f"{path}: points_{part} row {row} is not finite; remove that face")
    return MarkedFaces(images, points.astype(np.float32), names.astype(str))


def mirrored(faces: MarkedFaces) -> MarkedFaces:
    """Mirror the faces, and exchange left and right landmarks."""
    points = faces.points[:, MIRRORED].copy()
    points[..., 0] = faces.images.shape[2] - 1 - points[..., 0]
    return MarkedFaces(np.ascontiguousarray(faces.images[:, :, ::-1]), points, faces.names)


def turned(faces: MarkedFaces, degrees: NDArray[np.float64]) -> MarkedFaces:
    """Rotate each face about the center of its image by its own angle."""
    height, width = faces.images.shape[1:]
    images, points = np.empty_like(faces.images), np.empty_like(faces.points)
    for row, angle in enumerate(degrees):
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), float(angle), 1.0)
        images[row] = cv2.warpAffine(faces.images[row], matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        points[row] = faces.points[row] @ matrix[:, :2].T + matrix[:, 2]
    return MarkedFaces(images, points, faces.names)


def coarsened(faces: MarkedFaces, sizes: NDArray[np.intp]) -> MarkedFaces:
    """Reduce each face to the resolution of the given width, then enlarge it again."""
    height, width = faces.images.shape[1:]
    images = np.empty_like(faces.images)
    for row, size in enumerate(sizes):
        small = cv2.resize(
            faces.images[row], (int(size), max(1, round(height * size / width))), interpolation=cv2.INTER_AREA
        )
        images[row] = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return MarkedFaces(images, faces.points, faces.names)


def resized(faces: MarkedFaces, size: int) -> MarkedFaces:
    """Resize to square images of `size` pixels; pixel centers, not corners, correspond."""
    height, width = faces.images.shape[1:]
    method = cv2.INTER_AREA if size < width else cv2.INTER_CUBIC
    images = np.stack([cv2.resize(image, (size, size), interpolation=method) for image in faces.images])
    scale = np.array([size / width, size / height], dtype=np.float32)
    return MarkedFaces(images, (faces.points + np.float32(0.5)) * scale - np.float32(0.5), faces.names)


def tight_boxes(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return tight boxes around the landmarks, of shape (n_faces, 4): left, top, right, bottom in pixels."""
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1).astype(float)


def jittered_boxes(points: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the tight boxes with random offsets, like those of an imprecise detector."""
    boxes = tight_boxes(points)
    center, span = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    center = center + span * generator.normal(0, 0.035, center.shape)
    span = span * np.exp(generator.normal(0, 0.06, (len(span), 1))) * np.exp(generator.normal(0, 0.03, span.shape))
    return np.concatenate([center - span / 2, center + span / 2], axis=1)


def framed_boxes(points: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return square boxes with a margin around the face, like the borders of cropped images such as FER2013."""
    boxes = tight_boxes(points)
    center, span = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1, keepdims=True)
    side = span / generator.uniform(0.64, 0.92, span.shape)
    center = center + side * (generator.normal(0, 0.035, center.shape) - [0.0, 0.05])
    return np.concatenate([center - side / 2, center + side / 2], axis=1)
