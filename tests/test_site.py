"""The site keeps its word: gallery, notebook and moving picture run, links lead somewhere, tables are the code's."""

import csv
import importlib
import json
import re
import runpy
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from ferbench.benchmarks.run.job import Job
from ferbench.benchmarks.store import Ledger
from ferbench.benchmarks.store.store import STATUSES
from ferbench.benchmarks.store.suite import Cell
from ferbench.models import pretrained
from ferbench.realtime import FaceEvent

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SCRIPTS = sorted((DOCS / "gallery").glob("plot_*.py"))
PAGES = sorted(DOCS.glob("*.md"))


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of docs/tools."""
    monkeypatch.syspath_prepend(str(DOCS / "tools"))
    return importlib.import_module


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    matplotlib.use("Agg")
    with plt.rc_context({"figure.max_open_warning": 0}):
        yield
    plt.close("all")


# --- Gallery, notebook, moving picture --------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_scripts_of_the_gallery_run_and_draw(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(script))
    assert plt.get_fignums()
    for number in plt.get_fignums():
        assert plt.figure(number).axes


def test_the_gallery_is_listed_for_readers_of_the_files() -> None:
    listed = re.findall(r"\(gallery/(plot_\w+\.py)\)", (DOCS / "gallery.md").read_text())
    assert listed == [script.name for script in SCRIPTS]
    assert len(SCRIPTS) >= 12


def test_the_notebook_runs_and_shows_what_it_says(tools: Any) -> None:
    notebook = tools("notebook")
    path, names = DOCS / "tutorial.ipynb", {"__name__": "__main__"}
    stored = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    for number, (code, cell) in enumerate(zip(notebook.code_cells(path), stored, strict=True), start=1):
        printed, _ = notebook.run_cell(code, names, f"cell {number}")
        plt.close("all")
        assert cell["execution_count"] == number, "run docs/tools/notebook.py"
        said = "".join(text for output in cell["outputs"] for text in output.get("text", []))
        # Figures may differ in the last digit between machines; words may not.
        assert re.sub(r"[\d.e-]+", "#", printed) == re.sub(r"[\d.e-]+", "#", said), "run docs/tools/notebook.py"


def test_the_web_page_can_be_recorded_with_box_points_bars_and_time_line(tools: Any, tmp_path: Path) -> None:
    pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    pytest.importorskip("fastapi", reason="the extra web is not installed")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromedriver are not installed (Debian: apt-get install chromium-driver)")
    web = tools("web_picture")
    with web.served() as address, web.opened(address) as browser:
        web.start(browser)
        pictures, apart = web.record(browser, length_s=4.0, step_s=0.5)
        shown = "return ['drawn', 'overlay', 'bars', 'timeline'].map((id) => document.getElementById(id).offsetHeight)"
        assert all(height > 50 for height in browser.execute_script(shown))
        assert browser.execute_script("return document.getElementById('points').checked")
    web.write_gif(pictures, tmp_path / "live.gif", apart)
    with Image.open(tmp_path / "live.gif") as picture:
        assert picture.n_frames >= 2 and picture.size == web.SHOWN
        last = picture.n_frames - 1
        colored = []
        for frame in (0, last):
            picture.seek(frame)
            hue = cv2.cvtColor(np.asarray(picture.convert("RGB")), cv2.COLOR_RGB2HSV)
            # The time line at the bottom is the only color there, and it grows.
            colored.append(int((hue[-100:, :, 1] > 90).sum()))
    assert colored[1] > colored[0]


def test_the_readme_s_picture_moves_and_is_small() -> None:
    file = DOCS / "_static" / "live.gif"
    assert "docs/_static/live.gif" in (ROOT / "README.md").read_text()
    with Image.open(file) as picture:
        assert picture.n_frames >= 24
    assert file.stat().st_size < 3_000_000


def test_the_readme_is_short_and_begins_with_three_lines() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    first = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)[0].splitlines()
    assert len(first) == 3 and "install" in first[0]
    assert "ferbench image me.jpg" in first[1] and "ferbench serve --open" in first[2]


# --- Stopwatch --------------------------------------------------------------------------------------------------------


def test_the_stopwatch_adds_up_commands_and_minutes_to_each_milestone(tools: Any) -> None:
    stopwatch = tools("stopwatch")
    steps = [("", 30.0, "ok"), ("first picture", 60.0, "ok"), ("first table", 120.0, "exit code 2")]
    rows = [
        {**dict.fromkeys(stopwatch.FIELDS, ""), "walk": "now", "commit": "abc", "cores": "2", "load": "1", **step}
        for number, (milestone, seconds, status) in enumerate(steps, start=1)
        for step in [{"commands": str(number), "milestone": milestone, "seconds": str(seconds), "status": status}]
    ]
    first, second = stopwatch.table(rows).splitlines()[2:]
    assert first == "| now | `abc` | first picture | 2 | 1.5 | 0.5 |"
    assert second == "| now | `abc` | first table: exit code 2 | 3 | 3.5 | 0.5 |"


def test_the_stopwatch_ends_a_command_at_its_limit_and_tells_what_failed(tools: Any, tmp_path: Path) -> None:
    stopwatch = tools("stopwatch")
    answers = {
        command: stopwatch.run_step(stopwatch.Step(command), tmp_path, "HEAD", limit_s)
        for command, limit_s in (("true", 30), ("exit 3", 30), ("sleep 60 && echo late", 0.2))
    }
    assert list(answers.values()) == ["ok", "exit code 3", "stopped before its end"]


def test_the_table_of_the_stopwatch_is_made_from_its_rows(tools: Any) -> None:
    stopwatch = tools("stopwatch")
    rows = stopwatch.read_rows()
    assert stopwatch.table(rows) in (DOCS / "tutorial.md").read_text()
    assert {row["milestone"] for row in rows if row["walk"] == "now" and row["status"] == "ok"} >= {
        "first picture",
        "first live view",
        "first table",
    }


def test_the_walk_of_today_has_the_commands_of_the_pages(tools: Any) -> None:
    pages = (ROOT / "README.md").read_text() + (DOCS / "tutorial.md").read_text()
    _, steps = tools("stopwatch").WALKS["now"]
    assert len(steps) == 5 and all(step.command in pages for step in steps)


# --- Links and navigation ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_links_lead_to_files_of_the_repository(page: Path, tools: Any) -> None:
    pages = tools("pages")
    pages.adapt_links(page.read_text(), page.parent, DOCS)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name)
def test_every_column_of_a_table_has_a_name(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headers = re.findall(r"^\|(.*)\|\n\|[-:| ]+\|$", text, re.MULTILINE)
    assert all(name.strip() for header in headers for name in header.split("|"))


def test_a_link_that_leads_nowhere_stops_the_build(tools: Any) -> None:
    with pytest.raises(ValueError, match=r"a link to no-such\.md .* leads to no file"):
        tools("pages").adapt_links("[words](no-such.md)", DOCS, DOCS)


def test_links_to_reports_lead_to_their_page(tools: Any) -> None:
    adapted = tools("pages").adapt_links("[table](../results/fer2013/leaderboard.md)", DOCS, DOCS)
    assert adapted == "[table](<path:../results/fer2013/index.html>)"


def test_every_page_is_in_the_navigation_and_on_the_start_page(tools: Any) -> None:
    named = {name for names in tools("pages").NAVIGATION.values() for name in names}
    written = {page.stem for page in PAGES} - {"index"}
    # The gallery's page is generated, with pictures.
    assert {name for name in named if not name.startswith("generated/")} == written - {"gallery"}
    linked = set(re.findall(r"\((\w[\w-]*)\.md\)", (DOCS / "index.md").read_text()))
    assert written <= linked


def test_the_reference_has_every_folder(tools: Any) -> None:
    pages = tools("pages").reference_pages()
    assert "ferbench.models.make_recipe" in pages["models"]
    # An alias is not documented twice.
    assert "OnnxRecognizer" in pages["models"] and "OnnxRecogniser\n" not in pages["models"]


# --- Tables -----------------------------------------------------------------------------------------------------------


def fields_of(section: str) -> list[str]:
    """Every name in the first columns of the tables of a section of docs/formats.md."""
    text = (DOCS / "formats.md").read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_the_page_of_formats_names_the_fields_of_a_record() -> None:
    job = Job(Cell("x-s0-00000000", "x", {}, 0), "s", {}, "", 1.0, 1.0, 1)
    blank = job.blank_record()
    # The identity is known only when the process that measures has made the recognizer.
    assert set(fields_of("Record")) == {*blank, "identity"}
    text = (DOCS / "formats.md").read_text()
    assert all(f"`{name}`" in text for name in (*STATUSES, *blank["timings"]))


def test_the_page_of_formats_names_the_arrays_of_a_cell() -> None:
    (file, *_) = sorted((ROOT / "results" / "fer2013" / "probabilities").glob("*.npz"))
    with np.load(file) as arrays:
        assert set(arrays) <= set(fields_of("Probabilities"))
        assert arrays["PublicTest"].dtype == np.float32 and arrays["classes"].dtype.kind == "U"


def test_the_page_of_formats_names_the_fields_of_a_bundle() -> None:
    folders = [*pretrained().values(), *pretrained("keypoints").values()]
    written = {key for folder in folders for key in json.loads((folder / "bundle.json").read_text())}
    files = {file.name for folder in folders for file in folder.iterdir()}
    named = set(fields_of("Bundle"))
    assert written <= named and files <= named
    inner = {key for folder in folders for key in json.loads((folder / "bundle.json").read_text())["input"]}
    assert all(f"`{name}`" in (DOCS / "formats.md").read_text() for name in inner)


def test_the_page_of_formats_names_the_columns_of_events_in_order() -> None:
    named = fields_of("Events")
    columns = FaceEvent.columns(["<label>"], ["<point>"])
    assert named == columns


@pytest.mark.parametrize(("page", "columns"), [("docs/choose.md", 5), ("README.md", 4)])
def test_figures_of_the_pages_are_those_of_the_leaderboard(page: str, columns: int) -> None:
    with (ROOT / "results" / "fer2013" / "leaderboard.csv").open() as file:
        measured = {row["recipe"]: row for row in csv.DictReader(file)}
    text = (ROOT / page).read_text()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    tested = 0
    for name, *cells in (row for row in rows if len(row) == columns and re.fullmatch(r"0\.\d{3}", row[1])):
        row = {key: float(value) for key, value in measured[name.split("`")[1]].items() if is_number(value)}
        first = "leak_free_accuracy" if columns == 5 else "accuracy"
        expected = [f"{row[first]:.3f}", f"{row[first + '_low']:.3f}–{row[first + '_high']:.3f}"]
        if columns == 5:
            expected += [f"{row['latency_ms_median']:.1f}", f"{row['size_bytes'] / 1e6:.1f}"]
        else:
            expected += [f"{row['leak_free_accuracy']:.3f}"]
        assert cells == expected
        tested += 1
    assert tested >= 6


def test_figures_of_the_questions_are_those_of_the_tables() -> None:
    """The default is measured as ``pretrained@int8``."""
    text = " ".join((DOCS / "faq.md").read_text().split())
    tables = {}
    for name in ("leaderboard", "per_class", "confusion"):
        with (ROOT / "results" / "fer2013" / f"{name}.csv").open() as file:
            tables[name] = [row for row in csv.DictReader(file) if row["recipe"] == "pretrained@int8"]
    (row,) = tables["leaderboard"]
    recall = {one["class"]: round(100 * float(one["recall"])) for one in tables["per_class"]}
    images = {one["class"]: one["support"] for one in tables["per_class"]}
    called = {one["label"]: one for one in tables["confusion"]}
    assert f"{100 * float(row['leak_free_accuracy']):.1f} % on FER2013 without leaks, for the default" in text
    assert f"of {images['sad']} sad test images, our default calls {called['sad']['predicted_neutral']} neutral" in text
    assert f"of {images['neutral']} neutral ones it calls {called['neutral']['predicted_sad']} sad" in text
    happy, sad, fear = (recall[label] for label in ("happy", "sad", "fear"))
    assert f"finds {happy} % of the happy faces of FER2013, {sad} % of the sad and {fear} % of the fearful" in text


def is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text) is not None


def test_numbers_of_openings_are_those_of_the_ledgers() -> None:
    folders = ("fer2013", "ablation/fer2013", "fer2013-five")
    counts = {name: openings_of(ROOT / "results" / name) for name in folders}
    totals = [sum(each) for each in zip(*counts.values(), strict=True)]
    first, first_net, second, second_net = totals
    readme, protocol, results = (
        " ".join((ROOT / page).read_text().split()) for page in ("README.md", "docs/protocol.md", "docs/results.md")
    )
    assert f"scored at least {first} times for the first edition, {first_net} of them for `ferbench-net`" in readme
    assert f"and {second} times for this one, once a row, {second_net} of them for that family" in readme
    for name in folders:
        assert f"| `results/{name}` | {counts[name][0]} | {counts[name][1]} |" in protocol
    assert f"PrivateTest of FER2013: {first} openings, {first_net} of them for `ferbench-net`" in protocol
    assert f"once for each of {second} rows" in protocol
    assert f"{second_net} of these rows belong to the `ferbench-net` family" in protocol
    assert f"opened at least {first} times before there was a ledger, {first_net} of them" in results


@pytest.mark.parametrize("page", ["README.md", "docs/choose.md", "docs/protocol.md", "docs/results.md"])
def test_pages_say_that_what_ships_was_chosen_on_ck48_too(page: str) -> None:
    text = " ".join((ROOT / page).read_text().split())
    assert "CK+ and 55 photographs" in text or "CK+ and on 55 photographs" in text
    assert "development set" in text


def openings_of(folder: Path) -> list[int]:
    """Openings of a folder before the ledger began, those of `ferbench-net` among them, and the same for all later."""
    openings = Ledger(folder).openings()
    counts = []
    for early in (True, False):
        own = [each for each in openings if (each.how == "reconstructed") == early]
        counts += [len(own), sum(each.family == "ferbench-net" for each in own)]
    return counts
