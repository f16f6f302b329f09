"""Check the rows of a key-point source and resize them to a common size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.utils import POINT_NAMES, resize

# Points of a tight crop may lie slightly outside the image; points farther out are annotation errors.
OUTSIDE = 0.1


@dataclass(frozen=True)
class MarkedRows:
    """Rows of a key-point source before resizing and splitting.

    Attributes
    ----------
    images : ndarray of shape (n_rows, height, width), uint8
    points : ndarray of shape (n_rows, 15, 2), float32
        In pixels of these images, NaN where missing.
    ids : ndarray of shape (n_rows,), str
    people : ndarray of shape (n_rows,), str, or None
        None if the source does not name the people.
    test : ndarray of shape (n_rows,), bool, or None
        The rows of the test part of the source; None if it has none.
    notes : tuple of str
    """

    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    ids: NDArray[np.str_]
    people: NDArray[np.str_] | None = None
    test: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()


def to_square(rows: MarkedRows, size: int, source: str) -> tuple[NDArray[np.uint8], NDArray[np.float32], list[str]]:
    """Check that the points lie inside their images, then resize images and points to `size` x `size` pixels."""
    height, width = rows.images.shape[1:]
    refuse_outside(rows.points, (height, width), rows.ids, source)
    if (height, width) == (size, size):
        return rows.images, rows.points, []
    images = np.stack([resize(image, size) for image in rows.images])
    # Integers are pixel centers, not corners, so shift by half a pixel before and after scaling.
    scale = np.array([size / width, size / height])
    points = ((rows.points + 0.5) * scale - 0.5).astype(np.float32)
    stretched = "" if height == width else "; they were not square and were stretched"
    return images, points, [f"Images of {width} x {height} pixels were resized to {size} x {size}{stretched}."]


def refuse_outside(points: NDArray[np.float32], shape: tuple[int, int], ids: NDArray[np.str_], source: str) -> None:
    """Raise ValueError if a point lies too far outside its image, or has only one coordinate."""
    height, width = shape
    sides = np.array([width, height])
    far = (np.abs(points - (sides - 1) / 2) > sides * (0.5 + OUTSIDE)).any(axis=2)
    half = np.isnan(points).sum(axis=2) == 1
    beyond = f"lies more than {OUTSIDE:.0%} outside the image of {width} x {height} pixels"
    for wrong, complaint in (
        (half, "has only one of its two coordinates; give both, or leave both empty"),
        (far, f"{beyond}; correct it, or leave it empty"),
    ):
        if wrong.any():
            row, point = (int(number) for number in np.argwhere(wrong)[0])
            x, y = points[row, point]
            raise ValueError(f"{source}: {ids[row]}: {POINT_NAMES[point]} at ({x:g}, {y:g}) {complaint}")


def refuse_unmarked(points: NDArray[np.float32], where: str) -> None:
    """Raise ValueError if a point is missing in all rows, because no model can learn it."""
    marked = np.isfinite(points).all(axis=2).any(axis=0)
    if not marked.all():
        name = POINT_NAMES[int(np.flatnonzero(~marked)[0])]
        raise ValueError(
            f"{where}: {name} is missing in all of {len(points):,} rows; expected each point in some rows at least: "
            f"fill in {name}_x and {name}_y, or name data that has them"
        )
