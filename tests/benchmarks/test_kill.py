"""``kill -9`` at any moment loses no finished cell and leaves nothing half-written that passes for a result."""

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from forked_runs import ForkedRuns

from ferbench.benchmarks.store.store import Store
from ferbench.utils import finished_files


def write_suite(folder: Path) -> Path:
    path = folder / "small.toml"
    path.write_text(
        "name = 'small'\nrecipes = ['constant', 'quick']\nseeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n"
        "[dataset]\nsource = 'faces'\nsize = 24\noptions = { n_samples = 105 }\n"
    )
    return path


def whole_records(output: Path) -> dict[str, str]:
    """When each ok record was finished; every record file must be readable and have its companions.

    A record that was being written when the kill came has a temporary name, which readers skip.
    """
    found = {}
    for path in finished_files(output, "*/records/*.json"):
        record = json.loads(path.read_bytes())
        store = Store(path.parent.parent)
        assert record["status"] == "ok"
        assert store.problem(record) is None
        assert set(store.probabilities(record["cell_id"])) == {"classes", "PublicTest", "PrivateTest"}
        found[record["cell_id"]] = record["finished"]
    return found


@pytest.fixture
def runs(spies: Path) -> Iterator[ForkedRuns]:
    runs = ForkedRuns()
    yield runs
    runs.close()


def test_ten_kills_at_random_moments_lose_and_repeat_nothing(runs: ForkedRuns, tmp_path: Path) -> None:
    suite, output = write_suite(tmp_path), tmp_path / "out"
    words = (str(suite), "--output", str(output), "--no-report")
    # Ten kills must fit into one run, also on a fast machine.
    began = time.monotonic()
    runs.start(str(suite), "--output", str(tmp_path / "whole"), "--no-report")
    assert runs.wait() == 0
    longest = min(1, (time.monotonic() - began) / 10)
    moments = random.Random(7)
    known: dict[str, str] = {}
    for _ in range(10):
        process = runs.start(*words)
        time.sleep(moments.uniform(0.05, longest))
        os.kill(process, signal.SIGKILL)
        assert runs.wait() == -signal.SIGKILL
        now = whole_records(output)
        assert known.items() <= now.items(), "an ok record was lost or measured again"
        known = now
    runs.start(*words)
    assert runs.wait() == 0
    now = whole_records(output)
    assert known.items() <= now.items()
    assert len(now) == 24
    assert not list(output.glob("*/.outbox/*"))
    assert not list(output.glob("**/.*.tmp"))
