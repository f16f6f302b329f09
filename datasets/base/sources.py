"""What the loaders read from: a folder of labeled images, a zip of one, a FER2013 CSV."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Batch(NamedTuple):
    """Some decoded rows of a source, in order.

    `part` is one of the official splits, or ``train``, ``validation``, ``test`` or ``""`` where the source
    only says that much; `shapes` holds the original width and height in pixels.
    """

    ids: list[str]
    labels: list[str]
    parts: list[str]
    images: NDArray[np.uint8]
    shapes: NDArray[np.int32]
    people: Sequence[str] = ()
    sequences: Sequence[str] = ()
    votes: NDArray[np.float32] | None = None


class Problems:
    """Rows that cannot be used: raised at once, or collected where the reader goes on (the audit).

    Attributes
    ----------
    found : list of (str, str)
        Row and reason.
    notes : list of str
        What was passed over without being a problem, such as empty rows.
    """

    def __init__(self, source: str, *, collect: bool = False, allow_unreadable: bool = False) -> None:
        self.source = source
        self.collect = collect
        self.tolerant = collect or allow_unreadable
        self.found: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def add(self, row: str, reason: str) -> None:
        """Note that a row cannot be used."""
        if not self.collect:
            raise ValueError(f"{self.source}: {row}: {reason}")
        self.found.append((row, reason))

    def skip(self, row: str, reason: str) -> None:
        """Note that an image cannot be read; the reader decides in the end whether it can go on without."""
        self.found.append((row, reason))


class Source(Protocol):
    """A place with labeled faces; `notes` say what of it is left out."""

    name: str
    path: Path
    notes: list[str]

    def fingerprint(self) -> str:
        """Key of the content, cheap enough to compute at each load."""

    def __len__(self) -> int:
        """Number of rows, or 0 where that is not known before reading."""

    def batches(self, size: int, problems: Problems) -> Iterator[Batch]:
        """Decode all rows, a batch at a time."""
