"""Say in words why a recognizer was chosen, with differences and their intervals."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    import pandas as pd


def family_of_choice(
    results: Results, chosen: tuple[Measured, Measured], fitting: Sequence[Measured]
) -> "pd.DataFrame":
    """Compare the winner with each of the rest on the validation split: one family for everything that is said.

    To pick among equals by PrivateTest would be choosing on it.

    Parameters
    ----------
    results : Results
    chosen : tuple of Measured
        The winner, and the best without limits, which is part of the family.
    fitting : sequence of Measured
        The recognizers within the limits.

    Returns
    -------
    DataFrame
        As :func:`ferbench.benchmarks.scores.compare_with` returns it, indexed by label.
    """
    winner, free = chosen
    compared = [*fitting, *(() if free in fitting else (free,))]
    probas = {cell.label: cell.proba[VALIDATION] for cell in compared}
    pairs = scores.compare(results.labels[VALIDATION], probas, results.classes, n_bootstrap=N_BOOTSTRAP, seed=SEED)
    return scores.compare_with(pairs, winner.label).set_index("recipe")


def decision_text(
    results: Results,
    chosen: tuple[Measured, Measured],
    fitting: Sequence[Measured],
    limits: str,
    public: Mapping[str, Accuracy],
    *,
    family: "pd.DataFrame",
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
    family : DataFrame
        The winner against the rest, from :func:`family_of_choice`.
    """
    winner, free = chosen
    n = len(results.candidates)
    where = f"of the {len(fitting)} (of {n}) with {limits}" if limits else f"of {n} recognizers"
    said = [f"{printable(winner.label)} has the best accuracy on {VALIDATION} {where}."]
    following = best_on_validation(tuple(cell for cell in fitting if cell is not winner), public)
    if following is not None:
        said.append(f"The next, {printable(following.label)}, is {_gap(family, following)}.")
    if limits and free is not winner:
        said.append(f"The best without limits, {printable(free.label)}, is {_gap(family, free)}.")
    return tuple(said)


def _gap(family: "pd.DataFrame", cell: Measured) -> str:
    """The difference of `cell` from the winner on the same images, in points, with its paired interval."""
    row = family.loc[cell.label].to_dict()
    value, low, high = (100 * float(row[name]) for name in ("difference", "difference_low", "difference_high"))
    verdict = row["verdict"] if row["verdict"] == scores.NO_DIFFERENCE else f"shown to be {row['verdict']}"
    over = f"Holm-corrected over {len(family)} comparisons with it" if len(family) > 1 else "for this pair alone"
    return (
        f"{value:+.1f} points [{low:+.1f}, {high:+.1f}] from it on the same {int(row['n_images']):,} images "
        f"({verdict}; McNemar p = {float(row['p_holm']):.2g}, {over})"
    )
