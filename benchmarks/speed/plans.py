"""List the speed measurements: extractors, classifiers at growing sizes, and plain implementations."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

SIZES = (1000, 4000, 16000, 28709)
# The plain implementations are slow, so they are measured at smaller sizes and extrapolated.
PLAIN_SIZES = (1000, 2000, 4000)
PLAIN = ("linear-svm", "logreg", "svm", "tree")
# Number of images for extractors; their time per image does not depend on it.
EXTRACT_IMAGES = 1024

Kind = Literal["extract", "fit", "plain"]


@dataclass(frozen=True)
class Measurement:
    """One measurement, which runs in its own process.

    Attributes
    ----------
    kind : {"extract", "fit", "plain"}
        Images per second of an extractor; fit and predict times of a classifier; or both for the plain
        implementation.
    name : str
        Name of the extractor or the classifier.
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
        """Return all fields, for the record and the measuring process."""
        return asdict(self)


def plan(
    extractors: Sequence[str], classifiers: Sequence[str], sizes: Sequence[int], n_training: int, only: Sequence[str]
) -> list[Measurement]:
    """Return all measurements, by rising size for each classifier. Sizes are limited to the number of training images.

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
    """Return the growth exponent of the time between the two largest sizes; None with fewer than two."""
    points = sorted(zip(sizes, seconds, strict=True))[-2:]
    if len(points) < 2 or points[0][1] <= 0 or points[0][0] == points[1][0]:
        return None
    (n0, t0), (n1, t1) = points
    return math.log(max(t1, 1e-9) / t0) / math.log(n1 / n0)


def extrapolate(sizes: Sequence[float], seconds: Sequence[float], n: float) -> float | None:
    """Return the measured time at `n`, or extrapolate it with the measured exponent, which is taken as at least 1.

    With one measured size the growth is taken as linear. Returns None without any measured size.
    """
    known = dict(zip(sizes, seconds, strict=True))
    if n in known:
        return known[n]
    if not known:
        return None
    largest = max(known)
    exponent = growth(sizes, seconds)
    return known[largest] * (n / largest) ** max(1.0, exponent or 1.0)
