"""Define the data set of faces with fifteen key points, and load it by path or by name."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.base import summary_text
from ferbench.datasets.faces import make_faces
from ferbench.datasets.points.csv_file import read_csv
from ferbench.datasets.points.marked import MarkedRows, refuse_unmarked, to_square
from ferbench.datasets.points.npz_file import read_npz
from ferbench.datasets.points.splits import POINT_SPLITS, split_people
from ferbench.utils import POINT_NAMES, check_regular, derive_points

_SOURCES = "Kaggle's training.csv, a zip or folder with it, an .npz of annotated faces, or 'faces' for drawn faces"


@dataclass(frozen=True, repr=False)
class PointDataset:
    """Gray faces with key points and a split that shares no person, as returned by :func:`load_points`.

    Attributes
    ----------
    name : str
        Short name, used for folders and titles.
    images : ndarray of shape (n_samples, size, size), uint8
    points : ndarray of shape (n_samples, 15, 2), float32
        Points (x, y) in pixels, x to the right, in the order of `names`; the center of the first pixel is (0, 0). NaN
        if a point is not annotated.
    split : ndarray of shape (n_samples,), str
        ``Training``, ``Validation`` or ``Test``.
    groups : ndarray of shape (n_samples,), str
        The person on each image, or ``row N`` if the person is unknown; exact copies share a group.
    ids : ndarray of shape (n_samples,), str
        Origin of each image: its name or its row in the source.
    fingerprint : str
        SHA-256 (hex) of images, points, split and groups.
    names : tuple of str
        Names of the points.
    drawn : bool
        Whether the faces are drawn by ferbench rather than photographed.
    notes : sequence of str
        Remarks for the reader of a table.

    Raises
    ------
    ValueError
        If the shapes of the arrays do not match, or a split is unknown.
    """

    name: str
    images: NDArray[np.uint8]
    points: NDArray[np.float32]
    split: NDArray[np.str_]
    groups: NDArray[np.str_]
    ids: NDArray[np.str_]
    fingerprint: str
    names: tuple[str, ...] = POINT_NAMES
    drawn: bool = False
    notes: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        n_samples = len(self.images)
        if self.images.dtype != np.uint8 or self.images.ndim != 3:
            got = f"{self.images.dtype} of shape {self.images.shape}"
            raise ValueError(f"{self.name}: images must be uint8 of shape (n_samples, height, width); got {got}")
        if self.points.shape != (n_samples, len(self.names), 2):
            expected = (n_samples, len(self.names), 2)
            raise ValueError(f"{self.name}: points must have the shape {expected}; got {self.points.shape}")
        for column in ("split", "groups", "ids"):
            if (values := getattr(self, column)).shape != (n_samples,):
                raise ValueError(f"{self.name}: {column} must hold {n_samples} strings; got shape {values.shape}")
        if unknown := sorted(set(self.split.tolist()) - set(POINT_SPLITS)):
            raise ValueError(f"{self.name}: split must be among {', '.join(POINT_SPLITS)}; got {unknown[0]!r}")

    def __repr__(self) -> str:
        people = {name for name in self.groups.tolist() if not name.startswith("row ")}
        known = (f"{len(people)} people",) if people else ()
        return summary_text(self, POINT_SPLITS, f"{len(self.names)} points", *known)

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, split: str) -> NDArray[np.intp]:
        """Return the row numbers of one split, in order."""
        if split not in POINT_SPLITS:
            raise ValueError(f"split must be one of {', '.join(POINT_SPLITS)}; got {split!r}")
        return np.flatnonzero(self.split == split)

    def part(self, split: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return the images and points of one split."""
        rows = self.rows(split)
        return self.images[rows], self.points[rows]


def load_points(source: str | os.PathLike[str], size: int = 96, seed: int = 0, **options: object) -> PointDataset:
    """Load faces with fifteen key points; the three splits share no person.

    Parameters
    ----------
    source : str or path
        One of

        - the CSV of Kaggle's "Facial Keypoints Detection", ``training.csv``, or a zip or folder that contains it; empty
          cells are missing points, and a row may have only some of the points;
        - an ``.npz`` with the arrays ``images_training``, ``points_training``, ``images_test`` and ``points_test``, of
          15 or 68 points (the fifteen are derived by :func:`ferbench.features.derive_points`), and
          optionally ``names_training`` and ``names_test`` such as ``<person>_<frame>.jpg``;
        - ``"faces"``: faces drawn by ferbench, with exact points.
    size : int, default=96
        Height and width in pixels; other images are resized together with their points.
    seed : int, default=0
        Seed for held-out parts and for drawn faces.
    **options : object
        For ``"faces"``: ``n_samples`` and ``difficulty``, passed to :func:`make_faces`.

    Returns
    -------
    PointDataset
        Validation is a fifth of the people who are not in Test.

    Raises
    ------
    FileNotFoundError
        If the file does not exist.
    ValueError
        If a row cannot be used, a point lies outside its image by more than a tenth of the side, or a point is missing
        in all rows. The message names the file and the row.

    Notes
    -----
    The names of the images tell the people apart. If the source has no names, each image counts as a separate person,
    and only exact copies are kept together.
    """
    if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 24 <= size <= 512:
        raise ValueError(f"size must be a whole number from 24 to 512 pixels; got {size!r}")
    if source == "faces":
        return _draw(int(size), seed, options)
    if options:
        raise ValueError(f"{source}: unknown option {min(options)!r}; files with key points take none")
    return _from_rows(_read(Path(source)), Path(source), int(size), seed)


def _read(path: Path) -> MarkedRows:
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder; expected {_SOURCES}")
    if not path.is_dir():
        check_regular(path, _SOURCES)
    if path.suffix.lower() == ".npz":
        return read_npz(path)
    if path.is_dir() or path.suffix.lower() in (".csv", ".zip"):
        return read_csv(path)
    raise ValueError(f"{path}: expected {_SOURCES}")


def _from_rows(rows: MarkedRows, path: Path, size: int, seed: int) -> PointDataset:
    images, points, notes = to_square(rows, size, str(path))
    split, groups, remarks = split_people(rows, seed, str(path))
    refuse_unmarked(points, str(path))
    refuse_unmarked(points[split == "Training"], f"{path}: Training")
    return PointDataset(
        name=re.sub(r"[^\w.-]+", "-", path.name.removesuffix(path.suffix)).strip("-.") or "keypoints",
        images=images,
        points=points,
        split=split,
        groups=groups,
        ids=rows.ids,
        fingerprint=_fingerprint(images, points, split, groups),
        notes=(*rows.notes, *remarks, *notes),
    )


def _draw(size: int, seed: int, options: dict[str, object]) -> PointDataset:
    if unknown := sorted(options.keys() - {"n_samples", "difficulty"}):
        raise ValueError(f"faces: unknown option {unknown[0]!r}; expected n_samples or difficulty")
    faces = make_faces(size=size, random_state=seed, **options)  # type: ignore[arg-type]
    assert faces.landmarks is not None
    points = derive_points(faces.landmarks)
    renamed = {"Training": "Training", "PublicTest": "Validation", "PrivateTest": "Test"}
    split = np.array([renamed[part] for part in faces.split.tolist()])
    return PointDataset(
        name="faces",
        images=faces.images,
        points=points,
        split=split,
        groups=faces.ids,
        ids=faces.ids,
        fingerprint=_fingerprint(faces.images, points, split, faces.ids),
        drawn=True,
        notes=tuple(faces.notes),
    )


def _fingerprint(
    images: NDArray[np.uint8], points: NDArray[np.float32], split: NDArray[np.str_], groups: NDArray[np.str_]
) -> str:
    digest = hashlib.sha256(repr(images.shape).encode())
    digest.update(np.ascontiguousarray(images).data)
    # NaN has many bit patterns, which must give the same fingerprint.
    digest.update(np.where(np.isnan(points), np.float32(np.nan), points).astype("<f4").tobytes())
    for column in (split, groups):
        digest.update("\n".join(map(str, column)).encode() + b"\0")
    return digest.hexdigest()
