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
        The view of the table that shows the column; ``always`` for all views.
    write : callable
        Formats a value as text.
    better : str
        ``high`` or ``low``, or empty if no value is better. It sets the initial sorting order.
    unit : str
        Unit, shown below the title.
    ranked : str
        Name of a column that says whether a row may be ranked by this one; empty if all may.
    """

    key: str
    title: str
    help: str
    view: str
    write: Callable[[Any], str]
    better: str = ""
    unit: str = ""
    ranked: str = ""

    @property
    def is_number(self) -> bool:
        """Whether the column holds numbers, which are right-aligned and sorted by value."""
        return self.write is not str

    def cell(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Return text, sort value and interval of one row; all are blank if not measured."""
        value = row[self.key]
        if is_missing(value):
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
    """Return the columns that have a value in at least one row."""
    return [column for column in columns if not frame[column.key].isna().all()]


def share(value: float) -> str:
    """Format a fraction with three digits, as in the CSV."""
    return f"{value:.3f}"


def seconds(value: float) -> str:
    """Format seconds with about three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def milliseconds(value: float) -> str:
    """Format milliseconds with two decimals, or fewer for large values."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def whole(value: float) -> str:
    """Format a whole number with thousands separators."""
    return f"{value:,.0f}"


def megabytes(value: float) -> str:
    """Format bytes as megabytes."""
    return f"{value / 1e6:,.2f}" if value < 1e8 else f"{value / 1e6:,.0f}"
