"""Define and format the columns of the leaderboard on a page."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.tables import is_missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """One column of the leaderboard on a page.

    Attributes
    ----------
    key : str
        Name of the column in the frame.
    title, help : str
        Heading and explanation.
    view : str
        The views of the table that show the column, separated by spaces; ``always`` for all views.
    write : callable
        Formats a value as text.
    better : str
        ``high`` or ``low``, or empty if no value is better. It sets the initial sorting order.
    unit : str
        Unit, shown below the title.
    ranked : str
        Name of a column that says whether a row may be ranked by this one; empty if all may.
    limit : str
        The limit of the budget that this cost has to keep, ``ms`` or ``mb``; empty for other columns.
    """

    key: str
    title: str
    help: str
    view: str
    write: Callable[[Any], str]
    better: str = ""
    unit: str = ""
    ranked: str = ""
    limit: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers, which are right-aligned and sorted by value."""
        return self.write not in (str, if_not_ok)

    def cell(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Return text, sort value and interval of one row; all are blank if not measured."""
        value = row[self.key]
        if is_missing(value) or not self.write(value):
            return {"text": "", "sort": "", "interval": ""}
        low, high = row.get(f"{self.key}_low"), row.get(f"{self.key}_high")
        interval = "" if is_missing(low) or is_missing(high) else f"{self.write(low)}–{self.write(high)}"
        # A row that may not be ranked has no value to sort by, so it stays at the end.
        sort = str(value) if self.ranks(row) else ""
        return {"text": self.write(value), "sort": sort, "interval": interval}

    def ranks(self, row: Mapping[Any, Any]) -> bool:
        """Return whether a row may be ranked by this column."""
        return not self.ranked or row.get(self.ranked) is True


def shown(columns: Iterable[Column], frame: "pd.DataFrame") -> list[Column]:
    """Return the columns that have a text in at least one row."""
    return [
        column for column in columns if any(column.cell({column.key: value})["text"] for value in frame[column.key])
    ]


def if_not_ok(status: str) -> str:
    """Return the status of a measurement that did not go well; nothing for one that did."""
    return "" if status in ("ok", "derived") else status


def share(value: float) -> str:
    """Format a fraction with three digits, as in the CSV."""
    return f"{value:.3f}"


def seconds(value: float) -> str:
    """Format seconds with about three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def milliseconds(value: float) -> str:
    """Format milliseconds with two decimals, or fewer for large values."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def duration(value: float) -> str:
    """Format seconds as a duration in its natural unit.

    Examples
    --------
    >>> [duration(value) for value in (0.084, 24, 90, 9000)]
    ['0.084 s', '24 s', '1.5 min', '2.5 h']
    """
    for unit, seconds_of in (("h", 3600), ("min", 60)):
        if value >= seconds_of:
            return f"{value / seconds_of:,.1f} {unit}"
    return f"{value:.2g} s"


def whole(value: float) -> str:
    """Format a whole number with thousands separators."""
    return f"{value:,.0f}"


def megabytes(value: float) -> str:
    """Format bytes as megabytes."""
    return f"{value / 1e6:,.2f}" if value < 1e8 else f"{value / 1e6:,.0f}"
