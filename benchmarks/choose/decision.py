"""Say in words why a recognizer was chosen, with differences and their intervals."""

from collections.abc import Sequence

from ferbench.benchmarks import scores
from ferbench.benchmarks.report import N_BOOTSTRAP, SEED, VALIDATION, Measured, Results
from ferbench.benchmarks.tables import printable


def decision_text(
    results: Results, winner: Measured, fitting: Sequence[Measured], free: Measured, limits: str
) -> tuple[str, ...]:
    """Return the decision as sentences: why this one, how far it is from the next, and what the limits cost.

    Parameters
    ----------
    results : Results
    winner : Measured
    fitting : sequence of Measured
        The recognizers within the limits.
    free : Measured
        The best without limits.
    limits : str
        The limits in words; empty without limits.
    """
    n = len(results.candidates)
    where = f"of the {len(fitting)} (of {n}) with {limits}" if limits else f"of {n} recognizers"
    said = [f"{printable(winner.label)} has the best accuracy on {VALIDATION} {where}."]
    others = sorted(
        (cell for cell in fitting if cell is not winner), key=lambda cell: (-_accuracy(results, cell), cell.label)
    )
    if others:
        said.append(f"The next, {printable(others[0].label)}, is {_gap(results, others[0], winner)}.")
    if limits and free is not winner:
        said.append(f"The best without limits, {printable(free.label)}, is {_gap(results, free, winner)}.")
    return tuple(said)


def _accuracy(results: Results, cell: Measured) -> float:
    truth = results.labels[VALIDATION]
    answers = [results.classes[place] for place in cell.proba[VALIDATION].argmax(axis=1)]
    return sum(answer == label for answer, label in zip(answers, truth, strict=True)) / len(truth)


def _gap(results: Results, cell: Measured, winner: Measured) -> str:
    """The difference of `cell` from the winner on the same images, in points, with its paired interval."""
    probas = {"a": cell.proba[VALIDATION], "b": winner.proba[VALIDATION]}
    table = scores.compare(results.labels[VALIDATION], probas, results.classes, n_bootstrap=N_BOOTSTRAP, seed=SEED)
    row = table.iloc[0]
    sign = 1 if row["a"] == "a" else -1
    low, high = sorted(100 * sign * float(row[f"difference_{end}"]) for end in ("low", "high"))
    value = 100 * sign * float(row["difference"])
    shown = {"A": "shown", "B": "shown"}.get(str(row["verdict"]), "not shown to differ")
    verdict = shown if shown != "shown" else ("shown to be better" if value > 0 else "shown to be worse")
    return (
        f"{value:+.1f} points [{low:+.1f}, {high:+.1f}] from it on the same {len(results.labels[VALIDATION]):,} images "
        f"({verdict}; McNemar p = {float(row['p_mcnemar']):.2g}, for this pair alone)"
    )
