"""``kill -9`` at any moment loses no finished cell and leaves nothing half-written that passes for a result."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ferbench.benchmarks.store.store import Store


def write_suite(folder: Path) -> Path:
    path = folder / "small.toml"
    path.write_text(
        "name = 'small'\nrecipes = ['constant', 'quick']\nseeds = [0, 1, 2, 3, 4, 5]\n"
        "[dataset]\nsource = 'faces'\noptions = { n_samples = 105 }\n"
    )
    return path


def start(suite: Path, output: Path) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "ferbench.cli", "run", str(suite), "--output", str(output), "--no-report"]
    return subprocess.Popen([*words, "-j", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def whole_records(output: Path) -> dict[str, str]:
    """When each ok record was finished; every record file must be readable and have its companions."""
    found = {}
    for path in output.glob("*/records/*.json"):
        record = json.loads(path.read_bytes())
        store = Store(path.parent.parent)
        assert record["status"] == "ok"
        assert store.problem(record) is None
        assert set(store.probabilities(record["cell_id"])) == {"classes", "PublicTest", "PrivateTest"}
        found[record["cell_id"]] = record["finished"]
    return found


@pytest.mark.slow
def test_ten_kills_at_random_moments_lose_and_repeat_nothing(spies: Path, tmp_path: Path) -> None:
    suite, output = write_suite(tmp_path), tmp_path / "out"
    moments = random.Random(7)
    known: dict[str, str] = {}
    for _ in range(10):
        process = start(suite, output)
        time.sleep(moments.uniform(0.5, 6))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        now = whole_records(output)
        assert known.items() <= now.items(), "an ok record was lost or measured again"
        known = now
    final = start(suite, output)
    assert final.wait(timeout=200) == 0
    now = whole_records(output)
    assert known.items() <= now.items()
    assert len(now) == 12
    assert not list(output.glob("*/.outbox/*"))
    assert not list(output.glob("**/.*.tmp"))
