"""What a number of test images can tell: the smallest difference in accuracy that a paired comparison detects."""

from dataclasses import dataclass
from math import isnan, nan, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ferbench.benchmarks.scores.statistics import ALPHA

if TYPE_CHECKING:
    import pandas as pd

POWER = 0.8
# Where no two recognizers were compared: what is common for recognizers of about the same accuracy.
ASSUMED_DISCORDANCE = 0.15
# Comparisons, those with the smallest differences, that the observed discordance is the median of.
_CLOSEST = 5


def smallest_difference(n_images: int, discordance: float, *, alpha: float = ALPHA, power: float = POWER) -> float:
    """Smallest difference in accuracy that McNemar's test detects on so many images.

    The sample size of the test for a difference *d* is
    ``n = (z(1 - alpha / 2) * sqrt(q) + z(power) * sqrt(q - d ** 2)) ** 2 / d ** 2`` with *q* the discordance
    (R. J. Connor, Biometrics 43, 1987, 207-211; after O. S. Miettinen, Biometrics 24, 1968). This solves it for *d*.

    Parameters
    ----------
    n_images : int
        Images that both recognizers answer.
    discordance : float
        Share of the images that exactly one of the two gets right, between 0 and 1.
    alpha : float, default=0.05
        Two-sided level of the test; divide it by the number of comparisons for a cautious answer after a correction.
    power : float, default=0.8
        Chance to detect a difference of this size.

    Returns
    -------
    float
        A difference between 0 and `discordance`; NaN where even the largest possible one is not detected.

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Examples
    --------
    >>> from ferbench.benchmarks.scores import smallest_difference
    >>> round(smallest_difference(3589, 0.15), 4)
    0.0181
    """
    _check(n_images, discordance, alpha, power)
    if not n_images or not discordance:
        return nan
    level, chance = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    root = level * sqrt(n_images * discordance)
    rest = root**2 - (n_images + chance**2) * (level**2 - chance**2) * discordance
    difference = (root + (1 if chance > 0 else -1) * sqrt(max(rest, 0.0))) / (n_images + chance**2)
    return difference if difference <= discordance else nan


def difference_from_spread(standard_error: float, *, alpha: float = ALPHA, power: float = POWER) -> float:
    """Smallest difference that a comparison with such a standard error detects: of any score, over any clusters.

    Where people are resampled, or the rows of several folds are pooled, images are not independent and the formula of
    McNemar's test does not hold. A difference of ``z(1 - alpha / 2) + z(power)`` standard errors is then detected
    with the chance `power`, if the difference is about normal: 2.8 of them for 80 % at 0.05.

    Parameters
    ----------
    standard_error : float
        Of the paired difference, in the unit of the score.
    alpha, power : float
        As in :func:`smallest_difference`.

    Examples
    --------
    >>> from ferbench.benchmarks.scores import difference_from_spread
    >>> round(difference_from_spread(0.01), 4)
    0.028
    """
    _check(0, 0.0, alpha, power)
    if not standard_error >= 0:
        raise ValueError(f"standard_error must be 0 or more; got {standard_error}")
    return standard_error * (NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(power))


@dataclass(frozen=True)
class DetectableBySpread:
    """What one set of clusters, such as people, can tell about two recognizers, from intervals of paired differences.

    Attributes
    ----------
    standard_error : float
        Of a paired difference: half of its 95 % interval divided by 1.96, the median of the comparisons with the
        smallest differences; NaN without one.
    n_observed, n_comparisons : int
        How many comparisons that is the median of, and how many there are.
    """

    standard_error: float
    n_observed: int
    n_comparisons: int

    @classmethod
    def of(cls, differences: "pd.DataFrame") -> "DetectableBySpread":
        """From the columns ``difference``, ``difference_low`` and ``difference_high``; blanks are left out."""
        known = differences[["difference", "difference_low", "difference_high"]].astype(float).dropna()
        # Of few comparisons the nearer half: a large difference spreads more, and the question is about small ones.
        many = min(_CLOSEST, max(len(known) // 2, 1))
        closest = known.iloc[np.argsort(known["difference"].abs().to_numpy(), kind="stable")[:many]]
        half = (closest["difference_high"] - closest["difference_low"]).to_numpy() / 2
        error = float(np.median(half)) / NormalDist().inv_cdf(0.975) if len(half) else nan
        return cls(error, len(closest), len(known))

    def text(self, where: str, *, scale: float = 100, unit: str = "percentage points", digits: int = 1) -> str:
        """Sentences for a page; nothing without a comparison.

        Parameters
        ----------
        where : str
            What was drawn, such as ``"On 118 people"``.
        scale, unit, digits
            How a difference is written.
        """
        if isnan(self.standard_error):
            return ""
        single, corrected = (
            scale * difference_from_spread(self.standard_error, alpha=ALPHA / many)
            for many in (1, max(self.n_comparisons, 1))
        )
        whose = (
            f"median of the {self.n_observed} smallest differences" if self.n_observed > 1 else "smallest difference"
        )
        text = (
            f"{where} a paired comparison detects, with a chance of {100 * POWER:.0f} %, a difference of "
            f"{single:.{digits}f} {unit} or more at p < {ALPHA:g}: 1.96 + 0.84 times the standard error of the paired "
            f"difference, {scale * self.standard_error:.{digits + 1}f} (from its 95 % bootstrap interval; {whose})."
        )
        if self.n_comparisons > 1:
            text += (
                f" After the correction over {self.n_comparisons} comparisons it may take {corrected:.{digits}f}. "
                "Smaller differences can be real and are not shown here."
            )
        return text


@dataclass(frozen=True)
class Detectable:
    """What one set of test images can tell about two recognizers.

    Attributes
    ----------
    n_images : int
    discordance : float
        Share of the images that exactly one of two recognizers gets right.
    n_observed : int
        How many comparisons that is the median of, those with the smallest differences; 0 where it is assumed.
    single, corrected : float
        The smallest difference in accuracy that is detected with a chance of 80 % at a level of 0.05: in one
        comparison, and with the level divided by `n_comparisons`. NaN where none is.
    n_comparisons : int
    """

    n_images: int
    discordance: float
    n_observed: int
    single: float
    corrected: float
    n_comparisons: int

    @classmethod
    def of(cls, family: "pd.DataFrame | None", n_images: int) -> "Detectable":
        """From the winner against the rest, as :func:`compare_with` returns it, or by assumption."""
        discordance, n_comparisons, n_observed = ASSUMED_DISCORDANCE, 0, 0
        if family is not None and len(family) and n_images:
            # Recognizers of about the same accuracy are the ones for which the question matters.
            closest = family.iloc[np.argsort(family["difference"].abs().to_numpy(), kind="stable")[:_CLOSEST]]
            discordance = float(np.median(closest["only_recipe"] + closest["only_against"]) / n_images)
            n_comparisons, n_observed = len(family), len(closest)
        single, corrected = (
            smallest_difference(n_images, discordance, alpha=ALPHA / many) for many in (1, max(n_comparisons, 1))
        )
        return cls(n_images, discordance, n_observed, single, corrected, n_comparisons)

    def text(self) -> str:
        """Two sentences for a page."""
        whose = f"median of the {self.n_observed} smallest differences" if self.n_observed else "assumed"
        start = f"On {self.n_images:,} images a paired comparison detects, with a chance of {100 * POWER:.0f} %, "
        where = f"where exactly one of the two is right on {100 * self.discordance:.1f} % of the images ({whose})"
        if isnan(self.single):
            return f"{start}no difference at all {where}: there are too few images."
        text = f"{start}a difference of {100 * self.single:.1f} percentage points or more at p < {ALPHA:g}, {where}."
        if self.n_comparisons > 1 and not isnan(self.corrected):
            text += (
                f" After the correction over {self.n_comparisons} comparisons it may take "
                f"{100 * self.corrected:.1f} points. Smaller differences can be real and are not shown here."
            )
        return text


def _check(n_images: int, discordance: float, alpha: float, power: float) -> None:
    if n_images < 0:
        raise ValueError(f"n_images must be 0 or more; got {n_images}")
    if not 0 <= discordance <= 1:
        raise ValueError(f"discordance must be a fraction from 0 to 1; got {discordance}")
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must be between 0 and 1; got {value}")
