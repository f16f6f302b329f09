"""What `ferbench run` prints: lines of 80 columns, and in the end the verdict and the path of the page."""

import re
from pathlib import Path

import pytest
from fake_results import fake_results

from ferbench.benchmarks import best
from ferbench.cli import main
from ferbench.cli.run import _line
from ferbench.cli.verdict import verdict_lines

SUITE = """name = "tiny"
recipes = ["constant", "pixels+tree"]
final = true
[dataset]
source = "faces"
size = 24
options = { n_samples = 210 }
"""


def test_the_verdict_has_three_lines(tmp_path: Path) -> None:
    folder = fake_results(tmp_path / "results")
    choice = best(folder)
    first, second, third = verdict_lines(folder).splitlines()
    assert first.startswith(f"best:    {choice.label}, accuracy {choice.public.value:.3f} [")
    assert first.endswith(f"on PublicTest, {choice.latency_ms:.2f} ms")
    cheaper = next((tie.label for tie in choice.ties if tie.cheaper), "none")
    assert second.startswith(f"cheaper: {cheaper}")
    assert third.startswith("try it:  ")
    assert ("ferbench image me.jpg --model" in third) is choice.bundle_exists


def test_a_cheaper_one_that_is_as_good_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from ferbench.benchmarks import choose
    from ferbench.benchmarks.choose.best import Tie

    folder = fake_results(tmp_path / "results")
    ties = (
        Tie("dear", 0.5, 9.0, 10, False, -0.1, -0.2, 0.0, 0.1),
        Tie("cheap", 0.4, 1.25, 10, True, -0.2, -0.4, 0.0, 0.1),
    )
    choice = replace(best(folder), ties=ties, bundle="a bundle", bundle_exists=True)
    monkeypatch.setattr(choose, "choose_best", lambda _: choice)
    _, second, third = verdict_lines(folder).splitlines()
    assert second == "cheaper: cheap, accuracy 0.400, 1.25 ms"
    assert third == "try it:  ferbench image me.jpg --model 'a bundle'"


def test_without_anything_to_choose_from_the_verdict_is_one_line(tmp_path: Path) -> None:
    line = verdict_lines(tmp_path)
    assert line.startswith("best:    none: ") and "\n" not in line


@pytest.mark.parametrize("extract_s", [None, 123.4])
def test_the_line_of_a_cell_fits_80_columns(extract_s: float | None) -> None:
    timings = {"fit_s": 1234.5, "extract_s": extract_s, "latency_ms": {"median": 123.45}}
    cell = "hog+landmarks+linear-svm-s0-90dc36a8"
    line = _line({"status": "ok", "cell_id": cell, "reason": None, "timings": timings})
    assert len(line) <= 80 and f"fit {1234.5 + (extract_s or 0):.1f} s" in line and "123.45 ms/image" in line


@pytest.mark.usefixtures("cells_here", "blank_drawings")
def test_a_run_ends_with_the_verdict_and_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE)
    assert main(["run", str(tmp_path / "tiny.toml"), "--output", str(tmp_path / "results")]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    lines = printed.splitlines()
    assert re.match(r"best:    pixels\+tree, accuracy 0\.\d{3} \[.*\] on PublicTest, ", lines[-4])
    assert lines[-3] == "cheaper: none"
    assert lines[-2].startswith("try it:  ferbench image me.jpg --model ")
    bundle = Path(lines[-2].rpartition(" ")[2].strip("'"))
    assert (bundle / "bundle.json").is_file()
    assert lines[-1] == f"report: {tmp_path / 'results' / 'faces' / 'index.html'}"
