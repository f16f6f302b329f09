"""Read annotated faces from an ``.npz`` file: images, 15 or 68 points, and the names of the images."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.points.marked import MarkedRows
from ferbench.utils import POINT_NAMES, derive_points, read_arrays

_PARTS = ("training", "test")
_N_LANDMARKS = 68


def read_npz(path: Path) -> MarkedRows:
    """Read an archive with a training and a test part.

    Raises
    ------
    ValueError
        If an array is missing or has a wrong shape or type; the message names the file and the array.
    """
    arrays = read_arrays(path, "fetch or write it again")
    needed = [f"{kind}_{part}" for part in _PARTS for kind in ("images", "points")]
    if missing := [name for name in needed if name not in arrays]:
        raise ValueError(f"{path}: the array {missing[0]} is missing; expected {', '.join(needed)}")
    parts = [_part(path, part, arrays) for part in _PARTS]
    if parts[0].images.shape[1:] != parts[1].images.shape[1:]:
        sizes = " and ".join(f"{images.shape[2]} x {images.shape[1]}" for images in (part.images for part in parts))
        raise ValueError(f"{path}: images of {sizes} pixels; expected one size for both parts: resize one of them")
    landmarks = arrays["points_training"].shape[1] == _N_LANDMARKS
    notes = ("The fifteen points are derived from 68 landmarks.",) if landmarks else ()
    people = [part.people for part in parts if part.people is not None]
    return MarkedRows(
        images=np.concatenate([part.images for part in parts]),
        points=np.concatenate([part.points for part in parts]),
        ids=np.concatenate([part.ids for part in parts]),
        people=np.concatenate(people) if len(people) == len(parts) else None,
        test=np.repeat([False, True], [len(part.images) for part in parts]),
        notes=notes,
    )


def _part(path: Path, part: str, arrays: dict[str, NDArray[Any]]) -> MarkedRows:
    images, points = arrays[f"images_{part}"], arrays[f"points_{part}"]
    if images.dtype != np.uint8 or images.ndim != 3 or images.size == 0:
        raise ValueError(
            f"{path}: images_{part} must be uint8 of shape (n, height, width); got {images.dtype} {images.shape}; "
            f"convert gray images with astype('uint8')"
        )
    shapes = [(len(images), n_points, 2) for n_points in (len(POINT_NAMES), _N_LANDMARKS)]
    if points.shape not in shapes or points.dtype.kind not in "fiu":
        expected = " or ".join(map(str, shapes))
        raise ValueError(
            f"{path}: points_{part} must be numbers of shape {expected}; got {points.dtype} {points.shape}"
        )
    points = derive_points(points) if points.shape[1] == _N_LANDMARKS else points.astype(np.float32)
    names = arrays.get(f"names_{part}")
    if names is not None and (names.ndim != 1 or names.dtype.kind not in "US"):
        got = f"{names.dtype} of shape {names.shape}"
        raise ValueError(f"{path}: names_{part} must be strings of shape ({len(images)},); got {got}")
    if names is not None and len(names) != len(images):
        raise ValueError(f"{path}: names_{part} must name {len(images)} images; got {len(names)}")
    # Infinite coordinates are reported later as points outside the image.
    rows = [f"{part} row {row}" for row in range(len(images))] if names is None else [str(name) for name in names]
    people = None if names is None else np.array([row.rpartition("_")[0] or row for row in rows])
    return MarkedRows(images=images, points=points, ids=np.array(rows), people=people)
