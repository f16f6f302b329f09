"""A run goes on where another ended: what is ok stays as it is, what is not is done again when it should be."""

import json
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from processes import assert_gone, wait_for_pids


def start(*arguments: object) -> "subprocess.Popen[str]":
    words = [sys.executable, "-m", "ferbench.cli", "run", *map(str, arguments)]
    # A shell that runs the tests in the background has them ignore Ctrl-C, and children inherit that.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, preexec_fn=heed)  # noqa: PLW1509 - no threads here


def command(*arguments: object) -> "subprocess.CompletedProcess[str]":
    process = start(*arguments)
    stdout, stderr = process.communicate(timeout=200)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


@pytest.fixture
def suite(spies: Path, tmp_path: Path) -> Path:
    return write_suite(tmp_path, "constant", "quick", "crash")


def write_suite(folder: Path, *recipes: str, seeds: Sequence[int] = (0,)) -> Path:
    path = folder / "small.toml"
    options = "[dataset]\nsource = 'faces'\noptions = { n_samples = 105 }\n"
    path.write_text(f"recipes = {json.dumps(recipes)}\nseeds = {json.dumps(seeds)}\n{options}")
    return path


def finished(output: Path) -> dict[str, str]:
    records = [json.loads(path.read_bytes()) for path in output.glob("*/records/*.json")]
    return {f"{record['recipe']['name']}-s{record['seed']}": record["finished"] for record in records}


@pytest.mark.slow
def test_only_what_is_asked_for_is_measured_again(suite: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    options = ("--output", output, "--no-report")
    assert command(suite, *options).returncode == 1
    first = finished(output)
    assert set(first) == {"constant-s0", "quick-s0", "crash-s0"}

    again = command(suite, *options)
    assert again.returncode == 1
    assert finished(output) == first
    assert "--retry-failed" in again.stdout + again.stderr

    command(suite, *options, "--retry-failed")
    second = finished(output)
    assert {name for name in first if second[name] != first[name]} == {"crash-s0"}

    assert command(suite, *options, "--force", "--only", "qui*").returncode == 0
    third = finished(output)
    assert {name for name in first if third[name] != second[name]} == {"quick-s0"}


@pytest.mark.slow
def test_what_is_damaged_is_said_and_measured_again(spies: Path, tmp_path: Path) -> None:
    suite, output = write_suite(tmp_path, "quick", seeds=[0, 1, 2, 3, 4]), tmp_path / "out"
    options = (suite, "--output", output, "--no-report", "--jobs", "2")
    assert command(*options).returncode == 0
    first = finished(output)

    def find(name: str) -> Path:
        return next(output.glob(f"*/{name}"))

    half, empty = find("records/quick-s0-*.json"), find("records/quick-s1-*.json")
    half.write_bytes(half.read_bytes()[:-30])
    empty.write_bytes(b"")
    find("probabilities/quick-s2-*.npz").unlink()
    find("probabilities/quick-s3-*.npz").write_bytes(b"PK")
    again = command(*options)
    assert again.returncode == 0
    lines = [line for line in (again.stdout + again.stderr).splitlines() if line.startswith("run ")]
    said = ["s0-.*damaged record", "s1-.*damaged record", "s2-.*npz is missing", "s3-.*npz was changed"]
    assert len(lines) == 4
    for line, text in zip(lines, said, strict=True):
        assert re.search(text, line)
    second = finished(output)
    assert {name for name in first if second[name] == first[name]} == {"quick-s4"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_cleanly_and_says_how_to_go_on(
    spies: Path, tmp_path: Path, number: signal.Signals
) -> None:
    suite = write_suite(tmp_path, "quick", "endless")
    process = start(suite, "--output", tmp_path / "out dir", "--no-report")
    pids = wait_for_pids(spies)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert "Traceback" not in stdout + stderr
    assert_gone(*pids)
    assert set(finished(tmp_path / "out dir")) == {"quick-s0"}
    assert not list((tmp_path / "out dir").glob("*/.outbox"))

    said = re.search(r"Continue with: ferbench (.*)", stderr)
    assert said
    first = finished(tmp_path / "out dir")
    words = shlex.split(said[1])
    assert words[0] == "run"
    done = command(*words[1:], "--no-report", "--only", "quick")
    assert done.returncode == 0, done.stderr
    assert finished(tmp_path / "out dir") == first


def test_no_process_outlives_a_killed_run(spies: Path, tmp_path: Path) -> None:
    process = start(write_suite(tmp_path, "endless"), "--output", tmp_path / "out", "--no-report")
    pids = wait_for_pids(spies)
    process.kill()
    process.communicate()
    assert_gone(*pids)
    assert finished(tmp_path / "out") == {}


def test_a_second_run_on_the_same_folder_is_refused(spies: Path, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, "endless")
    process = start(suite, "--output", tmp_path / "out", "--no-report")
    wait_for_pids(spies)
    second = command(suite, "--output", tmp_path / "out", "--no-report")
    assert second.returncode == 2
    assert f"another run (process {process.pid}) is writing here" in second.stderr
    process.terminate()
    process.communicate()
