"""Figures and names as text for a terminal: a blank where nothing was measured."""

from collections.abc import Sequence
from typing import Any


def is_missing(value: Any) -> bool:
    """Whether a cell of a table holds nothing."""
    import pandas as pd

    return value is None or value == "" or bool(pd.isna(value))


def number_text(value: Any, digits: int) -> str:
    """A figure with so many digits behind the point, or nothing."""
    return "" if is_missing(value) else f"{value:,.{digits}f}"


def interval_text(value: Any, low: Any, high: Any, digits: int = 3) -> str:
    """``0.608 [0.592, 0.624]``, or nothing for a figure that does not exist."""
    if is_missing(value):
        return ""
    if is_missing(low) or is_missing(high):
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def printable(text: Any) -> str:
    """Text of a record without control characters, which could move a terminal's cursor."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))


def text_table(lines: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    """Lines whose columns stand below each other.

    Parameters
    ----------
    lines : sequence of sequence of str
        The header and the rows, all of one length. The last column is not padded.
    right : sequence of int
        Places of the columns that are flush right.
    """
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]) - 1)]
    body = []
    for line in lines:
        cells = [
            line[place].rjust(width) if place in right else line[place].ljust(width)
            for place, width in enumerate(widths)
        ]
        body.append("  ".join([*cells, line[-1]]).rstrip())
    return body
