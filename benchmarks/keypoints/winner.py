"""The winner of a key-point suite against the rest, and what so many faces can tell."""

from typing import Any

from ferbench.benchmarks import pages
from ferbench.benchmarks.keypoints.results import VALIDATION, PointBoard, PointResults
from ferbench.benchmarks.scores import ALPHA, NO_DIFFERENCE, DetectableBySpread

_FIGURES = ("difference", "difference_low", "difference_high", "p_holm")
_METHOD = (
    "{n} comparisons with {winner}, the best on {validation}, on the same faces of {split}. The difference is a row's "
    "normalized error less the winner's, with its 95 % interval: below 0 the row is better. p is that of a paired "
    "bootstrap over {people:,} people, Holm-corrected over these comparisons alone. A row whose p is not below "
    f"{ALPHA:g} is {NO_DIFFERENCE}; that does not say that both are equal."
)


def family_text(results: PointResults, board: PointBoard) -> str:
    """How the winner was compared with the rest; empty without a comparison."""
    if board.family is None or board.family.empty:
        return ""
    return _METHOD.format(
        n=len(board.family),
        winner=board.family["against"].iloc[0],
        validation=VALIDATION,
        split=results.split,
        people=len(set(results.people[results.split].tolist())),
    )


def family_rows(board: PointBoard) -> list[dict[str, Any]]:
    """The winner against each of the rest, as text, by rising error; differences in normalized error."""
    return pages.family_rows(board.family, board.ranking(), scale=1, digits=4)


def against_winner(board: PointBoard, label: str) -> dict[str, Any]:
    """Columns of the leaderboard: how a row does against the winner; blank where one of the two was not scored."""
    if board.family is None or label not in board.test:
        return {}
    rows = board.family[board.family["recipe"] == label]
    if rows.empty:
        return {"against_winner": "winner"}
    row = rows.iloc[0].to_dict()
    return {"against_winner": str(row["verdict"]), **{f"winner_{name}": float(row[name]) for name in _FIGURES}}


def detectable_text(results: PointResults, board: PointBoard) -> str:
    """The smallest difference in normalized error that a comparison on these faces detects, in words."""
    if board.family is None:
        return ""
    split = results.split
    where = f"On {len(results.people[split]):,} faces of {len(set(results.people[split].tolist())):,} people"
    return DetectableBySpread.of(board.family).text(where, scale=1, unit="in normalized error", digits=4)
