"""Estimate the time of the cells that are left, from the time that others of the same recipe took."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferbench.benchmarks.store import Cell


class TimeLeft:
    """Durations of measured cells, and what follows from them for the cells that are left.

    A cell is expected to take the median of the measured cells of its recipe, with the same parameters and on the same
    data: its own earlier record, other seeds, other folds. For a recipe without a record nothing is guessed.

    Parameters
    ----------
    records : iterable of mapping
        Records on the same data, of earlier runs.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]] = ()) -> None:
        self._spans: dict[str, list[float]] = {}
        self._extra: list[float] = []
        for record in records:
            self.learn(record)

    def learn(self, record: Mapping[str, Any], seconds: float | None = None) -> None:
        """Take the duration of a measured cell into account; failed cells are ignored.

        Parameters
        ----------
        record : mapping
        seconds : float, optional
            From the start of its process to its record, where that was watched. A record begins later, when its
            process has imported its libraries; the difference is expected of the other cells too.
        """
        if record["status"] != "ok" or not record["started"] or not record["finished"]:
            return
        span = _span(record["started"], record["finished"])
        recipe = record["recipe"]
        self._spans.setdefault(_key(recipe["name"], recipe["params"]), []).append(span)
        if seconds is not None:
            self._extra.append(max(0.0, seconds - span))

    def expected(self, cell: "Cell") -> float | None:
        """Seconds that a cell is expected to take; None if no cell of its recipe was measured."""
        spans = self._spans.get(_key(cell.recipe, cell.params))
        return median(spans) + (median(self._extra) if self._extra else 0.0) if spans else None

    def text(self, waiting: "Sequence[Cell]", working: "Sequence[tuple[Cell, float]]") -> str:
        """Return the estimated time of the remaining cells as text; empty if it is not known.

        Parameters
        ----------
        waiting : sequence of Cell
            Cells that have not started.
        working : sequence of (Cell, float)
            Cells in work, with the seconds since their start. So many are measured at once.

        Returns
        -------
        str
            Such as ``about 4 min`` or ``about 4 min for 3 of them``; empty where nothing is known. Until a cell of
            this run has ended, ``at least 4 min``: how long a process takes to start is not known before.
        """
        expected = [self.expected(cell) for cell in waiting]
        expected += [self._rest(cell, seconds) for cell, seconds in working]
        known = [seconds for seconds in expected if seconds is not None]
        if not known:
            return ""
        word = "about" if self._extra else "at least"
        about = f"{word} {rough(max(*known, sum(known) / max(1, len(working))))}"
        return about if len(known) == len(expected) else f"{about} for {len(known)} of them"

    def _rest(self, cell: "Cell", seconds: float) -> float | None:
        """None also if the cell has already taken longer than expected."""
        expected = self.expected(cell)
        return expected - seconds if expected is not None and expected > seconds else None


def rough(seconds: float) -> str:
    """Write a duration as exactly as an estimate deserves.

    Examples
    --------
    >>> [rough(seconds) for seconds in (3, 44, 100, 5400)]
    ['10 s', '50 s', '2 min', '1.5 h']
    """
    if seconds <= 60:
        return f"{max(1, -(-seconds // 10)) * 10:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def clock(seconds: float) -> str:
    """Write a duration as a clock does.

    Examples
    --------
    >>> clock(14.9), clock(3723)
    ('0:14', '1:02:03')
    """
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _span(started: str, finished: str) -> float:
    return (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()


def _key(recipe: str, params: Mapping[str, Any]) -> str:
    return json.dumps([recipe, dict(params)], sort_keys=True, default=str)
