"""Format values and names as text for a terminal; missing values are blank."""

from collections.abc import Sequence
from typing import Any

from ferbench.benchmarks.tables.narrow import narrow_table


def is_missing(value: Any) -> bool:
    """Return whether a table cell is empty."""
    import pandas as pd

    return value is None or bool(pd.isna(value)) or value == ""


def number_text(value: Any, digits: int) -> str:
    """Format a number with the given number of decimals; a missing value is blank."""
    return "" if is_missing(value) else f"{value:,.{digits}f}"


def interval_text(value: Any, low: Any, high: Any, digits: int = 3) -> str:
    """Format a value with its interval, such as ``0.608 [0.592, 0.624]``; a missing value is blank."""
    if is_missing(value):
        return ""
    if is_missing(low) or is_missing(high):
        return f"{value:.{digits}f}"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def listed(names: Sequence[str]) -> str:
    """Join names as in a sentence: ``A``, ``A and B`` or ``A, B and C``; nothing for none."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def printable(text: Any) -> str:
    """Remove control characters from text of a record, because they could move the cursor of a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))


def text_table(lines: Sequence[Sequence[str]], right: Sequence[int] = (), width: int | None = None) -> list[str]:
    """Return lines with aligned columns.

    Parameters
    ----------
    lines : sequence of sequence of str
        The header and the rows, all with the same number of columns. The last column is not padded.
    right : sequence of int
        Indices of the right-aligned columns.
    width : int, optional
        Columns of a terminal. Where the table is wider, its cells are broken into several lines.
    """
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]) - 1)]
    body = []
    for line in lines:
        cells = [
            line[place].rjust(width) if place in right else line[place].ljust(width)
            for place, width in enumerate(widths)
        ]
        body.append("  ".join([*cells, line[-1]]).rstrip())
    return body if width is None or max(map(len, body)) <= width else narrow_table(lines, right, width)
