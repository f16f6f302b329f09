"""Every command of a page of docs/ is run on drawn data, or is listed here with the reason why it cannot be."""

import csv
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import pytest
from cells_here import undrawn
from test_documentation import commands, draw_data_sets, draw_few, draw_models_of_others, draw_pictures, no_network
from web_server import NETWORK, quick_httpx

from ferbench import datasets
from ferbench.cli import main
from ferbench.datasets import load_points, make_faces
from ferbench.datasets.readers import loading
from ferbench.features import POINT_NAMES
from ferbench.realtime.detection import yunet_file

_INSTALLS = "it installs packages, which takes minutes and a network; `.ci/run` installs them"
_BUILDS = "building the site takes minutes; `.ci/run` does it with warnings as errors"
# The reason why no test runs a command.
NOT_RUN = {
    "python3 -m venv .venv": _INSTALLS,
    ".venv/bin/pip install -q .": _INSTALLS,
    ".venv/bin/pip install -q .[docs]": _INSTALLS,
    ".venv/bin/pip install .[web]": _INSTALLS,
    ".venv/bin/sphinx-build -W docs docs/_build": _BUILDS,
    ".venv/bin/sphinx-autobuild docs docs/_build": _BUILDS + ", and this one waits for changes",
    "python -m ferbench.benchmarks.store.history results/fer2013 > ledger.csv": (
        "it needs the whole history, which a shallow clone lacks; test_gate.py calls it on a repository of its own"
    ),
    "ferbench measure-live --clip talk.mp4 --photos photos --peer fer=/opt/fer/bin/python": (
        "it measures for an hour on an idle machine, with a detector that is downloaded; "
        "test_measured_parts.py has its parts"
    ),
}


class Run(NamedTuple):
    """How a command of a page is run in seconds.

    Attributes
    ----------
    makes : tuple of str
        Files that are there afterwards.
    less : tuple of str
        Words added to the command, so that it measures less. They name nothing that the page does not show.
    before : str
        A command that a reader has run before.
    """

    makes: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    before: str = ""


# What stands in for an interpreter, a network and many faces.
# Mean maps need 25 faces of each label, which the drawn archive has.
STANDINS = {
    "explain --source faces": "explain --source fer2013.zip",
    "=/opt/fer/bin/python": "=fer/bin/python",
    "--model cnn": f"--model {NETWORK['cnn']}",
}
_FEW = ("--only", "constant", "pixels+tree")
# What a camera shows: a file, in a window that is drawn into memory.
_FILM = ("talk.mp4",)
_CK, _FER = "results/ck48", "results/fer2013"
# Each command by its page, in the order in which a reader runs them.
RUN: dict[str, dict[str, Run]] = {
    "docs/data.md": {
        "run ck48 --source CK+48 --output results/ck48": Run((f"{_CK}/CK-48-kfold10/leaderboard.csv",), _FEW),
        "run ck48 --source CK+48 --output results/ck48 --protocol loso --only constant hog+svm": Run(
            (f"{_CK}/CK-48-loso/leaderboard.csv",), ("--only", "constant")
        ),
        "run ck48 --source CK+48 --output results/ck48 --protocol random:10": Run(
            (f"{_CK}/CK-48-random10/leaderboard.csv",), ("--only", "constant")
        ),
        "run ck48 --source CK+48 --output results/ck48 --protocol kfold:10 --seeds 3": Run(
            (f"{_CK}/CK-48-kfold10/leaderboard.csv",), ("--only", "constant")
        ),
        "report results/ck48": Run((f"{_CK}/protocols.csv",)),
    },
    "docs/deploy.md": {"serve --model ferbench-net-xs --port 8000": Run()},
    "docs/evidence.md": {
        "stress --source faces --model hog+svm --model cnn --output results/stress": Run(
            ("results/stress/stress.md",), ("--limit", "20"), "run --only hog+svm"
        ),
        "stress --rebuild --output results/stress": Run(("results/stress/stress.md",)),
        "explain me.jpg --output explain.html": Run(("explain.html",)),
        "explain --source faces --model hog+svm --output results/explain": Run(
            ("results/explain/explain.md",), ("--per-label", "25")
        ),
        "explain --suite results/fer2013 --source fer2013.zip --per-label 100": Run(
            (f"{_FER}/mean_maps",), ("--per-label", "25"), "run fer2013 --source fer2013.zip --only pixels+tree"
        ),
        "report results/fer2013": Run((f"{_FER}/mean_maps.csv",)),
        "data noise faces --recipe hog+logreg --recipe landmarks+logreg --output noise": Run(
            ("noise",), ("--folds", "2")
        ),
        "data noise faces --flip 0.1 --no-faces --output results/label-noise": Run(
            ("results/label-noise",), ("--folds", "2")
        ),
        "export my-bundle --model hog+svm --calibrate": Run(("my-bundle/MODEL_CARD.md",)),
        "export my-net --model ferbench-net-xs --calibrate 0.9 --source fer2013.zip": Run(("my-net/MODEL_CARD.md",)),
    },
    "docs/keypoints.md": {
        "run keypoints-faces": Run(("results/keypoints/faces/leaderboard.csv",), ("--only", "mean-shape")),
        "run keypoints --source training.csv": Run(
            ("results/keypoints/training/leaderboard.csv",), ("--only", "mean-shape")
        ),
    },
    "docs/live.md": {
        "image party.jpg --model ferbench-net-xs --priors uniform": Run(),
        "video talk.mp4 --events talk.csv --priors disgust=0.1,happy=0.4": Run(("talk.csv",)),
    },
    "docs/others.md": {
        "image me.jpg --model onnx:my.onnx": Run(),
        "live --model onnx:my.onnx": Run((), _FILM),
        "run peers --source fer2013.zip --peer fer=/opt/fer/bin/python --output results/peers": Run(
            ("results/peers/fer2013/leaderboard.csv",), ("--only", "constant", "peer:fer")
        ),
    },
    "docs/training.md": {
        "train hog+svm --source my-faces --output my-bundle": Run(("my-bundle/MODEL_CARD.md",)),
        "predict my-faces --model my-bundle --csv labels.csv": Run(("labels.csv",)),
        "live --model my-bundle": Run((), _FILM),
        "train ferbench-net-xs --from ferbench-net-xs --source my-faces --output my-network": Run(
            ("my-network/MODEL_CARD.md",), ("--epochs", "1")
        ),
        "predict my-faces --model my-network": Run(),
        "export my-int8 --model ferbench-net-xs --int8 --source fer2013.zip": Run(("my-int8/MODEL_CARD.md",)),
    },
    "docs/tutorial.md": {
        "doctor": Run((), ("--no-camera",)),
        "image me.jpg": Run(),
        "serve --open": Run(),
        "run --only hog+*": Run(("results/faces/index.html",), ("--only", "constant", "hog+tree")),
        "best": Run(),
        "data audit mine --output audit": Run(("audit",)),
        "run fer2013 --source mine --only hog+svm": Run(("results/mine/index.html",)),
    },
}


def written() -> dict[str, list[str]]:
    """The commands of each page of docs/, with ours named without their program."""
    found: dict[str, list[str]] = {}
    for page, command in commands():
        if page.startswith("docs/"):
            found.setdefault(page, []).append(command.removeprefix(".venv/bin/").removeprefix("ferbench "))
    return found


def test_every_command_of_docs_is_run_or_has_a_reason() -> None:
    without = {name.removeprefix(".venv/bin/").removeprefix("ferbench ") for name in NOT_RUN}
    to_run = {page: [name for name in names if name not in without] for page, names in written().items()}
    assert {page: names for page, names in to_run.items() if names} == {page: list(runs) for page, runs in RUN.items()}
    assert without <= {name for names in written().values() for name in names}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the pages name, all of it drawn; nothing is downloaded, and no window opens."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(yunet_file, "_fetch", no_network)
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setattr(loading, "make_faces", draw_some)
    monkeypatch.setattr(datasets, "load_points", draw_few_points)
    draw_pictures()
    draw_models_of_others(tmp_path)
    draw_data_sets()
    # One image is too few for a part of each split; the page of the data drops this label.
    shutil.rmtree("mine/contempt")
    Path("CK+48").symlink_to("cohn-kanade/CK+48")
    draw_archive()
    draw_points()
    for label in ("happy", "sad"):
        for file in sorted(Path("mine", label).glob("*.png")):
            target = Path("my-faces", {"happy": "keen", "sad": "bored"}[label], file.name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(file.absolute())
    return tmp_path


def draw_some(n_samples: int = 350, **options: Any) -> datasets.Dataset:
    """Draw few faces also where a command names no number."""
    return draw_few(n_samples, **options)


def draw_few_points(source: str, **options: Any) -> datasets.PointDataset:
    """Draw no more than 60 of the faces with key points that a suite asks for."""
    few = {"n_samples": 60} if "n_samples" in options else {}
    return load_points(source, **{**options, **few})


def draw_archive() -> None:
    """Draw faces in the layout of Kaggle's archive of FER2013, enough of PublicTest for a mean map."""
    faces = make_faces(350, random_state=0)
    with zipfile.ZipFile("fer2013.zip", "w") as archive:
        for number, (image, label) in enumerate(zip(faces.images, faces.labels.tolist(), strict=True)):
            # Names that the release has; it numbers the test files of each label from PublicTest on.
            split = ("Training", "PublicTest", "PublicTest", "PublicTest", "PrivateTest")[number // 7 % 5]
            folder = "train" if split == "Training" else "test"
            archive.writestr(f"{folder}/{label}/{split}_{number}.png", cv2.imencode(".png", image)[1].tobytes())


def draw_points() -> None:
    """Draw faces with key points as Kaggle's table."""
    faces = load_points("faces", n_samples=40, seed=3)
    with Path("training.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow([f"{name}_{axis}" for name in POINT_NAMES for axis in "xy"] + ["Image"])
        for points, image in zip(faces.points, faces.images, strict=True):
            table.writerow([f"{value:.4f}" for value in points.ravel()] + [" ".join(map(str, image.ravel()))])


def serve(words: list[str], folder: Path) -> None:
    """Start a server as a process, on a free port, and ask for its page; a script stands in for the browser."""
    pytest.importorskip("fastapi", reason="FastAPI is not installed")
    environment = {**os.environ, "BROWSER": "true %s"}
    line = [sys.executable, "-m", "ferbench.cli", *words, "--port", "0"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder) as popen:
        try:
            assert popen.stdout is not None
            address = popen.stdout.readline().split()[1]
            assert "ferbench live" in quick_httpx().get(address).text
        finally:
            popen.kill()


SPECIAL: dict[str, Callable[[list[str], Path], None]] = {"serve": serve}


def call(command: str, how: Run, folder: Path) -> None:
    """Run one command as it is written, but for stand-ins and for what makes it shorter."""
    short = command
    for theirs, ours in STANDINS.items():
        short = short.replace(theirs, ours)
    words = [*shlex.split(short), *how.less]
    if words[0] in SPECIAL:
        SPECIAL[words[0]](words, folder)
    else:
        assert main(words) == 0, command
    for name in how.makes:
        assert (folder / name).exists(), f"{command}: no {name}"


@pytest.mark.slow
@pytest.mark.usefixtures("cells_here", "blank_figures")
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_run_one_after_another(page: str, desk: Path) -> None:
    if any(word in name for name in RUN[page] for word in ("live ", "video ")):
        pytest.importorskip("pygame", reason="pygame is not installed")
    with undrawn():
        for command, how in RUN[page].items():
            if how.before:
                call(how.before, Run(), desk)
            call(command, how, desk)
