"""Write tables and plots atomically, and remove files that no longer apply."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from ferbench.utils import safe_frame, write_atomically

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.displays import Display

DPI = 110


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8."""
    write_atomically(path, text.encode("utf-8"))


def write_csv(frame: "pd.DataFrame", path: Path) -> None:
    """Write a frame as CSV with six significant digits; equal values give equal files."""
    write_text(path, safe_frame(frame).to_csv(index=False, float_format="%.6g", lineterminator="\n"))


def write_csv_files(tables: "Mapping[str, pd.DataFrame | None]", folder: Path) -> None:
    """Write each table as ``NAME.csv``; for None, remove the file of an earlier report."""
    for name, table in tables.items():
        if table is None:
            (folder / f"{name}.csv").unlink(missing_ok=True)
        else:
            write_csv(table, folder / f"{name}.csv")


def write_plots(makers: "Mapping[str, Callable[[], Display] | None]", folder: Path) -> list[str]:
    """Write each plot as ``NAME.png``; for None, remove the file of an earlier report.

    Returns
    -------
    list of str
        Names of the plots that were drawn.
    """
    for name, make in tqdm(makers.items(), desc="drawing", unit="plot", disable=None, leave=False):
        if make is None:
            (folder / f"{name}.png").unlink(missing_ok=True)
        else:
            write_atomically(folder / f"{name}.png", make().png(DPI))
    return [name for name, make in makers.items() if make is not None]
