"""What the speed measurements consist of: extractors, recognizers at growing sizes, and the same written plainly."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

SIZES = (1000, 4000, 16000, 28709)
# The plain cells are slow: their growth is measured where they finish, and carried on from there.
PLAIN_SIZES = (1000, 2000, 4000)
PLAIN = ("linear-svm", "logreg", "svm", "tree")
# Sizes at which extractors are measured; theirs is the time of one image, whatever the number.
EXTRACT_IMAGES = 1024

Kind = Literal["extract", "fit", "plain"]


@dataclass(frozen=True)
class Measurement:
    """One measurement, done by a process of its own.

    Attributes
    ----------
    kind : {"extract", "fit", "plain"}
        Images a second of an extractor; fit and predict times of a classifier on our features; both, written plainly.
    name : str
        Extractor, or classifier.
    n_images : int
        Images to extract, or training images to fit on.
    """

    kind: Kind
    name: str
    n_images: int

    @property
    def label(self) -> str:
        """Name of its record: ``fit-svm-4000``."""
        return f"{self.kind}-{self.name}-{self.n_images}"

    def as_dict(self) -> dict[str, Any]:
        """For the record and for the measuring process."""
        return asdict(self)


def plan(
    extractors: Sequence[str], classifiers: Sequence[str], sizes: Sequence[int], n_training: int, only: Sequence[str]
) -> list[Measurement]:
    """All measurements, of each classifier from the smallest size up; sizes beyond the training images are cut to them.

    Raises
    ------
    ValueError
        If a size is too small, or `only` matches nothing.
    """
    if not sizes or min(sizes) < 100:
        raise ValueError(f"sizes must be whole numbers of at least 100; got {list(sizes)}")
    own = sorted({min(size, n_training) for size in sizes})
    known = [Measurement("extract", name, min(EXTRACT_IMAGES, n_training)) for name in extractors]
    known += [Measurement("fit", name, size) for name in classifiers for size in own]
    plain = sorted({min(size, n_training) for size in PLAIN_SIZES})
    known += [Measurement("plain", name, size) for name in PLAIN for size in plain]
    chosen = [each for each in known if not only or any(fnmatchcase(each.label, pattern) for pattern in only)]
    if not chosen:
        raise ValueError(f"--only {' '.join(only)} matches none of {', '.join(each.label for each in known)}")
    return chosen


def growth(sizes: Sequence[float], seconds: Sequence[float]) -> float | None:
    """Exponent with which the time grows, from the two largest sizes; None where there are not two."""
    points = sorted(zip(sizes, seconds, strict=True))[-2:]
    if len(points) < 2 or points[0][1] <= 0 or points[0][0] == points[1][0]:
        return None
    (n0, t0), (n1, t1) = points
    return math.log(max(t1, 1e-9) / t0) / math.log(n1 / n0)


def carry_on(sizes: Sequence[float], seconds: Sequence[float], n: float) -> float | None:
    """Time to expect at `n` from measured times: itself where it was measured, else by the growth, at least linear.

    From one size alone the growth is taken as linear; None without any.
    """
    known = dict(zip(sizes, seconds, strict=True))
    if n in known:
        return known[n]
    if not known:
        return None
    largest = max(known)
    exponent = growth(sizes, seconds)
    return known[largest] * (n / largest) ** max(1.0, exponent or 1.0)
