"""The live table of ``ferbench run``: finished cells, the cells in work with their seconds, and what is left."""

import contextlib
import os
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from tqdm import tqdm
from tqdm.contrib import DummyTqdmFile

from ferbench.cli.running.lines import PlainLines, fit_seconds, plan_lines, shorten
from ferbench.cli.running.time_left import TimeLeft, clock
from ferbench.utils import paint, printable, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ferbench.benchmarks.run import Run, Step
    from ferbench.benchmarks.store import Cell

# Width of the columns beside that of the cell: the status before it; score, fit, latency and time after it.
_STATUS, _FIGURES = 8, (9, 9, 9, 8)
# A narrow window leaves out figures, the latency first, so that this is left for the name of the cell.
_NAME, _LEFT_OUT = 14, (2, 1, 0)
_REFRESH_S = 1.0


def can_redraw() -> bool:
    """Whether lines can be drawn again: both streams are terminals, and not of a kind that only scrolls."""
    return sys.stdout.isatty() and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def shown(job: "Run") -> "LiveTable | PlainLines":
    """Return what shows a run: a live table on a terminal, and one line for each cell elsewhere."""
    return LiveTable(job) if can_redraw() else PlainLines(job.suite.name)


class LiveTable(contextlib.ExitStack):
    """A table whose last lines are drawn again each second.

    Finished cells are lines that stay and scroll. Below them are the cells in work, as many as the window has room
    for, and a line with the number of cells that are left. The lines are those of tqdm, which neither hides the
    cursor nor clears the window: whatever ends the run, the finished cells stay readable.

    Parameters
    ----------
    job : Run
        The run that is shown.

    See Also
    --------
    ferbench.cli.running.lines.PlainLines : What pipes and files get.
    """

    def __init__(self, job: "Run") -> None:
        super().__init__()
        self._job = job
        self._cells: dict[str, Cell] = {}  # those that are left
        self._since: dict[str, float] = {}  # when those in work started
        self._begun = time.monotonic()
        self._told = False  # whether the executor says what it starts
        self._left = TimeLeft()
        self._lines: list[Any] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def __enter__(self) -> "LiveTable":
        self._stderr = sys.stderr
        # Warnings go above the lines, not into them.
        self.enter_context(contextlib.redirect_stderr(DummyTqdmFile(sys.stderr)))
        self.callback(self._close_lines)
        return self

    def plan(self, steps: "Sequence[Step]") -> None:
        """Print the plan and the head of the table, and begin to draw."""
        self._cells = {step.cell.cell_id: step.cell for step in steps if step.action == "run"}
        for line in plan_lines(steps):
            self._write(line)
        if not self._cells:
            return
        self._left = TimeLeft(self._records())
        self._write(_row("status", "cell", (self._job.task.figure_name, "fit", "ms/image", "time")))
        self._lines = [self._new_line(0, f"{{bar:20}} {{n_fmt}} of {len(self._cells)} cells{{desc}}")]
        self._draw()
        thread = threading.Thread(target=self._keep_drawing, daemon=True)
        thread.start()
        self.callback(thread.join)
        self.callback(self._stop.set)

    def start(self, cell_id: str) -> None:
        """Show a cell as being in work; called by the threads that wait for cells."""
        with self._lock:
            self._told = True
            # The word of a distant worker may come after the record.
            if cell_id in self._cells:
                self._since[cell_id] = time.monotonic()
        self._draw()

    def record(self, record: dict[str, Any]) -> None:
        """Move a cell to the finished ones."""
        with self._lock:
            since = self._since.pop(record["cell_id"], None)
            seconds = None if since is None else time.monotonic() - since
            self._cells.pop(record["cell_id"], None)
            self._left.learn(record, seconds)
        row = self._finished(record, seconds)
        self._write(row if record["status"] == "ok" else paint(row, "red"))
        if record["reason"]:
            self._write(wrap(printable(" ".join(record["reason"].split())), _columns(), " " * _STATUS))
        self._lines[0].update()
        self._draw()

    def _finished(self, record: dict[str, Any], seconds: float | None) -> str:
        status, cell_id = record["status"], record["cell_id"]
        score, fit, latency = "", "", None
        if status == "ok":
            score, fit = f"{self._job.figure(cell_id):.3f}", f"{fit_seconds(record):.1f} s"
            latency = record["timings"]["latency_ms"]
        each = "" if latency is None else f"{latency['median']:.2f}"
        return _row(status, cell_id, (score, fit, each, "" if seconds is None else clock(seconds)))

    def _records(self) -> "Sequence[dict[str, Any]]":
        """The records on the same data that are there."""
        found = []
        for cell in self._job.cells:
            with contextlib.suppress(FileNotFoundError, ValueError):
                found.append(self._job.store.record(cell.cell_id))
        return found

    def _keep_drawing(self) -> None:
        while not self._stop.wait(_REFRESH_S):
            self._draw()

    def _draw(self) -> None:
        with self._lock:
            now = time.monotonic()
            working = [(self._cells[cell_id], now - since) for cell_id, since in self._since.items()]
            texts = [self._rest(working), *_in_work(working)]
            while len(self._lines) < len(texts):
                self._lines.append(self._new_line(len(self._lines), "{desc}"))
            texts += [""] * (len(self._lines) - len(texts))
            for line, text in zip(self._lines, texts, strict=True):
                line.set_description_str(text)
            # What the terminal itself writes, such as ^C, must not begin at the end of a line.
            self._lines[0].fp.write("\r")
            self._lines[0].fp.flush()

    def _rest(self, working: "list[tuple[Cell, float]]") -> str:
        """What the line with the bar says after the number of finished cells."""
        at_work = {cell.cell_id for cell, _ in working}
        waiting = [cell for cell_id, cell in self._cells.items() if cell_id not in at_work]
        if not self._cells:
            return f" in {clock(time.monotonic() - self._begun)}"
        about = self._left.text(waiting, working) if self._told else ""
        return f", {len(self._cells)} left" + (f", {about}" if about else "")

    def _new_line(self, place: int, form: str) -> Any:
        total, leave = (len(self._cells), True) if place == 0 else (None, False)
        return tqdm(
            total=total, position=place, bar_format=form, leave=leave, dynamic_ncols=True, file=self._stderr, delay=0
        )

    def _close_lines(self) -> None:
        for line in reversed(self._lines):
            line.close()

    @staticmethod
    def _write(text: str) -> None:
        tqdm.write(text)


def _in_work(working: "list[tuple[Cell, float]]") -> list[str]:
    """The lines of the cells in work; those that the window has no room for are counted."""
    room = max(1, shutil.get_terminal_size().lines - 3)
    lines = [_row("running", cell.cell_id, ("", "", "", clock(seconds))) for cell, seconds in working]
    if len(lines) > room:
        lines[room - 1 :] = [f"running {len(lines) - room + 1} more cells"]
    return lines


def _row(status: str, cell: str, figures: "Sequence[str]") -> str:
    columns = _columns()
    kept = dict(enumerate(_FIGURES))
    for place in _LEFT_OUT:
        if columns - _STATUS - sum(kept.values()) < _NAME:
            del kept[place]
    width = max(_NAME, columns - _STATUS - sum(kept.values()))
    right = "".join(f"{figures[place]:>{size}}" for place, size in kept.items())
    return f"{status:{_STATUS}}{shorten(cell, width):{width}}{right}"[:columns]


def _columns() -> int:
    # The last column stays free: some terminals begin a new line when it is written.
    return shutil.get_terminal_size().columns - 1
