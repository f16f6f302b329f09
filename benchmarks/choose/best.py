"""Choose the best recognizer within a budget on PublicTest, and report it on PrivateTest."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ferbench.benchmarks import scores
from ferbench.benchmarks.choose.equals import FIGURES, Tie, tie_lines
from ferbench.benchmarks.report import (
    N_BOOTSTRAP,
    SEED,
    TEST,
    VALIDATION,
    Accuracy,
    Measured,
    Results,
    accuracies,
    best_on_validation,
    read_results,
)
from ferbench.benchmarks.tables import interval_text, printable


@dataclass(frozen=True)
class Choice:
    """The chosen recognizer with its accuracies and costs, as :func:`choose_best` returns it.

    Attributes
    ----------
    label, recipe, cell_id : str
        Its name in the report, its recipe and its cell.
    dataset : str
        The data it was measured on.
    drawn : bool
        Whether these are drawn faces.
    public, private : Accuracy
        Accuracy on PublicTest, which is used to choose, and on PrivateTest, or None if that was not opened for it.
    latency_ms : float or None
        The latency that was compared with the limit.
    latency_kind : str
        ``p90``, or ``median`` if there were too few samples for a p90.
    latency_ms_median : float or None
    size_bytes : int or None
    bundle : str or None
        Path of its bundle; None when it has none.
    bundle_exists : bool
        Whether that folder is on this machine.
    ties : tuple of Tie
        The recognizers within the limits that are not shown to differ from it, the fastest first.
    """

    label: str
    recipe: str
    cell_id: str
    dataset: str
    drawn: bool
    public: Accuracy
    private: Accuracy | None
    latency_ms: float | None
    latency_kind: str
    latency_ms_median: float | None
    size_bytes: int | None
    bundle: str | None
    bundle_exists: bool
    ties: tuple[Tie, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    def text(self) -> str:
        """Return a short text for the terminal."""
        drawn = " (drawn faces, not real photographs)" if self.drawn else ""
        lines = [
            printable(self.label),
            f"  data         {printable(self.dataset)}{drawn}",
            f"  {VALIDATION}   {_accuracy_text(self.public)}, chosen here",
            f"  {TEST}  {'not opened for it' if self.private is None else _accuracy_text(self.private)}",
            f"  latency      {self._latency_text()}",
            f"  bundle       {self._bundle_text()}",
        ]
        return "\n".join(lines + self._tie_lines())

    def _latency_text(self) -> str:
        if self.latency_ms is None:
            return "not measured"
        why = ", too few samples for a p90" if self.latency_kind == "median" else ""
        return f"{self.latency_ms:.2f} ms ({self.latency_kind}{why}), one image, features included"

    def _bundle_text(self) -> str:
        if self.bundle is None:
            return "none: this recognizer cannot be saved as one"
        return self.bundle if self.bundle_exists else f"{self.bundle} (not on this machine: run the suite to make it)"

    def _tie_lines(self) -> list[str]:
        return tie_lines(self.ties)


def choose_best(
    folder: str | Path | None = None,
    *,
    max_latency_ms: float | None = None,
    max_size_mb: float | None = None,
    min_accuracy: float | None = None,
) -> Choice:
    """Choose the recognizer with the best PublicTest accuracy within the limits. PrivateTest is not used.

    Parameters
    ----------
    folder : str or Path, optional
        Folder of one data set; by default the only one in ``results``.
    max_latency_ms : float, optional
        Limit on the p90 latency for one image, or on the median if there were too few samples for a p90.
    max_size_mb : float, optional
        Limit on the size of the bundle, in megabytes.
    min_accuracy : float, optional
        Minimum accuracy on PublicTest, from 0 to 1.

    Returns
    -------
    Choice

    Raises
    ------
    FileNotFoundError
        If there are no results.
    ValueError
        If no recognizer is within the limits; the message names the closest one.
    """
    _check_limits(max_latency_ms, max_size_mb, min_accuracy)
    results = read_results(folder if folder is not None else "results")
    if not results.contestants:
        raise ValueError(f"{results.root}: no recognizer but constant ones is ok; run the suite first")
    public = accuracies(results, VALIDATION)
    fitting = _within(results, public, max_latency_ms, max_size_mb, min_accuracy)
    winner = best_on_validation(fitting, public)
    assert winner is not None
    return _describe(results, winner, fitting, public)


def _check_limits(max_latency_ms: float | None, max_size_mb: float | None, min_accuracy: float | None) -> None:
    for name, value in (("max_latency_ms", max_latency_ms), ("max_size_mb", max_size_mb)):
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be a number above 0; got {value}")
    if min_accuracy is not None and not 0 <= min_accuracy <= 1:
        raise ValueError(f"min_accuracy must be a fraction from 0 to 1; got {min_accuracy}")


def _within(
    results: Results,
    public: Mapping[str, Accuracy],
    max_latency_ms: float | None,
    max_size_mb: float | None,
    min_accuracy: float | None,
) -> tuple[Measured, ...]:
    """Apply one limit after the other; a recognizer whose cost was not measured fails the limit."""
    cells = results.candidates
    if min_accuracy is not None:
        kept = tuple(cell for cell in cells if public[cell.label].value >= min_accuracy)
        top = max(cells, key=lambda cell: public[cell.label].value)
        _some(kept, results, f"reaches {min_accuracy} on {VALIDATION}", top, f"{public[top.label].value:.3f}")
        cells = kept
    for limit, unit, cost in (
        (max_latency_ms, "ms", lambda cell: _latency(cell)[0]),
        (max_size_mb, "MB", _megabytes),
    ):
        if limit is not None:
            kept = tuple(cell for cell in cells if _at_most(cost(cell), limit))
            least, place = min((_or_infinite(cost(cell)), place) for place, cell in enumerate(cells))
            figure = f"{least:.3g} {unit}" if math.isfinite(least) else ""
            _some(kept, results, f"keeps {limit:g} {unit}", cells[place], figure)
            cells = kept
    return cells


def _some(kept: tuple[Measured, ...], results: Results, limit: str, closest: Measured, figure: str) -> None:
    if not kept:
        hint = f"the closest is {closest.label} with {figure}" if figure else "none was measured"
        raise ValueError(f"{results.root}: no recognizer {limit} (together with the other limits); {hint}")


def _describe(
    results: Results, winner: Measured, fitting: tuple[Measured, ...], public: Mapping[str, Accuracy]
) -> Choice:
    record = winner.record
    latency, kind = _latency(winner)
    bundle = results.root / record["bundle"] if record.get("bundle") else None
    return Choice(
        label=winner.label,
        recipe=winner.recipe,
        cell_id=str(record["cell_id"]),
        dataset=str(results.dataset.get("name")),
        drawn=bool(results.dataset.get("drawn")),
        public=public[winner.label],
        private=accuracies(results, TEST).get(winner.label),
        latency_ms=latency,
        latency_kind=kind,
        latency_ms_median=_median(winner),
        size_bytes=record.get("size_bytes"),
        bundle=str(bundle) if bundle else None,
        bundle_exists=bundle is not None and bundle.is_dir(),
        ties=_ties(results, winner, fitting, public),
    )


def _ties(
    results: Results, winner: Measured, fitting: tuple[Measured, ...], public: Mapping[str, Accuracy]
) -> tuple[Tie, ...]:
    """Compared on PublicTest: to pick among equals by PrivateTest would be choosing on it."""
    probas = {cell.label: cell.proba[VALIDATION] for cell in fitting}
    pairs = scores.compare(results.labels[VALIDATION], probas, results.classes, n_bootstrap=N_BOOTSTRAP, seed=SEED)
    family = scores.compare_with(pairs, winner.label).set_index("recipe")
    equal = family[family["verdict"] == scores.NO_DIFFERENCE]
    tied = [
        Tie(
            cell.label,
            public[cell.label].value,
            _median(cell),
            cell.record.get("size_bytes"),
            _cheaper(cell, winner),
            *(float(equal[name].to_dict()[cell.label]) for name in FIGURES),
        )
        for cell in fitting
        if cell.label in equal.index
    ]
    return tuple(sorted(tied, key=lambda tie: (tie.latency_ms_median is None, tie.latency_ms_median, tie.label)))


def _cheaper(cell: Measured, winner: Measured) -> bool:
    own = (_median(cell), cell.record.get("size_bytes"))
    its = (_median(winner), winner.record.get("size_bytes"))
    known = [(a, b) for a, b in zip(own, its, strict=True) if a is not None and b is not None]
    return any(a < b for a, b in known) and all(a <= b for a, b in known)


def _latency(cell: Measured) -> tuple[float | None, str]:
    latency = (cell.record.get("timings") or {}).get("latency_ms") or {}
    if latency.get("p90") is not None:
        return float(latency["p90"]), "p90"
    return _median(cell), "median"


def _median(cell: Measured) -> float | None:
    value = ((cell.record.get("timings") or {}).get("latency_ms") or {}).get("median")
    return None if value is None else float(value)


def _megabytes(cell: Measured) -> float | None:
    value = cell.record.get("size_bytes")
    return None if value is None else value / 1e6


def _or_infinite(value: float | None) -> float:
    return math.inf if value is None else value


def _at_most(value: float | None, limit: float) -> bool:
    return value is not None and value <= limit


def _accuracy_text(accuracy: Accuracy) -> str:
    text = interval_text(accuracy.value, accuracy.low, accuracy.high)
    return f"accuracy {text}, {accuracy.n_images:,} images"
