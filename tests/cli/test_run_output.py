"""What `ferbench run` prints: lines of 80 columns, and in the end the verdict and the path of the page."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from fake_results import fake_results

from ferbench.benchmarks import best, choose
from ferbench.benchmarks.choose.best import Choice, Tie
from ferbench.cli import main
from ferbench.cli.running import lines, path_line
from ferbench.cli.running.lines import record_line
from ferbench.cli.verdict import verdict_lines

SUITE = """name = "tiny"
recipes = ["constant", "pixels+tree"]
final = true
[dataset]
source = "faces"
size = 24
options = { n_samples = 210 }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_results(tmp_path_factory.mktemp("verdict") / "results")


@pytest.fixture(scope="module")
def choice(folder: Path) -> Choice:
    return best(folder)


def test_the_verdict_has_three_lines(folder: Path, choice: Choice) -> None:
    first, second, third = verdict_lines(folder).splitlines()
    assert first.startswith(f"best:    {choice.label}, accuracy {choice.public.value:.3f} [")
    assert first.endswith(f"on PublicTest, {choice.latency_ms:.2f} ms")
    cheaper = next((tie.label for tie in choice.ties if tie.cheaper), "none")
    assert second.startswith(f"cheaper: {cheaper}")
    assert third.startswith("try it:  ")
    assert ("ferbench image me.jpg --model" in third) is choice.bundle_exists


def test_a_cheaper_one_that_is_as_good_is_named(folder: Path, choice: Choice, monkeypatch: pytest.MonkeyPatch) -> None:
    ties = (
        Tie("dear", 0.5, 9.0, 10, False, -0.1, -0.2, 0.0, 0.1),
        Tie("cheap", 0.4, 1.25, 10, True, -0.2, -0.4, 0.0, 0.1),
    )
    choice = replace(choice, ties=ties, bundle="a bundle", bundle_exists=True)
    monkeypatch.setattr(choose, "choose_best", lambda _: choice)
    _, second, third = verdict_lines(folder).splitlines()
    assert second == "cheaper: cheap, accuracy 0.400, 1.25 ms"
    assert third == "try it:  ferbench image me.jpg --model 'a bundle'"


@pytest.mark.parametrize("label", ["hog+landmarks+linear-svm", "hog+landmarks+linear-svm@with-a-name-of-its-own-s1"])
def test_the_figures_of_the_verdict_fit_80_columns(
    label: str, folder: Path, choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    tie = Tie(label, 0.4, 123.45, 10, True, -0.2, -0.4, 0.0, 0.1)
    bundle = f"results/faces/bundles/{label}-s0-90dc36a8"
    choice = replace(choice, label=label, latency_ms=23.45, ties=(tie,), bundle=bundle, bundle_exists=True)
    monkeypatch.setattr(choose, "choose_best", lambda _: choice)
    first, second, *third = verdict_lines(folder, 80).splitlines()
    assert max(len(first), len(second)) <= 80
    public = choice.public
    assert first.endswith(f", {public.value:.3f} [{public.low:.3f}, {public.high:.3f}] on PublicTest, 23.45 ms")
    assert second.endswith(", accuracy 0.400, 123.45 ms")
    assert (label in first) is (len(label) == 24)
    assert third == ["try it:  ferbench image me.jpg \\", f"  --model {bundle}"], "a shell reads it as one line"
    assert verdict_lines(folder).splitlines()[0].startswith(f"best:    {label}, accuracy "), "a pipe gets all of it"


def test_the_command_names_the_recipe_where_the_folder_is_too_long(
    choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, faces = "hog+landmarks+linear-svm", Path("results/faces")
    bundle = faces / "bundles" / f"{recipe}-s0-90dc36a8"
    known = {(recipe, Path("results")): bundle, (recipe, Path("mine")): bundle}
    choice = replace(choice, recipe=recipe, bundle=str(bundle), bundle_exists=True)
    monkeypatch.setattr(choose, "choose_best", lambda _: choice)
    monkeypatch.setattr("ferbench.cli.verdict.find_model", lambda *asked: known[asked])
    command = f"ferbench image me.jpg --model {recipe}"
    assert verdict_lines(faces, 80).splitlines()[-1] == f"try it:  {command}"
    assert verdict_lines(Path("mine/faces"), 80).splitlines()[-1] == f"try it:  {command} --results mine"
    assert verdict_lines(faces, 200).splitlines()[-1].endswith(f"--model {bundle}"), "there is room for the folder"
    known[recipe, Path("results")] = faces / "bundles" / "another one"
    assert verdict_lines(faces, 80).splitlines()[-1].endswith(f"--model {bundle}"), "the name would find another one"


def test_a_path_that_is_too_long_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    page = tmp_path / ("long name " * 9).strip() / "index.html"
    assert path_line("report", page) == f"report: {page}", "a pipe gets one line"
    monkeypatch.setattr(lines, "window_width", lambda: 80)
    assert path_line("report", page) == f"report:\n{page}"
    assert path_line("report", "a/index.html") == "report: a/index.html"
    monkeypatch.chdir(page.parent.parent)
    short = f"{page.parent.name}/index.html"
    assert path_line("report", page) == f"report:\n{short}"


def test_without_anything_to_choose_from_the_verdict_is_one_line(tmp_path: Path) -> None:
    line = verdict_lines(tmp_path)
    assert line.startswith("best:    none: ") and "\n" not in line


@pytest.mark.parametrize("extract_s", [None, 123.4])
def test_the_line_of_a_cell_fits_80_columns(extract_s: float | None) -> None:
    timings = {"fit_s": 1234.5, "extract_s": extract_s, "latency_ms": {"median": 123.45}}
    cell = "hog+landmarks+linear-svm-s0-90dc36a8"
    line = record_line({"status": "ok", "cell_id": cell, "reason": None, "timings": timings})
    assert len(line) <= 80 and f"fit {1234.5 + (extract_s or 0):.1f} s" in line and "123.45 ms/image" in line


@pytest.mark.usefixtures("cells_here", "blank_drawings")
def test_a_run_ends_with_the_verdict_and_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE)
    assert main(["run", str(tmp_path / "tiny.toml"), "--output", str(tmp_path / "results")]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    told = printed.splitlines()
    assert re.match(r"best:    pixels\+tree, accuracy 0\.\d{3} \[.*\] on PublicTest, ", told[-4])
    assert told[-3] == "cheaper: none"
    assert told[-2].startswith("try it:  ferbench image me.jpg --model ")
    bundle = Path(told[-2].rpartition(" ")[2].strip("'"))
    assert (bundle / "bundle.json").is_file()
    assert told[-1] == f"report: {tmp_path / 'results' / 'faces' / 'index.html'}"
