"""What `ferbench run` shows on a terminal: finished cells, the cells in work, and what is left."""

import io
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cells_here import CellsHere

from ferbench.benchmarks.run import Step
from ferbench.benchmarks.run.outcome import Outcome, ignore_start
from ferbench.benchmarks.store import Cell
from ferbench.cli import main
from ferbench.cli.running import LiveTable, shown
from ferbench.cli.running import table as run_table
from ferbench.cli.running.time_left import TimeLeft
from ferbench.utils import fit_text

pytest.importorskip("pty", reason="this system has no terminals of this kind")
from terminal import terminal

SUITE = """name = "tiny"
recipes = ["constant", "pixels+tree"]
[dataset]
source = "faces"
size = 24
options = { n_samples = 210 }
"""
PIPED = r"""faces: 210 drawn faces, not real photographs \(Training 154, PublicTest 28, PrivateTest 28\)
drawn, not real: make_faces\(n_samples=210, size=24, random_state=0, difficulty=0.5\)
PrivateTest is opened for 2 of 2 cells, which are final; see ledger.csv
2 cells to measure
ok      constant-s0-[0-9a-f]{8}                 fit \d+\.\d s, \d+\.\d\d ms/image
ok      pixels\+tree-s0-[0-9a-f]{8}              fit \d+\.\d s, \d+\.\d\d ms/image
"""


class Told(CellsHere):
    """An executor that says what it starts."""

    def __init__(self) -> None:
        self.on_start = ignore_start

    def run(self, jobs: Any, store: Any) -> Iterator[Outcome]:
        for job in jobs:
            self.on_start(job)
            yield from super().run([job], store)


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The words of a run of two cells, which are measured in this process."""
    (tmp_path / "tiny.toml").write_text(SUITE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ferbench.benchmarks.run.make_executor", lambda *_: Told())
    return ["run", "tiny.toml", "--no-report"]


class Run:
    """A run whose cells are named and told, but not measured."""

    suite = SimpleNamespace(name="tiny")
    task = SimpleNamespace(figure_name="accuracy")

    def __init__(self, *recipes: str, known: dict[str, float] | None = None) -> None:
        self.cells = [Cell(f"{name}-s0-90dc36a8", name, {}, 0) for name in recipes]
        self.store = SimpleNamespace(record=self._record)
        self._known = known or {}

    def figure(self, cell_id: str) -> float:
        return 0.5

    def steps(self) -> list[Step]:
        return [Step(cell, "run", "not measured yet") for cell in self.cells]

    def _record(self, cell_id: str) -> dict[str, Any]:
        recipe = cell_id.rsplit("-", 2)[0]
        if recipe not in self._known:
            raise FileNotFoundError(cell_id)
        return record(recipe, seconds=self._known[recipe])


def record(recipe: str, status: str = "ok", reason: str | None = None, seconds: float = 2.0) -> dict[str, Any]:
    return {
        "cell_id": f"{recipe}-s0-90dc36a8",
        "status": status,
        "reason": reason,
        "recipe": {"name": recipe, "params": {}},
        "timings": {"fit_s": 1234.5, "extract_s": None, "latency_ms": {"median": 123.456}},
        "started": "2026-01-01T00:00:00+00:00",
        "finished": f"2026-01-01T00:{int(seconds) // 60:02}:{seconds % 60:06.3f}+00:00",
    }


def cell(recipe: str) -> Cell:
    return Cell(f"{recipe}-s0-90dc36a8", recipe, {}, 0)


def test_a_terminal_shows_the_cell_in_work_and_what_is_left(words: list[str]) -> None:
    with terminal() as screen:
        assert main(words) == 0
    assert re.search(r"running constant-s0-[0-9a-f]{8} +0:00", screen.written)
    assert "0 of 2 cells, 2 left" in screen.written and "1 of 2 cells, 1 left" in screen.written
    lines = screen.lines()
    head = lines.index("2 cells to measure") + 1
    assert lines[head] == "status  cell                                 accuracy      fit ms/image    time"
    row = r"ok      (constant|pixels\+tree)-s0-[0-9a-f]{8} +0\.\d{3} +\d+\.\d s +\d+\.\d\d +\d:\d\d"
    assert all(re.fullmatch(row, line) for line in lines[head + 1 : head + 3])
    assert re.fullmatch(r"█{20} 2 of 2 cells in \d:\d\d", lines[head + 3])
    assert not any(lines[head + 4 :])


def test_a_pipe_gets_one_plain_line_for_each_cell(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 0
    printed = capfd.readouterr()
    assert re.fullmatch(PIPED, printed.out)
    assert printed.err == ""


def test_a_terminal_that_only_scrolls_gets_the_lines_of_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    job: Any = Run("hog+svm")
    with terminal() as screen:
        monkeypatch.setenv("TERM", "dumb")
        with shown(job) as table:
            table.plan(job.steps())
            table.start("hog+svm-s0-90dc36a8")
            table.record(record("hog+svm"))
    assert "running" not in screen.written and "\x1b" not in screen.written
    assert "ok      hog+svm-s0-90dc36a8                  fit 1234.5 s, 123.46 ms/image\r\n" in screen.written


def test_ctrl_c_keeps_the_finished_cells_and_ends_below_the_table(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(Told):
        def run(self, jobs: Any, store: Any) -> Iterator[Outcome]:
            yield from super().run(jobs[:1], store)
            self.on_start(jobs[1])
            raise KeyboardInterrupt

    monkeypatch.setattr("ferbench.benchmarks.run.make_executor", lambda *_: Interrupted())
    before = sys.stderr
    with terminal(rows=10) as screen:
        inside = sys.stderr
        assert main([*words, "--output", "x" * 20]) == 130
        assert sys.stderr is inside
    assert sys.stderr is before
    assert "\x1b[?25l" not in screen.written, "the cursor is hidden"
    lines = [line for line in screen.lines() if line]
    assert re.match(r"ok      constant-s0-[0-9a-f]{8} ", lines[-4])
    assert re.fullmatch(r"█{10} +1 of 2 cells, 1 left", lines[-3])
    assert lines[-2] == "interrupted; finished cells are saved. Continue with:"
    assert lines[-1] == f"ferbench run tiny.toml --output {'x' * 20}"


def test_the_seconds_go_on_while_cells_are_in_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_table, "_REFRESH_S", 0.02)
    job: Any = Run("hog+svm", "cnn", "deep+svm")
    with terminal() as screen, LiveTable(job) as table:
        table.plan(job.steps())
        table.start("hog+svm-s0-90dc36a8")
        table.start("cnn-s0-90dc36a8")
        table._since["cnn-s0-90dc36a8"] -= 3720
        # Nothing happens from here on; only time passes.
        until = time.monotonic() + 30
        while screen.written.count("1:02:0") < 5 and time.monotonic() < until:
            time.sleep(0.02)
        during = screen.lines_now()
    assert len(re.findall(r"running cnn-s0-90dc36a8 +1:02:0\d", screen.written)) >= 5
    places = [line.split("-s0")[0] for line in during if line.startswith("running")]
    assert places == ["running hog+svm", "running cnn"]
    assert not any(line.startswith("running") for line in screen.lines())


def test_more_cells_in_work_than_the_window_has_lines_are_counted() -> None:
    names = [f"recipe{number}" for number in range(12)]
    job: Any = Run(*names)
    with terminal(rows=8) as screen, LiveTable(job) as table:
        table.plan(job.steps())
        for name in names:
            table.start(f"{name}-s0-90dc36a8")
        table.record(record("recipe0"))
        live = screen.lines_now()
    running = [line for line in live if line.startswith("running")]
    assert len(running) == 5 and running[-1] == "running 7 more cells"
    assert any(line.startswith("ok      recipe0-s0") for line in screen.lines())


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_every_line_fits_the_window(columns: int) -> None:
    long = "hog+landmarks+linear-svm@an-ablation-with-a-long-name-kfold10-3"
    job: Any = Run(long, "hog+svm", "hog+landmarks+linear-svm", known={"hog+svm": 100, long: 100})
    with terminal(columns) as screen, LiveTable(job) as table:
        table.plan(job.steps())
        for each in job.cells:
            table.start(each.cell_id)
        table.record(record(long, "timeout", "took longer than 300 s; raise budget.time_s of the suite to allow more"))
        table.record(record("hog+landmarks+linear-svm", reason="calibrated on few images"))
    lines = screen.lines()
    (row,) = (line for line in lines if line.startswith("ok"))
    whole = ["ok", "hog+landmarks+linear-svm-s0-90dc36a8", "0.500", "1234.5", "s", "123.46"]
    *before, last = row.split()
    assert before == (whole if columns >= 80 else ["ok", "hog+lan…dc36a8", "0.500"])
    assert re.fullmatch(r"\d:\d\d", last)
    told = " ".join(" ".join(lines).replace("\x1b[31m", "").split())
    assert "took longer than 300 s; raise budget.time_s of the suite to allow more" in told
    assert "calibrated on few images" in told


def test_a_warning_stands_above_the_lines_that_are_drawn_again() -> None:
    job: Any = Run("hog+svm")
    with terminal() as screen, LiveTable(job) as table:
        table.plan(job.steps())
        table.start("hog+svm-s0-90dc36a8")
        print("ferbench: warning: mind the gap", file=sys.stderr)
        table.record(record("hog+svm"))
    lines = [line for line in screen.lines() if line]
    assert [line[:8] for line in lines] == ["1 cells ", "status  ", "ferbench", "ok      ", "█" * 8]
    assert lines[2] == "ferbench: warning: mind the gap"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    job: Any = Run("hog+svm", "cnn")
    for value, colored in (("", True), ("1", False)):
        with terminal() as screen:
            monkeypatch.setenv("NO_COLOR", value)
            with LiveTable(job) as table:
                table.plan(job.steps())
                table.record(record("hog+svm", "error", "ValueError: no"))
        assert ("\x1b[31m" in screen.written) is colored


def test_a_run_in_which_nothing_is_left_draws_nothing() -> None:
    job: Any = Run("hog+svm")
    with terminal() as screen, shown(job) as table:
        assert isinstance(table, LiveTable)
        table.plan([Step(job.cells[0], "keep", "ok")])
    assert screen.written == "0 cells to measure, 1 kept\r\n"


def test_without_a_word_from_the_executor_only_the_number_is_told() -> None:
    job: Any = Run("hog+svm", "cnn", known={"hog+svm": 100, "cnn": 100})
    with terminal() as screen, LiveTable(job) as table:
        table.plan(job.steps())
        table.record(record("hog+svm"))
    assert "1 left" in screen.written and not re.search("about|at least", screen.written)


def test_the_time_left_is_told_where_cells_of_the_recipe_have_records() -> None:
    job: Any = Run("hog+svm", "cnn", known={"cnn": 200})
    with terminal() as screen, LiveTable(job) as table:
        table.plan(job.steps())
        table.start("hog+svm-s0-90dc36a8")
    assert "0 of 2 cells, 2 left, at least 3 min for 1 of them" in screen.written


def test_the_estimate() -> None:
    left = TimeLeft([record("a", seconds=100), record("b", seconds=40), record("c", "error", "no", 1000)])
    a, b, c = cell("a"), cell("b"), cell("c")
    assert left.text([c], []) == "", "a failure says nothing"
    assert left.text([a, b], [(b, 10.0)]) == "at least 3 min", "the start of a process is not known"
    assert left.text([a, c], []) == "at least 2 min for 1 of them"
    left.learn(record("d", seconds=5), seconds=5)
    assert left.text([a, b], [(b, 10.0)]) == "about 3 min"
    assert left.text([a, a, b], [(b, 10.0), (b, 10.0)]) == "about 2 min", "two at once"
    assert left.text([a], [(b, 10.0)] * 8) == "about 2 min", "no faster than the slowest"
    assert left.text([a], [(b, 41.0)]) == "about 2 min for 1 of them", "one that takes longer than expected"
    assert left.text([a, c], []) == "about 2 min for 1 of them"
    assert left.expected(Cell("a-s0-1", "a", {"C": 2}, 0)) is None, "other parameters"
    left.learn(record("b", seconds=60), seconds=66)
    assert left.expected(b) == 53 and left.expected(a) == 103, "the start of a process counts"


def test_lines_of_a_run_fit_a_terminal_and_lose_no_word() -> None:
    text = "faces: 1400 drawn faces, not real photographs (Training 1008, PublicTest 196, PrivateTest 196)"
    row = "hog+landmarks+linear-svm  0.214 [0.071, 0.393]  = winner     0.181      0.85  ok; predicts 6 of 7 classes"
    path = f"report: {'x' * 90}"
    assert fit_text(text, io.StringIO()) == text
    with terminal():
        fitted = fit_text("\n".join([text, row]), table=True).splitlines()
        assert fit_text(path).replace("\n", " ") == path
    assert max(map(len, fitted)) <= 80
    assert " ".join(fitted[:-1]) == text and fitted[-1] == f"{row[:79]}…"
