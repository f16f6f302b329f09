"""Limits of a choice on latency, size, fit time, memory and accuracy, applied together."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ferbench.benchmarks.report import VALIDATION, Accuracy, Measured, Results
from ferbench.benchmarks.tables import listed

_Cost = Callable[[Measured], float | None]


@dataclass(frozen=True)
class Limits:
    """What a recognizer may cost, and what it must reach; None is no limit.

    Attributes
    ----------
    max_latency_ms : float or None
        p90 latency for one image, or the median if there were too few samples for a p90.
    max_size_mb : float or None
        Size of the bundle, in megabytes.
    max_fit_s : float or None
        Seconds of the whole fit, with extraction, teachers and members.
    max_memory_mb : float or None
        Peak memory of the measuring process, in megabytes.
    min_accuracy : float or None
        Accuracy on PublicTest, from 0 to 1.

    Raises
    ------
    ValueError
        If a limit is not a number above 0, or the accuracy is not from 0 to 1.
    """

    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    max_fit_s: float | None = None
    max_memory_mb: float | None = None
    min_accuracy: float | None = None

    def __post_init__(self) -> None:
        for name in ("max_latency_ms", "max_size_mb", "max_fit_s", "max_memory_mb"):
            value = getattr(self, name)
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} must be a number above 0; got {value}")
        if self.min_accuracy is not None and not 0 <= self.min_accuracy <= 1:
            raise ValueError(f"min_accuracy must be a fraction from 0 to 1; got {self.min_accuracy}")

    def words(self) -> str:
        """Return the limits in words; empty if there is none."""
        parts = [f"at most {limit:g} {unit} of {what}" for limit, unit, what in self._upper() if limit is not None]
        if self.min_accuracy is not None:
            parts.append(f"an accuracy of at least {self.min_accuracy:g}")
        return listed(parts)

    def within(self, results: Results, public: Mapping[str, Accuracy]) -> tuple[Measured, ...]:
        """Return the candidates within all limits; one whose cost was not measured fails the limit.

        Raises
        ------
        ValueError
            If there is none; the message names the closest one.
        """
        cells = results.candidates
        if (least := self.min_accuracy) is not None:
            kept = tuple(cell for cell in cells if public[cell.label].value >= least)
            top = max(cells, key=lambda cell: public[cell.label].value)
            _some(kept, results, f"reaches {least} on {VALIDATION}", top, f"{public[top.label].value:.3f}")
            cells = kept
        for (limit, unit, what), cost in zip(self._upper(), _costs(results), strict=True):
            if limit is not None:
                cells = _at_most(cells, results, cost, (limit, unit, what))
        return cells

    def _upper(self) -> tuple[tuple[float | None, str, str], ...]:
        return (
            (self.max_latency_ms, "ms", "latency"),
            (self.max_size_mb, "MB", "size"),
            (self.max_fit_s, "s", "fit time"),
            (self.max_memory_mb, "MB", "memory"),
        )


def _costs(results: Results) -> tuple[_Cost, ...]:
    return (
        lambda cell: results.latency_of(cell).limited[0],
        _megabytes("size_bytes"),
        lambda cell: results.total_fits.get(str(cell.record["cell_id"])),
        _megabytes("peak_memory_bytes"),
    )


def _megabytes(name: str) -> _Cost:
    return lambda cell: None if (value := cell.record.get(name)) is None else value / 1e6


def _at_most(
    cells: tuple[Measured, ...], results: Results, cost: _Cost, upper: tuple[float, str, str]
) -> tuple[Measured, ...]:
    limit, unit, what = upper
    known = [(math.inf if (value := cost(cell)) is None else value, place) for place, cell in enumerate(cells)]
    kept = tuple(cells[place] for value, place in known if value <= limit)
    least, place = min(known)
    figure = f"{least:.3g} {unit}" if math.isfinite(least) else ""
    _some(kept, results, f"keeps {limit:g} {unit} of {what}", cells[place], figure)
    return kept


def _some(kept: tuple[Measured, ...], results: Results, limit: str, closest: Measured, figure: str) -> None:
    if not kept:
        hint = f"the closest is {closest.label} with {figure}" if figure else "none was measured"
        raise ValueError(f"{results.root}: no recognizer {limit} (together with the other limits); {hint}")
