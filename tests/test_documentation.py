"""The pages keep their word: their code runs, their commands are those of the parser, their tables are read."""

import argparse
import importlib
import json
import re
import shlex
import time
import tomllib
import zipfile
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from foreign_models import weights, write_model
from peer_standins import write_interpreter, write_standins
from thirdparty_package import entry_points, install
from web_server import NETWORK, quick_httpx, served_process

from ferbench.benchmarks import load_suite
from ferbench.benchmarks.tune import read_space
from ferbench.cli import main
from ferbench.cli.entry import build_parser
from ferbench.datasets import Dataset, load, make_faces, make_folds
from ferbench.datasets.readers import loading
from ferbench.features import check_extractor, make_extractor
from ferbench.models import load_bundle, make_recipe, save_bundle
from ferbench.models.foreign import Contract
from ferbench.realtime.detection import yunet_file

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")))
# Blocks of text show folders; nothing in them can run.
LANGUAGES = {"sh", "python", "toml", "text"}
# Sections whose code is a file of the reader's own; a test of each stands here or in the file that is named.
GUIDES = {
    "Add an extractor: one file": "here",
    "Add a classifier: one file": "here",
    "Add a recipe: one file": "here",
    "Add a data set: one file": "tests/test_contributing.py",
    "Add a detector: one file": "tests/realtime/test_detectors.py",
    "Add a metric: one file": "tests/test_contributing.py",
    "Add a plot: one file": "tests/test_contributing.py",
}
# Commands of a page that take no more than seconds.
CHEAP = (".venv/bin/ferbench image ", ".venv/bin/ferbench video ", "ferbench explain me.jpg ")
# Commands of README and CONTRIBUTING that a test of their own runs.
RUN_BELOW = {
    ".venv/bin/ferbench serve --open": "test_the_page_of_the_readme_is_served_and_opened",
    ".venv/bin/ferbench run": "test_the_suite_of_the_readme_is_run",
    ".venv/bin/ferbench live": "test_the_window_of_the_readme_is_opened",
    ".venv/bin/ferbench run fer2013 --source fer2013.zip": "test_the_archive_of_the_readme_is_read",
}
_HAS_NO_INDEX = "it installs packages, which a test must not download"
# Commands that no test runs: the reason, and the lines of CI that run the same.
RUN_BY_CI = {
    "python3 -m venv .venv": ("it makes an environment to install into", ("run", "python3 -m venv .venv")),
    ".venv/bin/pip install -q -e .[dev]": (_HAS_NO_INDEX, ("run", '.venv/bin/pip install -q -e ".[dev]"')),
    ".venv/bin/pip install -e .[dev]": (_HAS_NO_INDEX, ("run", '.venv/bin/pip install -q -e ".[dev]"')),
    ".venv/bin/pip install -q .[web]": (_HAS_NO_INDEX, ("run", '.ci/install.sh "$scratch/wheel" wheel web')),
    # `dev` holds `deep`, see `test_the_extras_of_the_pages_are_installed_by_ci`.
    ".venv/bin/pip install -q .[deep]": (_HAS_NO_INDEX, ("run", '.venv/bin/pip install -q -e ".[dev]"')),
    ".venv/bin/python -m pytest": ("it is the run that this test is part of", ("run", ".venv/bin/python -m pytest")),
    ".venv/bin/pre-commit install": (
        "it writes a hook into the repository; the hook runs what CI runs",
        ("run", ".venv/bin/ruff check ."),
    ),
    ".ci/run": ("it is CI, and would run this test again", ("run", "# What CI runs")),
}


class Block(NamedTuple):
    """One block of code of a page, and the section that it stands in."""

    page: str
    section: str
    language: str
    text: str


def blocks(*languages: str) -> list[Block]:
    """Every block of these languages, or of all, in the order of the pages."""
    found = []
    for page in PAGES:
        section = ""
        for part in re.finditer(
            r"^## ([^\n]+)$|^```(\w*)\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL
        ):
            if part[1]:
                section = part[1]
            elif not languages or part[2] in languages:
                found.append(Block(page, section, part[2], part[3]))
    return found


def commands() -> list[tuple[str, str]]:
    """Every command of every shell block, with its page; comments and what joins commands are left out."""
    lines = [(block.page, line) for block in blocks("sh") for line in block.text.splitlines()]
    return [(page, " ".join(shlex.split(one, comments=True))) for page, line in lines for one in line.split("&&")]


def guide(title: str) -> str:
    """The Python code of a section of CONTRIBUTING."""
    (block,) = [block for block in blocks("python") if block.page == "CONTRIBUTING.md" and block.section == title]
    return block.text


def guide_entries(title: str) -> str:
    """The entry points of a section of CONTRIBUTING, as an installed package has them."""
    (block,) = [block for block in blocks("toml") if block.page == "CONTRIBUTING.md" and block.section == title]
    return entry_points(block.text)


def run_block(code: str, page: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run a block and return every name that it leaves."""
    exec(compile(code, page, "exec"), names)
    return names


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the pages name, drawn; nothing is downloaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(yunet_file, "_fetch", no_network)
    draw_pictures()
    draw_models_of_others(tmp_path)
    return tmp_path


def draw_pictures() -> None:
    """Draw a face as the pictures and the video that the pages name."""
    face = cv2.copyMakeBorder(make_faces(21, size=160, random_state=0).images[3], 160, 160, 240, 240, 1)
    picture = cv2.cvtColor(face, cv2.COLOR_GRAY2BGR)
    Path("photos").mkdir()
    for name in ("party.jpg", "me.jpg", "photos/one.png"):
        cv2.imwrite(name, picture)
    video = cv2.VideoWriter("talk.mp4", cv2.VideoWriter_fourcc(*"mp4v"), 10, picture.shape[1::-1])
    for _ in range(5):
        video.write(picture)
    video.release()


def draw_few(n_samples: int, **options: Any) -> Dataset:
    """Draw no more than 350 of the faces that a suite asks for."""
    return make_faces(min(n_samples, 350), **options)


def draw_models_of_others(folder: Path) -> None:
    """Write the model of docs/others.md with the contract of that page, and an interpreter with stand-ins."""
    write_model(folder / "my.onnx", weights(48 * 48), ["n", 1, 48, 48])
    (contract,) = [block.text for block in blocks("toml") if block.page == "docs/others.md"]
    (folder / "my.toml").write_text(contract)
    (folder / "fer" / "bin").mkdir(parents=True)
    write_interpreter(folder / "fer" / "bin", write_standins(folder / "standins"))


def draw_data_sets() -> None:
    """Draw the folders that docs/data.md loads: labels of one's own, and CK+'s 48-pixel folders."""
    faces = make_faces(140, size=48, random_state=0, n_people=10)
    assert faces.groups is not None
    seen: Counter[tuple[str, str]] = Counter()
    for place, (image, label, who) in enumerate(
        zip(faces.images, faces.labels.tolist(), faces.groups.tolist(), strict=True)
    ):
        own = Path("mine", "rage" if label == "angry" else label, f"{place}.png")
        # Each of the ten people has every expression, in two sequences.
        person, sequence = int(who.removeprefix("person_")), seen[who, label]
        seen[who, label] += 1
        known = Path("cohn-kanade", "CK+48", label, f"S{person:03d}_{sequence:03d}_{place:08d}.png")
        for file in (own, known):
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), image)
    Path("mine", "contempt").mkdir()
    cv2.imwrite("mine/contempt/1.png", faces.images[0])
    Path("map.toml").write_text('rage = "angry"\ncontempt = "drop"\n')


def no_network(*_: object) -> bytes:
    raise OSError("no network in tests")


def test_every_block_has_a_language_that_is_tested() -> None:
    assert len(blocks()) >= 25
    assert {block.language for block in blocks()} == LANGUAGES


def test_every_guide_is_tested() -> None:
    assert {block.section for block in blocks("python") if block.page == "CONTRIBUTING.md"} == set(GUIDES)
    for title, place in GUIDES.items():
        assert place == "here" or title.partition(":")[0] in (ROOT / place).read_text()


def test_every_command_of_readme_and_contributing_is_run_or_has_a_reason() -> None:
    written = {command for page, command in commands() if page in ("README.md", "CONTRIBUTING.md")}
    cheap = {command for command in written if command.startswith(CHEAP)}
    assert written - cheap == {*RUN_BELOW, *RUN_BY_CI} and cheap
    assert all(callable(globals()[test]) for test in RUN_BELOW.values())


@pytest.mark.parametrize("command", RUN_BY_CI)
def test_ci_runs_what_no_test_can(command: str) -> None:
    _, (file, line) = RUN_BY_CI[command]
    assert line in (ROOT / ".ci" / file).read_text()


def test_the_extras_of_the_pages_are_installed_by_ci() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (own,) = [line for line in extras["dev"] if line.startswith("ferbench[")]
    assert {"deep", "web"} <= set(own.removeprefix("ferbench[").removesuffix("]").split(","))


def test_ci_calls_the_readme_s_test_command() -> None:
    (command,) = [block.text.strip() for block in blocks("sh") if block.page == "README.md" and "pytest" in block.text]
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


# --- Python -----------------------------------------------------------------------------------------------------------


def live_example(out: str, _folder: Path) -> None:
    """Events of each frame, and the faces of a picture."""
    assert len([line for line in out.splitlines() if re.match(r"[\d.]+ ", line)]) >= 5 and "FaceEvent" in out


def readme_examples(out: str, folder: Path) -> None:
    """Both examples: what is seen in a video and a picture, then an accuracy and labels."""
    live_example(out, folder)
    accuracy, labels = out.strip().splitlines()[-2:]
    assert float(accuracy) > 2 / 7 and labels.startswith("[")
    assert (folder / "my-bundle" / "bundle.json").is_file()


def api_examples(out: str, folder: Path) -> None:
    """A suite, a comparison and a drawing."""
    assert "pixels+logreg against pixels+tree on PrivateTest" in out and "'coverage'" in out
    assert (folder / "leaderboard.png").is_file()


def data_examples(out: str, desk: Path) -> None:
    # The examples load what `desk` has drawn; a layout that was read wrongly would have raised.
    assert len(list((desk / "mine").iterdir())) == 8
    for name, folds in {"kfold10": 10, "loso": 10, "random10": 10, "to-faces": 1, "curve-0.5-1": 2}.items():
        files = list((desk / "walk").glob(f"cohn-kanade-{name}/records/pixels+tree-*.json"))
        records = [json.loads(file.read_bytes()) for file in files]
        assert len(records) == folds and {record["status"] for record in records} == {"ok"}, name
    # Both protocols by person printed a table; nobody is in two parts of a fold.
    assert out.count("sd_folds") == 3
    people = load("ckplus:cohn-kanade", allow_missing=True)
    assert people.groups is not None and len(set(people.groups)) == 10
    assert len(make_folds(people, "loso")) == 10
    assert (desk / "confusion.png").is_file()


def others_examples(out: str, folder: Path) -> None:
    """An accuracy, labels of a bundle, and a package of others."""
    accuracy, labels, peer = out.strip().splitlines()
    assert float(accuracy) > 0 and labels.count("'") == 6 and "fer 9.1" in peer
    assert (folder / "their-bundle" / "model.onnx").is_file()


def own_method(_: str, desk: Path) -> None:
    assert (desk / "my-bundle" / "bundle.json").is_file()


def formats_example(out: str, _: Path) -> None:
    assert out.startswith("(3589, 7) [") and "'surprise'" in out


def priors_example(out: str, _: Path) -> None:
    """The share of a label that was not named, labels of a picture, and a uniform share."""
    rest, uniform = out.strip().splitlines()
    assert 0.1 < float(rest.split()[0]) < 0.15 and rest.endswith("']") and float(uniform) == 1 / 7


RUN: dict[str, Callable[[str, Path], None]] = {
    "README.md": readme_examples,
    "docs/api.md": api_examples,
    "docs/data.md": data_examples,
    "docs/live.md": priors_example,
    "docs/others.md": others_examples,
    "docs/formats.md": formats_example,
    "docs/own-method.md": own_method,
}


def test_the_python_of_every_page_is_run() -> None:
    assert {block.page for block in blocks("python")} == {"CONTRIBUTING.md", *RUN}


@pytest.mark.parametrize("page", [pytest.param(page, marks=pytest.mark.slow) for page in RUN])
@pytest.mark.usefixtures("cells_here")
def test_python_blocks_run_one_after_another(
    page: str, desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {}
    if page == "docs/api.md":
        monkeypatch.setattr(loading, "make_faces", draw_few)
    if page == "docs/data.md":
        draw_data_sets()
    Path("published").symlink_to(ROOT / "results" / "fer2013")
    for block in blocks("python"):
        if block.page == page:
            run_block(block.text, page, names)
    RUN[page](capsys.readouterr().out, desk)


def test_the_extractor_of_the_guide_keeps_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "mine", guide("Add an extractor: one file"), "")
    made = importlib.import_module("mine").REGISTERED["mine"]
    check_extractor(made())
    images = make_faces(21, size=24, random_state=0).images
    np.testing.assert_allclose(made().fit_transform(images), images.mean(axis=2), rtol=1e-6)


def test_the_extractor_of_the_guide_is_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The guide's line names a class of any name.
    code = guide("Add an extractor: one file") + "\nMine = RowMeans\n"
    install(tmp_path, monkeypatch, "your_package", code, guide_entries("Add an extractor: one file"))
    images = make_faces(21, size=24, random_state=0).images
    assert make_extractor("mine").fit_transform(images).shape == (21, 24)


def test_the_classifiers_of_the_guide_are_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = guide("Add a classifier: one file") + '\nmake, steps = REGISTERED["bayes"], REGISTERED["scaled-bayes"]\n'
    # The guide registers the classifier; the steps are the second form that its file shows.
    entries = guide_entries("Add a classifier: one file") + "scaled-bayes = your_package:steps\n"
    install(tmp_path, monkeypatch, "your_package", code, entries)
    faces = make_faces(70, size=24, random_state=0)
    for name in ("pixels+bayes", "pixels+scaled-bayes"):
        recognizer = make_recipe(name).fit(faces.images, faces.labels)
        proba = recognizer.predict_proba(faces.images)
        assert proba.shape == (70, 7) and recognizer.score(faces.images, faces.labels) > 1 / 7


def test_the_recipe_of_the_guide_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = guide("Add a recipe: one file")
    install(tmp_path, monkeypatch, "your_package", code, guide_entries("Add a recipe: one file"))
    faces = make_faces(70, size=24, random_state=0)
    recognizer = make_recipe("hog+nearest").fit(faces.images, faces.labels)
    assert recognizer.score(faces.images, faces.labels) > 1 / 7
    loaded = load_bundle(save_bundle(tmp_path / "bundle", recognizer, image_shape=(24, 24)))
    assert (loaded.predict(faces.images) == recognizer.predict(faces.images)).all()


# --- The command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "command"), commands())
def test_every_command_of_a_block_exists(page: str, command: str) -> None:
    program, *words = shlex.split(command)
    if program.endswith("ferbench"):
        assert build_parser().parse_args(words).command
    elif program.endswith("pip"):
        check_pip(words)
    elif program.removeprefix(".venv/bin/") in ("python", "python3"):
        assert words[:2] == ["-m", "venv"] or words[:2] == ["-m", "pytest"] or is_module(words[1])
    elif program.endswith(("sphinx-build", "sphinx-autobuild")):
        assert words[-2:] == ["docs", "docs/_build"] and (ROOT / "docs" / "conf.py").is_file()
    elif program.endswith("pre-commit"):
        assert words == ["install"] and (ROOT / ".pre-commit-config.yaml").is_file()
    elif program == "pytest":
        assert all((ROOT / word).is_file() for word in words)
    else:
        assert (ROOT / program).is_file(), f"{page}: {program} is no command of ours"


def check_pip(words: list[str]) -> None:
    """`pip install` of this folder, with extras that there are."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert words[0] == "install"
    (place,) = [word for word in words[1:] if not word.startswith("-")]
    named = re.fullmatch(r"\.(?:\[([a-z,]+)\])?", place)
    assert named and set((named[1] or "dev").split(",")) <= set(extras)


def is_module(name: str) -> bool:
    """Whether `python -m` finds it."""
    path = ROOT / name.removeprefix("ferbench.").replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


# Those of docs/ run in tests/test_documented_commands.py.
CHEAP_COMMANDS = list(
    dict.fromkeys(command for page, command in commands() if page == "README.md" and command.startswith(CHEAP))
)


def test_some_commands_are_cheap() -> None:
    assert len(CHEAP_COMMANDS) >= 3


@pytest.mark.parametrize("command", CHEAP_COMMANDS)
def test_cheap_commands_run(command: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(command)[1:]
    assert main(words) == 0, capsys.readouterr().err
    files = [word for option, word in pairwise(words) if re.match("--(output|events|summ)", option)]
    assert all((desk / name).exists() for name in files)


def test_the_page_of_the_readme_is_served_and_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fastapi", reason="FastAPI is not installed")
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    with served_process(NETWORK, "--open") as process:
        until = time.monotonic() + 30
        while not opened.exists() and time.monotonic() < until:
            time.sleep(0.05)
        assert opened.read_text().strip().startswith(process.http)
        assert quick_httpx().get(process.http).status_code == 200


@pytest.mark.usefixtures("cells_here", "blank_drawings", "desk")
def test_the_suite_of_the_readme_is_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole suite is planned, and two of its recipes are measured on few faces."""
    words = shlex.split("run")
    assert main([*words, "--dry-run"]) == 0
    assert " cells would be measured" in capsys.readouterr().out.splitlines()[-1]
    monkeypatch.setattr(loading, "make_faces", draw_few)
    assert main([*words, "--only", "constant", "pixels+tree"]) == 0
    assert "pixels+tree" in capsys.readouterr().out and Path("results/faces/index.html").is_file()


@pytest.mark.usefixtures("desk")
def test_the_window_of_the_readme_is_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A video takes the place of the camera, and SDL draws into memory."""
    pytest.importorskip("pygame", reason="pygame is not installed")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    assert main(["live", "talk.mp4"]) == 0
    captured = capsys.readouterr()
    assert "5 frames in " in captured.out and "without a window" not in captured.err


@pytest.mark.usefixtures("desk")
def test_the_archive_of_the_readme_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """Drawn faces in the layout of the archive; its cells are planned."""
    faces = make_faces(42, random_state=0)
    with zipfile.ZipFile("fer2013.zip", "w") as archive:
        rows = zip(faces.images, faces.labels.tolist(), faces.split.tolist(), strict=True)
        for number, (image, label, split) in enumerate(rows):
            folder = "train" if split == "Training" else "test"
            archive.writestr(f"{folder}/{label}/{split}_{number}.png", cv2.imencode(".png", image)[1].tobytes())
    assert main(["run", "fer2013", "--source", "fer2013.zip", "--dry-run"]) == 0
    plan = capsys.readouterr().out
    assert "hog+svm-s0-" in plan and re.search(r"(\d+) of \1 cells would be measured", plan)


def inline() -> list[tuple[str, str]]:
    """`ferbench ...` in the text of every page."""
    texts = {
        page: re.sub(r"^```.*?^```$", "", (ROOT / page).read_text(), flags=re.MULTILINE | re.DOTALL) for page in PAGES
    }
    found = {(page, words) for page, text in texts.items() for words in re.findall(r"`ferbench\s([^`]+)`", text)}
    return sorted((page, words) for page, words in found if not words.startswith("COMMAND"))


@pytest.mark.parametrize(("page", "words"), inline())
def test_commands_and_options_in_the_text_exist(page: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser, path = command_of(words.split())
    known = {option for action in parser._actions for option in action.option_strings}
    assert path, f"{page}: no command in {words!r}"
    assert set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", words)) <= known


def command_of(words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """The parser of the command that words begin with, and its name."""
    parser, path = build_parser(), []
    for word in words:
        inner = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
        if not inner or word not in inner[0]:
            break
        parser, path = inner[0][word], [*path, word]
    return parser, path


def test_the_readme_names_the_main_commands() -> None:
    named = {" ".join(command_of(words.split())[1]) for page, words in inline() if page == "README.md"}
    assert {"run", "report", "best", "predict", "data audit", "live", "tune", "export"} <= named


# --- Tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: f"{block.page}-{block.section}"[:40])
def test_tables_are_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "page.toml"
    path.write_text(block.text)
    content = tomllib.loads(block.text)
    if "project" in content:
        (group,) = content["project"]["entry-points"]
        code = "\n".join(
            file.read_text()
            for floor in ("models", "features", "datasets", "benchmarks", "realtime")
            for file in (ROOT / floor).rglob("*.py")
        )
        assert f'"{group}"' in code
    elif "space" in content:
        space, params = read_space(path)
        assert set(space) == {"learning_rate", "optimizer"} and params == {"epochs": 12}
    elif "layout" in content:
        assert Contract.of(content, block.page).labels == tuple(content["labels"])
    else:
        # An empty list says the same as false.
        assert load_suite(path).final == (tuple(content["final"]) or False)
