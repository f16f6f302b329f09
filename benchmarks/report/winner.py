"""The winner: why it is the best, how it compares with the rest, and what so many test images can tell."""

from typing import Any

from ferbench.benchmarks import pages
from ferbench.benchmarks.report.results import VALIDATION, Results
from ferbench.benchmarks.report.scores import ScoreBoard
from ferbench.benchmarks.scores import ALPHA, NO_DIFFERENCE, Detectable
from ferbench.benchmarks.tables import markdown_table

_MOST_NAMED = 3
_METHOD = (
    "{n} comparisons with {winner}, the best on {validation}, on the same {n_images:,} images of {split}. "
    "The difference is a row's accuracy less the winner's, in percentage points, with its paired 95 % bootstrap "
    "interval. p is that of McNemar's exact test, Holm-corrected over these comparisons alone. "
    f"A row whose p is not below {{alpha:g}} is {NO_DIFFERENCE}; that does not say that both are equal."
)


def why_best(results: Results, board: ScoreBoard) -> str:
    """The rule of :attr:`Results.rule`, and which rows with a higher accuracy on PublicTest it leaves out."""
    best = board.best(results)
    if best is None:
        return results.rule
    open_to, least = {cell.label for cell in results.candidates}, board.public[best.label].value
    others = [cell.label for cell in results.contestants if cell.label not in open_to]
    higher = sorted((-board.public[label].value, label) for label in others if board.public[label].value > least)
    if not higher:
        return results.rule
    named = [f"{label} ({-value:.3f})" for value, label in higher[:_MOST_NAMED]]
    more = f" and {len(higher) - _MOST_NAMED} more" if len(higher) > _MOST_NAMED else ""
    return f"{results.rule} Left out by this, with a higher accuracy on {VALIDATION}: {', '.join(named)}{more}."


def family_text(results: Results, board: ScoreBoard) -> str:
    """How the winner was compared with the rest."""
    if board.family is None or board.family.empty:
        return ""
    return _METHOD.format(
        n=len(board.family),
        winner=board.family["against"].iloc[0],
        validation=VALIDATION,
        n_images=len(results.labels[results.split]),
        split=results.split,
        alpha=ALPHA,
    )


def family_rows(board: ScoreBoard) -> list[dict[str, Any]]:
    """The winner against each of the rest, as text, by falling accuracy; differences in percentage points."""
    return pages.family_rows(board.family, board.ranking())


def family_markdown(board: ScoreBoard) -> str:
    """The same as a table of Markdown."""
    rows = [
        [row["label"], f"{row['difference']} [{row['interval']}]", row["p"], row["verdict"]]
        for row in family_rows(board)
    ]
    return markdown_table(("recipe", "difference, points [95 %]", "p", "verdict"), rows)


def detectable_text(results: Results, board: ScoreBoard) -> str:
    """The smallest difference in accuracy that a comparison on these images detects, in words."""
    return Detectable.of(board.family, len(results.labels[results.split])).text()
