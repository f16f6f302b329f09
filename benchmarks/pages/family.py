"""List the winner against the rest of a leaderboard, as text."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def family_rows(
    family: "pd.DataFrame | None", ranking: Iterable[str], *, scale: float = 100, digits: int = 1
) -> list[dict[str, Any]]:
    """Return one row for each other recognizer, in the order of a ranking: texts of difference, interval and p.

    Parameters
    ----------
    family : DataFrame or None
        The winner against the rest, as the tables of ``compare_with`` hold it; no rows without it.
    ranking : iterable of str
        Labels, the best first.
    scale : float
        Factor of a difference in the unit of the page.
    digits : int
    """
    if family is None:
        return []
    rows = {row["recipe"]: row for row in family.to_dict("records")}
    return [
        {
            "label": label,
            "difference": f"{scale * row['difference']:+.{digits}f}",
            "interval": f"{scale * row['difference_low']:+.{digits}f}, {scale * row['difference_high']:+.{digits}f}",
            "p": f"{row['p_holm']:.2g}",
            "verdict": str(row["verdict"]),
        }
        for label in ranking
        if (row := rows.get(label)) is not None
    ]
