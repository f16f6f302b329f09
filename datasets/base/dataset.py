"""Define the data set that every loader returns: labeled faces with their split."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.utils import cache_dir, update_digest  # noqa: F401 (exported by the doors)

LABELS = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
SPLITS = ("Training", "PublicTest", "PrivateTest")
#: Images of PublicTest and of PrivateTest in FER2013.
FER2013_SIZES = (3589, 3589)
#: Images of a split that take more stay on disk, if they are there.
LARGE_BYTES = 2**28


def content_fingerprint(
    images: NDArray[np.uint8],
    labels: NDArray[np.str_],
    split: NDArray[np.str_],
    groups: NDArray[np.str_] | None = None,
    votes: NDArray[np.float32] | None = None,
) -> str:
    """SHA-256 (hex) of the content, the same whatever form it came in; people and votes count where there are any."""
    digest = hashlib.sha256(repr(images.shape).encode())
    update_digest(digest, images)
    for column in (labels, split):
        digest.update("\n".join(map(str, column)).encode() + b"\0")
    if groups is not None:
        digest.update(b"groups\0" + "\n".join(map(str, groups)).encode() + b"\0")
    if votes is not None:
        digest.update(b"votes\0" + np.ascontiguousarray(votes, np.float32).tobytes())
    return digest.hexdigest()


def columns_fingerprint(columns: Mapping[str, Any]) -> str:
    """Fingerprint of the columns of a data set, as :meth:`Dataset.take` returns them.

    Group columns count where there are any; without them it is :func:`content_fingerprint` of the others.
    """
    content = content_fingerprint(*(columns.get(name) for name in ("images", "labels", "split", "groups", "votes")))  # type: ignore[arg-type]
    if not columns.get("attributes"):
        return content
    digest = hashlib.sha256(content.encode())
    for name, values in columns["attributes"].items():
        digest.update(f"\0{name}\0".encode() + "\n".join(map(str, values)).encode())
    return digest.hexdigest()


@dataclass(frozen=True, repr=False)
class Dataset:
    """Labeled face images with their split, as returned by :func:`load` and :func:`make_faces`.

    Attributes
    ----------
    name : str
        Short name, used for folders and titles.
    images : ndarray of shape (n_samples, height, width), uint8
        Gray faces; can be a read-only memory map.
    labels : ndarray of shape (n_samples,), str
        Label of each image: any names; those of FER2013 are :data:`LABELS`.
    split : ndarray of shape (n_samples,), str
        One of :data:`SPLITS` for each image.
    ids : ndarray of shape (n_samples,), str
        Origin of each image: its path or its row in the source.
    fingerprint : str
        SHA-256 (hex) of the images, labels and split.
    landmarks : ndarray of shape (n_samples, 68, 2), float32, or None
        Exact landmarks (x, y) in pixels, in iBUG order; None if the source has none.
    drawn : bool
        Whether the faces are drawn by ferbench rather than photographed.
    notes : sequence of str
        Remarks for the reader of a table, such as a validation part that was held out.
    groups : ndarray of shape (n_samples,), str, or None
        The person on each image, where the source says who it is.
    sequence : ndarray of shape (n_samples,), str, or None
        The clip or series of frames that each image comes from.
    votes : ndarray of shape (n_samples, n_labels), float32, or None
        Share of the raters that chose each label, in the order of :attr:`label_names`.
    official_test : bool
        Whether the test part is given by the source, rather than drawn here. Protocols leave such a part closed.
    fer2013 : bool
        Whether the test part was recognized as FER2013's own, whatever labels were left out or renamed since.
    attributes : mapping of str to ndarray of shape (n_samples,), str
        Group columns, such as ``gender``: a report gives the accuracy of each of their values. Empty text where the
        source says nothing. Persons are in `groups`.

    Raises
    ------
    ValueError
        When the images are no uint8 batch, the columns differ in length, a label is empty, or a split is unknown.
    """

    name: str
    images: NDArray[np.uint8]
    labels: NDArray[np.str_]
    split: NDArray[np.str_]
    ids: NDArray[np.str_]
    fingerprint: str
    landmarks: NDArray[np.float32] | None = None
    drawn: bool = False
    notes: Sequence[str] = field(default=())
    groups: NDArray[np.str_] | None = None
    sequence: NDArray[np.str_] | None = None
    votes: NDArray[np.float32] | None = None
    official_test: bool = True
    fer2013: bool = False
    attributes: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_images(self.images, self.name)
        for column, known in (("labels", None), ("split", SPLITS), ("ids", None), ("groups", None), ("sequence", None)):
            values = getattr(self, column)
            if values is not None or column not in ("groups", "sequence"):
                _check_column(values, column, known, len(self.images), self.name)
        for name, values in self.attributes.items():
            _check_column(values, f"group column {name}", None, len(self.images), self.name)
        if (empty := np.flatnonzero(self.labels == "")).size:
            raise ValueError(f"{self.name}: labels must be names; row {empty[0]} has an empty one")
        if self.votes is not None and self.votes.shape != (len(self.images), len(self.label_names)):
            raise ValueError(
                f"{self.name}: votes must have the shape {(len(self.images), len(self.label_names))}, one row for each "
                f"image and one column for each label; got {self.votes.shape}"
            )

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels that the images have: FER2013's in their usual order, then others by name."""
        present = set(np.unique(self.labels).tolist())
        return (*(label for label in LABELS if label in present), *sorted(present.difference(LABELS)))

    @property
    def has_fer2013_test(self) -> bool:
        """Whether the test part is FER2013's own: it was recognized as such, or its name or its sizes say so."""
        sizes = tuple(int((self.split == part).sum()) for part in SPLITS[1:])
        return self.fer2013 or self.name == "fer2013" or sizes == FER2013_SIZES

    def __repr__(self) -> str:
        labels = f"{len(set(self.labels.tolist()))} labels"
        people = () if self.groups is None else (f"{len(set(self.groups.tolist()))} people",)
        return summary_text(self, SPLITS, labels, *people)

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, split: str) -> NDArray[np.intp]:
        """Return the row numbers of one split, in order."""
        if split not in SPLITS:
            raise ValueError(f"split must be one of {', '.join(SPLITS)}; got {split!r}")
        return np.flatnonzero(self.split == split)

    def take(self, rows: NDArray[np.intp]) -> dict[str, Any]:
        """Columns of some rows, by name, without the fingerprint: what :func:`dataclasses.replace` takes."""
        columns = ("images", "labels", "split", "ids", "landmarks", "groups", "sequence")
        taken: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[rows] for name in columns
        }
        taken["attributes"] = {name: values[rows] for name, values in self.attributes.items()}
        if self.votes is None:
            return taken
        left = set(self.labels[rows].tolist())
        kept = [number for number, label in enumerate(self.label_names) if label in left]
        return taken | {"votes": self.votes[rows][:, kept]}

    def part(self, split: str) -> tuple[NDArray[np.uint8], NDArray[np.str_]]:
        """Return the images and labels of one split.

        The images are a copy. Those of a large read-only memory map stay on disk if their rows follow each other.
        """
        rows = self.rows(split)
        return self.images[_in_place(self.images, rows)], self.labels[rows]


def summary_text(dataset: Any, splits: Sequence[str], *parts: str) -> str:
    """Return what a data set holds, in one line for its `repr`."""
    height, width = dataset.images.shape[1:]
    counts = ((part, int((dataset.split == part).sum())) for part in splits)
    told = [f"{len(dataset)} images of {width} x {height}", *(f"{part} {n}" for part, n in counts if n), *parts]
    drawn = ", drawn" if dataset.drawn else ""
    return f"{type(dataset).__name__}({dataset.name!r}: {', '.join(told)}{drawn})"


def _in_place(images: NDArray[np.uint8], rows: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """Return rows as a slice, which copies nothing, if they are many, follow each other and cannot be changed."""
    large = isinstance(images, np.memmap) and images.mode == "r" and len(rows) * images[0].nbytes > LARGE_BYTES
    follow = large and int(rows[-1]) - int(rows[0]) == len(rows) - 1
    return slice(int(rows[0]), int(rows[-1]) + 1) if follow else rows


def _check_images(images: object, name: str) -> None:
    expected = f"{name}: images must be a uint8 array of shape (n_samples, height, width) with at least one image"
    if not isinstance(images, np.ndarray):
        raise ValueError(f"{expected}; got {type(images).__name__}")
    if images.dtype.kind == "f" and np.isnan(images).any():
        raise ValueError(f"{expected}; got {images.dtype} with {np.isnan(images).sum()} NaN: clean them, then convert")
    if images.dtype != np.uint8 or images.ndim != 3 or images.size == 0:
        raise ValueError(f"{expected}; got {images.dtype} of shape {images.shape}")


def _check_column(values: object, column: str, known: Sequence[str] | None, n_samples: int, name: str) -> None:
    if not isinstance(values, np.ndarray) or values.shape != (n_samples,) or values.dtype.kind != "U":
        got = f"shape {values.shape} of {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__
        raise ValueError(f"{name}: {column} must be an array of {n_samples} strings, one for each image; got {got}")
    if known is not None and (unknown := sorted(set(values.tolist()) - set(known))):
        raise ValueError(f"{name}: {column} must be among {', '.join(known)}; got {unknown[0]!r}")
