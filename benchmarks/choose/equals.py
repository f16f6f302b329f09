"""Recognizers that are not shown to differ from the winner: what they cost, and their lines on a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from ferbench.benchmarks.report import VALIDATION
from ferbench.benchmarks.scores import NO_DIFFERENCE
from ferbench.benchmarks.tables import printable


@dataclass(frozen=True)
class Tie:
    """A recognizer that is not shown to differ from the winner on PublicTest.

    Attributes
    ----------
    label : str
        Its name in the report.
    public_accuracy : float
    latency_ms_median, size_bytes : float or None
        Its costs; None if not measured.
    cheaper : bool
        Whether it is faster or smaller than the winner, and worse in neither.
    difference, difference_low, difference_high, p_holm : float
        Its accuracy less the winner's with the paired 95 % interval, and p of McNemar's exact test,
        Holm-corrected over the comparisons with the winner.
    """

    label: str
    public_accuracy: float
    latency_ms_median: float | None
    size_bytes: int | None
    cheaper: bool
    difference: float
    difference_low: float
    difference_high: float
    p_holm: float


FIGURES = ("difference", "difference_low", "difference_high", "p_holm")


def tie_lines(ties: Sequence[Tie]) -> list[str]:
    """Lines for the terminal: difference with its interval, then p, then costs."""
    if not ties:
        return ["  others       none: it is shown to be better than every other one within the limits"]
    lines = [f"  others       {len(ties)} {NO_DIFFERENCE} on {VALIDATION}, in points (McNemar, Holm):"]
    for tie in ties:
        cost = [] if tie.latency_ms_median is None else [f"{tie.latency_ms_median:.2f} ms median"]
        cost += [] if tie.size_bytes is None else [f"{tie.size_bytes / 1e6:.2f} MB"]
        cheaper = "; faster or smaller: consider it" if tie.cheaper else ""
        low, high = 100 * tie.difference_low, 100 * tie.difference_high
        gap = f"{100 * tie.difference:+.1f} [{low:+.1f}, {high:+.1f}]"
        figures = f"{tie.public_accuracy:.3f}  {gap}, p = {tie.p_holm:.2g}"
        lines.append(f"    {printable(tie.label)}  {figures}  {', '.join(cost)}{cheaper}")
    return lines
