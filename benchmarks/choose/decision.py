"""Say in words why a recognizer was chosen, with differences and their intervals."""

from collections.abc import Mapping, Sequence

from ferbench.benchmarks import scores
from ferbench.benchmarks.report import (
    N_BOOTSTRAP,
    SEED,
    VALIDATION,
    Accuracy,
    Measured,
    Results,
    best_on_validation,
)
from ferbench.benchmarks.tables import printable


def decision_text(
    results: Results,
    chosen: tuple[Measured, Measured],
    fitting: Sequence[Measured],
    limits: str,
    public: Mapping[str, Accuracy],
) -> tuple[str, ...]:
    """Return the decision as sentences: why this one, how far it is from the next, and what the limits cost.

    Parameters
    ----------
    results : Results
    chosen : tuple of Measured
        The winner, and the best without limits.
    fitting : sequence of Measured
        The recognizers within the limits.
    limits : str
        The limits in words; empty without limits.
    public : mapping of str to Accuracy
        Accuracy on the validation split by label.
    """
    winner, free = chosen
    n = len(results.candidates)
    where = f"of the {len(fitting)} (of {n}) with {limits}" if limits else f"of {n} recognizers"
    said = [f"{printable(winner.label)} has the best accuracy on {VALIDATION} {where}."]
    following = best_on_validation(tuple(cell for cell in fitting if cell is not winner), public)
    if following is not None:
        said.append(f"The next, {printable(following.label)}, is {_gap(results, following, winner)}.")
    if limits and free is not winner:
        said.append(f"The best without limits, {printable(free.label)}, is {_gap(results, free, winner)}.")
    return tuple(said)


def _gap(results: Results, cell: Measured, winner: Measured) -> str:
    """The difference of `cell` from the winner on the same images, in points, with its paired interval."""
    probas = {cell.label: cell.proba[VALIDATION], winner.label: winner.proba[VALIDATION]}
    pair = scores.compare(results.labels[VALIDATION], probas, results.classes, n_bootstrap=N_BOOTSTRAP, seed=SEED)
    row = scores.compare_with(pair, winner.label).iloc[0]
    value, low, high = (100 * float(row[name]) for name in ("difference", "difference_low", "difference_high"))
    verdict = row["verdict"] if row["verdict"] == scores.NO_DIFFERENCE else f"shown to be {row['verdict']}"
    return (
        f"{value:+.1f} points [{low:+.1f}, {high:+.1f}] from it on the same {len(results.labels[VALIDATION]):,} images "
        f"({verdict}; McNemar p = {float(row['p_mcnemar']):.2g}, for this pair alone)"
    )
