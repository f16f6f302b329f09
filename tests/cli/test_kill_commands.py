"""``kill -9`` of `tune`, `video`, `report` and `data audit`: nothing is lost, nothing half-written, nothing grows.

``FERBENCH_KILLS`` sets how often each command is killed; without it these tests are skipped, since they take minutes.
Every second kill is before a write to the disk, drawn at random; the others are at a random time.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fake_results import fake_results
from web_server import drawn_bundles, portrait

from ferbench.datasets import make_faces

KILLS = int(os.environ.get("FERBENCH_KILLS", "0"))
HELPER = Path(__file__).parents[1] / "killed_command.py"
TRIALS = 12
# What may differ between two runs: dates, durations, addresses, and how often a trial was begun.
DATES = re.compile(rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d\.\d+\+00:00)?")
FIGURES = re.compile(rb"\"(seconds|attempts|__id__)\": [^,\n]+")
SECONDS_OF_A_ROW = re.compile(rb"^(\d+,ok,.*?),[^,\n]+,,", re.MULTILINE)
pytestmark = pytest.mark.skipif(not KILLS, reason="takes minutes: FERBENCH_KILLS=10 kills each command ten times")


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, a recognizer and a film, all drawn, and results to report."""
    root = tmp_path_factory.mktemp("material")
    faces = make_faces(210, size=24, random_state=1)
    for number, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        path = root / "people" / str(label) / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
    drawn_bundles(root / "bundles")
    frame = np.asarray(portrait())[:, :, ::-1].copy()
    writer = cv2.VideoWriter(str(root / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 25, (640, 480))
    for step in range(60):
        writer.write(np.roll(frame, 2 * step, axis=1))
    writer.release()
    (root / "space.toml").write_text("[space]\nclassifier__C = {low=1e-6, high=1, log=true}\n")
    fake_results(root / "results")
    return root


def words_of(command: str, material: Path) -> list[str]:
    data = str(material / "people")
    if command == "tune":
        space = ["--space", str(material / "space.toml"), "--trials", str(TRIALS), "--size", "24"]
        return ["tune", "pixels+logreg", "--source", data, "--output", "out", *space]
    if command == "video":
        outputs = ["--output-video", "out/film.mp4", "--events", "out/events.csv", "--summary", "out/film.html"]
        model = ["--model", str(material / "bundles/pixels+tree"), "--detector", "haar"]
        return ["video", str(material / "film.avi"), *model, *outputs]
    if command == "report":
        return ["report", "out/digits"]
    return ["data", "audit", data, "--output", "out"]


class Runs:
    """Runs of one command in a folder of its own, with its own cache and its own folder for temporary files."""

    def __init__(self, command: str, folder: Path, material: Path) -> None:
        self.folder, self.words = folder, words_of(command, material)
        (folder / "work").mkdir(parents=True)
        (folder / "tmp").mkdir()
        if command == "report":
            shutil.copytree(material / "results", folder / "work" / "out")
        places = {"FERBENCH_CACHE": str(folder / "cache"), "TMPDIR": str(folder / "tmp"), "MPLCONFIGDIR": str(material)}
        environment = {**os.environ, **places}
        self._options: dict[str, Any] = {"cwd": folder / "work", "env": environment, "capture_output": True}
        self._options["text"] = True

    def run(self, write: int = 0, seconds: float | None = None) -> "subprocess.CompletedProcess[str]":
        """Run the command; kill it before a write, or after a time."""
        line = [sys.executable, str(HELPER), str(write), *self.words]
        try:
            return subprocess.run(line, timeout=seconds, check=False, **self._options)
        except subprocess.TimeoutExpired:  # killed by `run`
            return subprocess.CompletedProcess(line, -signal.SIGKILL)

    def files(self) -> dict[str, bytes]:
        """All files by name, without what may differ between two runs."""
        paths = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {str(path.relative_to(self.folder)): stripped(path) for path in paths if path.name != ".lock"}

    def folders(self) -> set[str]:
        """All folders, the empty ones too."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_dir()}

    def finished(self) -> dict[str, bytes]:
        """Finished trials of a search, with their dates: one that is measured again has another."""
        trials = {path.name: path.read_bytes() for path in self.folder.rglob("trials/[0-9]*.json")}
        return {name: content for name, content in trials.items() if json.loads(content)["status"] != "running"}

    def parts(self) -> list[str]:
        """Unfinished files and folders."""
        marks = (".ferbench-", ".tmp")
        found = (path for path in self.folder.rglob("*") if any(mark in path.name for mark in marks))
        return sorted(path.name for path in found)


def stripped(path: Path) -> bytes:
    content = path.read_bytes()
    if path.name == "extractor.json":  # has the hash of the archive, which has addresses and dates in it
        return repr(sorted(json.loads(content))).encode()
    if path.suffix == ".skops":
        with zipfile.ZipFile(path) as archive:
            content = b"".join(archive.read(name) for name in archive.namelist())
    elif path.suffix not in (".json", ".csv", ".html", ".toml", ".md"):
        return content
    return SECONDS_OF_A_ROW.sub(rb"\1,,", FIGURES.sub(rb'"\1": 0', DATES.sub(b"", content)))


def same(name: str, content: bytes, reference: dict[str, bytes]) -> bool:
    return content == reference.get(name)


def whole_search(name: str, content: bytes, reference: dict[str, bytes]) -> bool:
    """Of an unfinished search: finished trials are as in the reference, its tables have the first of its rows."""
    if "/trials/" in name:
        return same(name, content, reference) or json.loads(content)["status"] == "running"
    if name.endswith("trials.csv"):
        return reference[name].startswith(content)
    if name.endswith(".png"):
        return content.endswith(b"IEND\xaeB`\x82")
    if name.endswith(("best.toml", "history.csv", "parameters.csv")):
        return name in reference and content.endswith(b"\n")
    return same(name, content, reference)


@pytest.mark.parametrize(
    ("command", "whole", "reach"),
    [("tune", whole_search, 3 / TRIALS), ("video", same, 1.0), ("report", same, 1.0), ("audit", same, 1.0)],
)
def test_kills_lose_nothing_and_leave_nothing(
    command: str,
    whole: Callable[[str, bytes, dict[str, bytes]], bool],
    reach: float,
    material: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    undisturbed = Runs(command, tmp_path / "undisturbed", material)
    begun = time.perf_counter()
    first = undisturbed.run()
    whole_s = time.perf_counter() - begun
    assert first.returncode == 0, first.stderr
    writes, idle_s = (float(word) for word in first.stdout.split()[-2:])
    most_writes = writes
    reference = undisturbed.files()
    assert not undisturbed.parts()

    runs = Runs(command, tmp_path / "killed", material)
    moments, kills, most_parts = random.Random(11), 0, 0
    finished: dict[str, bytes] = {}
    for number in range(4 * KILLS):
        begun = time.perf_counter()
        if number % 2:
            ended = runs.run(write=moments.randint(1, max(1, int(reach * writes))))
        else:
            ended = runs.run(seconds=idle_s + moments.random() * reach * max(0.1, whole_s - idle_s))
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        kills += ended.returncode != 0
        if ended.returncode == 0:  # a run that finds a filled cache is shorter
            writes = float(ended.stdout.split()[-2])
            whole_s = min(whole_s, time.perf_counter() - begun)
        parts = runs.parts()
        most_parts = max(most_parts, len(parts))
        found = {name: content for name, content in runs.files().items() if ".ferbench-" not in name}
        half = [name for name, content in found.items() if not whole(name, content, reference)]
        assert half == [], (number, half)
        assert finished.items() <= runs.finished().items(), "a finished trial was lost or measured again"
        finished = runs.finished()
        if kills == KILLS:
            break
    assert kills == KILLS, "the runs ended before they were killed"

    last = runs.run()
    assert last.returncode == 0, last.stderr
    with capsys.disabled():
        counts = f"{kills} kills in {number + 1} runs, {most_writes:.0f} writes in a whole run, part files {most_parts}"
        print(f"\n{command}: {counts}")
    assert runs.parts() == []
    assert finished.items() <= runs.finished().items()
    found = runs.files()
    assert found.keys() == reference.keys() and runs.folders() == undisturbed.folders(), "the folders grow"
    assert [name for name in found if found[name] != reference[name]] == []
