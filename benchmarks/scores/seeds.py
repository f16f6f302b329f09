"""Mean and spread of a figure over repeated fits, such as the seeds of a recipe."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Spread:
    """Mean and spread of one figure over repeated fits on the same images.

    It is about chance in the fit, and says nothing about chance in the choice of test images, which the bootstrap
    interval of each fit is about.

    Attributes
    ----------
    n : int
        Number of fits.
    mean : float
    sd : float
        Standard deviation of a single fit (n - 1 in the denominator); NaN for a single fit, which cannot show it.
    low, high : float
        Smallest and largest value.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Compute mean and spread of some values.

        Raises
        ------
        ValueError
            If there is no value, or one is not finite.

        Examples
        --------
        >>> spread = Spread.of([0.60, 0.62, 0.64])
        >>> spread.n, round(spread.mean, 3), round(spread.sd, 3)
        (3, 0.62, 0.02)
        """
        array = np.array(list(values), np.float64)
        if not array.size or not np.isfinite(array).all():
            raise ValueError(f"a spread needs at least one finite value; got {array.tolist()}")
        sd = float(array.std(ddof=1)) if len(array) > 1 else float("nan")
        return cls(len(array), float(array.mean()), sd, float(array.min()), float(array.max()))

    def text(self, digits: int = 3) -> str:
        """Return ``mean ± sd``; the mean alone for a single fit.

        Examples
        --------
        >>> Spread.of([0.60, 0.62, 0.64]).text()
        '0.620 ± 0.020'
        """
        if self.n == 1:
            return f"{self.mean:.{digits}f}"
        return f"{self.mean:.{digits}f} ± {self.sd:.{digits}f}"


def spreads(rows: Iterable[tuple[str, float]]) -> dict[str, Spread]:
    """Return the spread of the rows of each name, in the order of first appearance; NaN is left out.

    Parameters
    ----------
    rows : iterable of (str, float)
        Name, such as that of a recipe, and the figure of one fit.

    Examples
    --------
    >>> spreads([("svm", 0.5), ("tree", 0.4), ("svm", 0.7)])["svm"].mean
    0.6
    """
    groups: dict[str, list[float]] = {}
    for name, value in rows:
        if not np.isnan(value):
            groups.setdefault(name, []).append(float(value))
    return {name: Spread.of(values) for name, values in groups.items()}
