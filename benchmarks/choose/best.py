"""Choose the best recognizer within a budget on PublicTest, and report it on PrivateTest."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks import scores
from ferbench.benchmarks.choose.decision import decision_text, family_of_choice
from ferbench.benchmarks.choose.equals import FIGURES, Tie, tie_lines
from ferbench.benchmarks.choose.limits import Limits
from ferbench.benchmarks.identity import shipped_as
from ferbench.benchmarks.report import (
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

if TYPE_CHECKING:
    import pandas as pd


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
    ships_as : str or None
        The name under which exactly these weights come with ferbench; None if they do not.
    ties : tuple of Tie
        The recognizers within the limits that are not shown to differ from it, the fastest first.
    total_fit_s : float or None
        Seconds of the whole fit, with extraction, teachers and members.
    peak_memory_bytes : int or None
        Peak memory of the measuring process.
    decision : tuple of str
        The decision in words, with differences and their intervals.
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
    total_fit_s: float | None = None
    peak_memory_bytes: int | None = None
    decision: tuple[str, ...] = ()
    ships_as: str | None = None

    @property
    def ships(self) -> bool:
        """Whether exactly these weights come with ferbench."""
        return self.ships_as is not None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self) | {"ships": self.ships}

    def text(self) -> str:
        """Return a short text for the terminal."""
        drawn = " (drawn faces, not real photographs)" if self.drawn else ""
        lines = [
            printable(self.label),
            f"  data         {printable(self.dataset)}{drawn}",
            f"  {VALIDATION}   {_accuracy_text(self.public)}, chosen here",
            f"  {TEST}  {'not opened for it' if self.private is None else _accuracy_text(self.private)}",
            f"  latency      {self._latency_text()}",
            f"  fit, memory  {self._fit_text()}",
            f"  bundle       {self._bundle_text()}",
            *(f"  {'decision' if place == 0 else '':12} {text}" for place, text in enumerate(self.decision)),
        ]
        return "\n".join(lines + self._tie_lines())

    def _latency_text(self) -> str:
        if self.latency_ms is None:
            return "not measured"
        why = ", too few samples for a p90" if self.latency_kind == "median" else ""
        return f"{self.latency_ms:.2f} ms ({self.latency_kind}{why}), one image, features included"

    def _fit_text(self) -> str:
        fit = "whole fit not measured" if self.total_fit_s is None else f"whole fit {self.total_fit_s:,.1f} s"
        if self.peak_memory_bytes is None:
            return f"{fit}, memory not measured"
        return f"{fit}, {self.peak_memory_bytes / 1e6:,.0f} MB while measured"

    def _bundle_text(self) -> str:
        if self.bundle is None:
            return "none: this recognizer cannot be saved as one"
        if self.bundle_exists:
            return self.bundle
        if self.ships_as:
            return f"comes with ferbench: ferbench live --model {self.ships_as}"
        return f"{self.bundle} (not on this machine: run the suite to make it)"

    def _tie_lines(self) -> list[str]:
        return tie_lines(self.ties)


def choose_best(
    folder: str | Path | None = None,
    *,
    max_latency_ms: float | None = None,
    max_size_mb: float | None = None,
    min_accuracy: float | None = None,
    max_fit_s: float | None = None,
    max_memory_mb: float | None = None,
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
    max_fit_s : float, optional
        Limit on the seconds of the whole fit, with extraction, teachers and members.
    max_memory_mb : float, optional
        Limit on the peak memory of the measuring process, in megabytes.

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
    limits = Limits(max_latency_ms, max_size_mb, max_fit_s, max_memory_mb, min_accuracy)
    results = read_results(folder if folder is not None else "results")
    if not results.contestants:
        raise ValueError(f"{results.root}: no recognizer but constant ones is ok; run the suite first")
    public = accuracies(results, VALIDATION)
    fitting = limits.within(results, public)
    winner, free = best_on_validation(fitting, public), best_on_validation(results.candidates, public)
    assert winner is not None and free is not None
    family = family_of_choice(results, (winner, free), fitting)
    decision = decision_text(results, (winner, free), fitting, limits.words(), public, family=family)
    return _describe(results, winner, public, decision, _ties(results, winner, fitting, public, family))


def _describe(
    results: Results,
    winner: Measured,
    public: Mapping[str, Accuracy],
    decision: tuple[str, ...],
    ties: tuple[Tie, ...],
) -> Choice:
    record = winner.record
    latency, kind = results.latency_of(winner).limited
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
        latency_ms_median=results.latency_of(winner).median,
        size_bytes=record.get("size_bytes"),
        total_fit_s=results.total_fits.get(str(record["cell_id"])),
        peak_memory_bytes=record.get("peak_memory_bytes"),
        decision=decision,
        bundle=str(bundle) if bundle else None,
        bundle_exists=bundle is not None and bundle.is_dir(),
        ties=ties,
        ships_as=shipped_as(record) or None,
    )


def _ties(
    results: Results,
    winner: Measured,
    fitting: tuple[Measured, ...],
    public: Mapping[str, Accuracy],
    family: "pd.DataFrame",
) -> tuple[Tie, ...]:
    equal = family[family["verdict"] == scores.NO_DIFFERENCE]
    tied = [
        Tie(
            cell.label,
            public[cell.label].value,
            results.latency_of(cell).median,
            cell.record.get("size_bytes"),
            _cheaper(results, cell, winner),
            *(float(equal[name].to_dict()[cell.label]) for name in FIGURES),
        )
        for cell in fitting
        if cell.label in equal.index
    ]
    return tuple(sorted(tied, key=lambda tie: (tie.latency_ms_median is None, tie.latency_ms_median, tie.label)))


def _cheaper(results: Results, cell: Measured, winner: Measured) -> bool:
    # Times of different runs are not compared.
    one_run = all(results.latency_of(each).ranked for each in (cell, winner))
    own = (results.latency_of(cell).median if one_run else None, cell.record.get("size_bytes"))
    its = (results.latency_of(winner).median, winner.record.get("size_bytes"))
    known = [(a, b) for a, b in zip(own, its, strict=True) if a is not None and b is not None]
    return any(a < b for a, b in known) and all(a <= b for a, b in known)


def _accuracy_text(accuracy: Accuracy) -> str:
    text = interval_text(accuracy.value, accuracy.low, accuracy.high)
    return f"accuracy {text}, {accuracy.n_images:,} images"
