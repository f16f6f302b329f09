"""A column of a page's leaderboard: what it shows, how it is written, and in which view it stands."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.tables import is_missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """One column of the page's leaderboard.

    Attributes
    ----------
    key : str
        Column of the frame.
    title, help : str
        Head of the column, and what it means.
    view : str
        The view of the table that it belongs to; ``always`` for all of them.
    write : callable
        Turns a figure into text.
    better : str
        ``high`` or ``low``; empty when no value is better. Decides the first sorting order.
    unit : str
        Shown under the title.
    """

    key: str
    title: str
    help: str
    view: str
    write: Callable[[Any], str]
    better: str = ""
    unit: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is flush right and sorted by size."""
        return self.write is not str

    def cell(self, row: Mapping[Any, Any]) -> dict[str, Any]:
        """Text, sorting value and interval of one row; all blank where nothing was measured."""
        value = row[self.key]
        if is_missing(value):
            return {"text": "", "sort": "", "interval": ""}
        low, high = row.get(f"{self.key}_low"), row.get(f"{self.key}_high")
        interval = "" if is_missing(low) or is_missing(high) else f"{self.write(low)}–{self.write(high)}"
        return {"text": self.write(value), "sort": str(value), "interval": interval}


def shown(columns: Iterable[Column], frame: "pd.DataFrame") -> list[Column]:
    """The columns that hold something for at least one row."""
    return [column for column in columns if not frame[column.key].isna().all()]


def share(value: float) -> str:
    """A fraction with three digits, as in the CSV."""
    return f"{value:.3f}"


def seconds(value: float) -> str:
    """Seconds with about three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def milliseconds(value: float) -> str:
    """Milliseconds with two digits behind the point, fewer when there are many before it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def whole(value: float) -> str:
    """A whole number with separators."""
    return f"{value:,.0f}"


def megabytes(value: float) -> str:
    """Bytes as megabytes."""
    return f"{value / 1e6:,.2f}" if value < 1e8 else f"{value / 1e6:,.0f}"
