"""Lines that ``ferbench run`` prints about its plan and its records, on a terminal or into a pipe."""

import contextlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ferbench import benchmarks
from ferbench.utils import fit_line, fit_text, paint, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from ferbench.benchmarks.run import Step


def window_width() -> int | None:
    """Return the columns of the terminal of standard output; None for files and pipes."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def report_lines(folder: "Path | str", frame: "pd.DataFrame") -> str:
    """Return the leaderboard, as narrow as the terminal; files and pipes get one line for each row."""
    return fit_text(benchmarks.report_text(folder, frame, window_width()), table=True)


def path_line(what: str, path: "Path | str") -> str:
    """Say where something is. On a terminal that is too narrow, the path has a line of its own and is never broken."""
    columns = window_width()
    line = f"{what}: {path}"
    if columns is None or len(line) <= columns:
        return line
    short = os.path.relpath(path)
    path = path if short.startswith("..") else short
    return f"{what}: {path}" if len(f"{what}: {path}") <= columns else f"{what}:\n{path}"


def shorten(name: str, width: int) -> str:
    """Leave out the middle of a name that is too long: it begins with the recipe and ends with the seed.

    Examples
    --------
    >>> shorten("hog+landmarks+linear-svm-s0-90dc36a8", 20)
    'hog+landma…-90dc36a8'
    """
    name = printable(name)
    if len(name) <= width:
        return name
    tail = (width - 1) // 2
    return f"{name[: width - 1 - tail]}…{name[-tail:]}"


def plan_lines(steps: "Sequence[Step]") -> list[str]:
    """Say how many cells are measured, and why some are measured again or not."""
    todo = sum(step.action == "run" for step in steps)
    kept = len(steps) - todo
    lines = [f"{todo} cells to measure, {kept} kept" if kept else f"{todo} cells to measure"]
    for step in steps:
        if step.why not in ("not measured yet", "forced") and not step.why.startswith("ok"):
            lines.append(f"{step.action:8}{step.cell.cell_id}: {step.why}")
    return [fit_line(line) for line in lines]


def record_line(record: dict[str, Any]) -> str:
    """Print one line with the result of a cell."""
    start = f"{record['status']:8}{record['cell_id']:36}"
    if record["status"] != "ok":
        return f"{start} {record['reason']}"
    line = f"{start} fit {fit_seconds(record):.1f} s"
    if (latency := record["timings"]["latency_ms"]) is not None:
        line += f", {latency['median']:.2f} ms/image"
    return f"{line}, {record['reason']}" if record["reason"] else line


def fit_seconds(record: dict[str, Any]) -> float:
    """Seconds of extraction and fit: both are needed before it can answer; the records keep them apart."""
    timings = record["timings"]
    return float(timings["fit_s"] + (timings["extract_s"] or 0.0))


class PlainLines(contextlib.ExitStack):
    """One line for each cell, for pipes and files; with a bar where standard error is a terminal.

    Parameters
    ----------
    name : str
        Name of the suite.

    See Also
    --------
    ferbench.cli.running.table.LiveTable : What a terminal gets.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __enter__(self) -> "PlainLines":
        self._bar: Any = self.enter_context(tqdm(unit="cell", disable=None, desc=self._name))
        return self

    def plan(self, steps: "Sequence[Step]") -> None:
        """Print the plan."""
        self._bar.reset(sum(step.action == "run" for step in steps))
        for line in plan_lines(steps):
            self._bar.write(line)

    def start(self, cell_id: str) -> None:
        """Print nothing: only finished cells are printed into a pipe."""

    def record(self, record: dict[str, Any]) -> None:
        """Print the line of a finished cell."""
        line = fit_line(record_line(record))
        self._bar.write(line if record["status"] == "ok" else paint(line, "red"))
        self._bar.update()
