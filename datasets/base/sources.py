"""Interface of the sources that loaders read: folders or zips of labeled images, and FER2013 CSV files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Batch(NamedTuple):
    """Decoded rows of a source, in order.

    `part` holds an official split where the source names one, otherwise ``train``, ``validation``, ``test`` or
    ``""`` (unknown). `shapes` holds the original width and height in pixels. `attributes` holds the values of the group
    columns of each row, where the source has any.
    """

    ids: list[str]
    labels: list[str]
    parts: list[str]
    images: NDArray[np.uint8]
    shapes: NDArray[np.int32]
    people: Sequence[str] = ()
    sequences: Sequence[str] = ()
    votes: NDArray[np.float32] | None = None
    attributes: Sequence[Sequence[str]] = ()


class Problems:
    """Rows that cannot be used: raised as errors by loaders, collected by the audit.

    Attributes
    ----------
    found : list of (str, str)
        Row and reason.
    notes : list of str
        Remarks on skipped content that is not a problem, such as empty rows.
    """

    def __init__(self, source: str, *, collect: bool = False, allow_unreadable: bool = False) -> None:
        self.source = source
        self.collect = collect
        self.tolerant = collect or allow_unreadable
        self.found: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def add(self, row: str, reason: str) -> None:
        """Record that a row cannot be used."""
        if not self.collect:
            raise ValueError(f"{self.source}: {row}: {reason}")
        self.found.append((row, reason))

    def skip(self, row: str, reason: str) -> None:
        """Record that an image cannot be read; the loader decides at the end whether this is an error."""
        self.found.append((row, reason))


class Source(Protocol):
    """Readable source of labeled faces; `notes` tells what is left out."""

    name: str
    path: Path
    notes: list[str]

    def fingerprint(self) -> str:
        """Return a key of the content that is fast enough to compute at each load."""

    def __len__(self) -> int:
        """Return the number of rows, or 0 if it is unknown before reading."""

    def batches(self, size: int, problems: Problems) -> Iterator[Batch]:
        """Decode all rows, a batch at a time."""
