"""A run goes on where another ended: what is ok stays as it is, what is not is done again when it should be."""

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from cells_here import CellsHere
from processes import assert_gone, wait_for_pids

from ferbench.cli import main
from ferbench.utils import finished_files


def start(*arguments: object) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "ferbench.cli", "run", *map(str, arguments)]
    # A shell that runs the tests in the background has them ignore Ctrl-C, and children inherit that.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, preexec_fn=heed)  # noqa: PLW1509 - no threads here


@pytest.fixture
def command(
    spies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs the command in this process, cells included; returns its exit code and all that it printed."""
    monkeypatch.setattr("ferbench.benchmarks.run.make_executor", lambda name, jobs: CellsHere())

    def run(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = main(["run", *map(str, arguments)])
        return code, "".join(capsys.readouterr())

    return run


@pytest.fixture
def suite(spies: Path, tmp_path: Path) -> Path:
    return write_suite(tmp_path, "constant", "quick", "crash")


def write_suite(folder: Path, *recipes: str, seeds: Sequence[int] = (0,)) -> Path:
    path = folder / "small.toml"
    options = "[dataset]\nsource = 'faces'\noptions = { n_samples = 105 }\n"
    path.write_text(f"recipes = {json.dumps(recipes)}\nseeds = {json.dumps(seeds)}\n{options}")
    return path


def finished(output: Path) -> dict[str, str]:
    records = [json.loads(path.read_bytes()) for path in finished_files(output, "*/records/*.json")]
    return {f"{record['recipe']['name']}-s{record['seed']}": record["finished"] for record in records}


def test_only_what_is_asked_for_is_measured_again(
    suite: Path, tmp_path: Path, command: Callable[..., tuple[int, str]]
) -> None:
    output = tmp_path / "out"
    options = ("--output", output, "--no-report")
    assert command(suite, *options)[0] == 1
    first = finished(output)
    assert set(first) == {"constant-s0", "quick-s0", "crash-s0"}

    code, printed = command(suite, *options)
    assert code == 1
    assert finished(output) == first
    assert "--retry-failed" in printed

    command(suite, *options, "--retry-failed")
    second = finished(output)
    assert {name for name in first if second[name] != first[name]} == {"crash-s0"}

    assert command(suite, *options, "--force", "--only", "qui*")[0] == 0
    third = finished(output)
    assert {name for name in first if third[name] != second[name]} == {"quick-s0"}


def test_what_is_damaged_is_said_and_measured_again(tmp_path: Path, command: Callable[..., tuple[int, str]]) -> None:
    suite, output = write_suite(tmp_path, "quick", seeds=[0, 1, 2, 3, 4]), tmp_path / "out"
    options = (suite, "--output", output, "--no-report")
    assert command(*options)[0] == 0
    first = finished(output)

    def find(name: str) -> Path:
        return next(output.glob(f"*/{name}"))

    half, empty = find("records/quick-s0-*.json"), find("records/quick-s1-*.json")
    half.write_bytes(half.read_bytes()[:-30])
    empty.write_bytes(b"")
    find("probabilities/quick-s2-*.npz").unlink()
    find("probabilities/quick-s3-*.npz").write_bytes(b"PK")
    code, printed = command(*options)
    assert code == 0
    lines = [line for line in printed.splitlines() if line.startswith("run ")]
    said = ["s0-.*damaged record", "s1-.*damaged record", "s2-.*npz is missing", "s3-.*npz was changed"]
    assert len(lines) == 4
    for line, text in zip(lines, said, strict=True):
        assert re.search(text, line)
    second = finished(output)
    assert {name for name in first if second[name] == first[name]} == {"quick-s4"}


@pytest.mark.parametrize(
    ("number", "before"), [(signal.SIGINT, ["quick"]), (signal.SIGTERM, [])], ids=["interrupted", "terminated"]
)
def test_an_interrupted_run_ends_cleanly_and_says_how_to_go_on(
    spies: Path, tmp_path: Path, number: signal.Signals, before: list[str], command: Callable[..., tuple[int, str]]
) -> None:
    suite, output = write_suite(tmp_path, *before, "endless"), tmp_path / "out dir"
    process = start(suite, "--output", output, "--no-report")
    pids = wait_for_pids(spies)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in stdout + stderr
    assert_gone(*pids)
    first = finished(output)
    assert set(first) == {f"{name}-s0" for name in before}
    assert not list(output.glob("*/.outbox"))

    said = re.search(r"Continue with: ferbench (.*)", stderr)
    assert said
    words = shlex.split(said[1])
    assert words[0] == "run" and words[-2:] == ["--output", str(output)]
    for name in before:
        assert command(*words[1:], "--no-report", "--only", name)[0] == 0
    assert finished(output) == first


def test_a_second_run_on_the_same_folder_is_refused_and_no_process_outlives_a_killed_one(
    spies: Path, tmp_path: Path, command: Callable[..., tuple[int, str]]
) -> None:
    words = (write_suite(tmp_path, "endless"), "--output", tmp_path / "out", "--no-report")
    process = start(*words)
    pids = wait_for_pids(spies)
    code, printed = command(*words)
    assert code == 2
    assert f"another run (process {process.pid}) is writing here" in printed
    process.kill()
    process.communicate()
    assert_gone(*pids)
    assert finished(tmp_path / "out") == {}
