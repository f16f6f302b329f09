"""The three cards on top of the page, and the budget that moves them."""

import math
from collections.abc import Iterable, Mapping
from shlex import quote
from typing import Any

from ferbench.benchmarks.report.offers import Offer, folder_name
from ferbench.benchmarks.report.results import Results

# Steps of a logarithmic slider.
_STEPS = (1, 1.5, 2, 3, 5, 7)
# How far the fastest or smallest one may be below the most accurate one, if no limit of the accuracy is set: without
# this rule it would be one that is hardly better than chance. In points of accuracy on PublicTest.
NEAR = 10


def page_choice(results: Results, offers: Mapping[str, Offer]) -> dict[str, Any] | None:
    """Return the values of cards and sliders for the page; None without a recognizer that could be the best.

    The page opens with a limit of half the latency of the most accurate recognizer. The rules are those of
    :func:`ferbench.benchmarks.choose.choose_best`: PublicTest chooses. The fastest or smallest one is at most
    :data:`NEAR` points below the most accurate one, and better than a constant one.
    """
    candidates = [offer for offer in offers.values() if offer.candidate]
    if not candidates:
        return None
    best = most_accurate(candidates)
    limits = slider_stops(offer.ms for offer in candidates)
    limit = max((stop for stop in limits if best.ms is not None and stop <= best.ms / 2), default=None)
    within = [offer for offer in candidates if limit is None or (offer.ms is not None and offer.ms <= limit)]
    floor = accuracy_floor(best, offers.values())
    least = "ms" if any(offer.ranked["ms"] for offer in candidates) else "mb"
    folder = quote(folder_name(results.root))
    return {
        "best": best,
        "within": most_accurate(within) if within else None,
        "least": cheapest((offer for offer in within if offer.public > floor), least),
        "floor": floor,
        "near": NEAR,
        "least_of": least,
        "limit": limit,
        "ms": limits,
        "mb": slider_stops(offer.mb for offer in candidates),
        "accuracy": accuracy_stops(best.public),
        "folder": folder,
        "command": f"ferbench best {folder}" + (f" --max-latency-ms {limit:g}" if limit else ""),
    }


def most_accurate(offers: Iterable[Offer]) -> Offer:
    """Return the best on PublicTest; at equal accuracy the faster one, then by name."""
    return min(offers, key=lambda offer: (-offer.public, _or_infinite(offer.median), offer.label))


def accuracy_floor(best: Offer, offers: Iterable[Offer]) -> float:
    """Return the accuracy on PublicTest that the fastest or smallest recognizer must exceed."""
    chance = [offer.public for offer in offers if offer.constant]
    return max([best.public - NEAR / 100, *chance])


def cheapest(offers: Iterable[Offer], cost: str) -> Offer | None:
    """Return the recognizer with the lowest cost, ``ms`` or ``mb``, of those that may be ranked by it.

    At equal cost it is the more accurate one.
    """
    known = [offer for offer in offers if offer.ranked[cost] and getattr(offer, cost) is not None]
    return min(known, key=lambda offer: (getattr(offer, cost), -offer.public, offer.label), default=None)


def slider_stops(values: Iterable[float | None]) -> list[float]:
    """Return rounded limits from the first that some value keeps to the first that all keep.

    Examples
    --------
    >>> slider_stops([0.9, 4.0, None])
    [1.0, 1.5, 2.0, 3.0, 5.0]
    """
    known = [value for value in values if value is not None and value > 0]
    if not known:
        return []
    exponents = range(math.floor(math.log10(min(known))), math.ceil(math.log10(max(known))) + 1)
    stops = [float(f"{step}e{exponent}") for exponent in exponents for step in _STEPS]
    last = next(stop for stop in stops if stop >= max(known))
    return [stop for stop in stops if min(known) <= stop <= last]


def accuracy_stops(best: float) -> list[float]:
    """Return lower limits of an accuracy, in steps of 0.05 up to the best one."""
    return [step / 20 for step in range(1, 20) if step / 20 <= best]


def _or_infinite(value: float | None) -> float:
    return math.inf if value is None else value
