"""Wherever cells run, the same results come home; a worker that dies takes no result with it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from ferbench.benchmarks._executors import LocalExecutor, make_executor
from ferbench.benchmarks._runner import Run
from ferbench.benchmarks._store import Store
from ferbench.benchmarks._suite import Suite
from ferbench.datasets import Dataset, make_faces

RECIPES = ("constant", "quick", "pixels+tree")


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, random_state=0)


@pytest.fixture
def cluster(spies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start a scheduler and two worker processes, in a cache of their own; give the address."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "1")
    environment = os.environ | {"FERBENCH_CACHE": str(tmp_path / "workers' cache")}
    file = tmp_path / "scheduler.json"

    def start(*words: str) -> "subprocess.Popen[bytes]":
        log = (tmp_path / f"{words[0]}.log").open("ab")
        command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(file), "--no-dashboard"]
        with log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=tmp_path)

    processes = [start("scheduler", "--host", "127.0.0.1", "--port", "0")]
    processes += [start("worker", "--nthreads", "1", "--host", "127.0.0.1") for _ in range(2)]
    address = wait_for_workers(file, 2)
    yield "dask://" + address.removeprefix("tcp://")
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        process.wait(timeout=30)


def wait_for_workers(file: Path, n: int) -> str:
    import distributed

    for _ in range(300):
        if file.is_file() and file.stat().st_size:
            address = str(json.loads(file.read_text())["address"])
            with distributed.Client(address, set_as_default=False) as client:
                client.wait_for_workers(n, timeout=60)
            return address
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start")


def measure(output: Path, faces: Dataset, where: str | int, *recipes: str, **changes: Any) -> Store:
    executor = LocalExecutor(where) if isinstance(where, int) else make_executor(where)
    summary = Run(Suite("small", recipes, **changes), faces, output).execute(executor)
    return Store(summary.root)


def assert_same_results(first: Store, second: Store) -> None:
    assert (first.root / "suite.json").read_text() == (second.root / "suite.json").read_text()
    assert len(first.records()) == len(RECIPES)
    for one, other in zip(first.records(), second.records(), strict=True):
        assert one["status"] == other["status"] == "ok"
        for name in ("cell_id", "recipe", "seed", "dataset", "classes", "bundle"):
            assert one[name] == other[name]
        assert first.problem(one) is second.problem(other) is None
        left, right = (store.probabilities(one["cell_id"]) for store in (first, second))
        for name in left:
            np.testing.assert_array_equal(left[name], right[name])


def test_cells_at_once_give_the_same_results(spies: Path, tmp_path: Path, faces: Dataset) -> None:
    one, two = (measure(tmp_path / str(jobs), faces, jobs, *RECIPES) for jobs in (1, 2))
    assert_same_results(one, two)


def test_cells_at_once_share_the_cores(spies: Path, tmp_path: Path, faces: Dataset) -> None:
    cores = len(os.sched_getaffinity(0))
    store = measure(tmp_path, faces, cores, "constant")
    assert store.records()[0]["environment"]["threads"]["OMP_NUM_THREADS"] == "1"


def test_a_cluster_gives_the_results_of_a_local_run(cluster: str, tmp_path: Path, faces: Dataset) -> None:
    local = measure(tmp_path / "local", faces, 1, *RECIPES)
    remote = measure(tmp_path / "remote", faces, cluster, *RECIPES)
    assert_same_results(local, remote)
    assert any(record["bundle"] for record in remote.records())
    assert (tmp_path / "workers' cache").is_dir()


def test_the_cell_of_a_dead_worker_is_tried_again(cluster: str, spies: Path, tmp_path: Path, faces: Dataset) -> None:
    store = measure(tmp_path, faces, cluster, "fatal-worker", "quick", "constant")
    assert {record["status"] for record in store.records()} == {"ok"}
    assert len(spies.read_text().splitlines()) == 2


def test_a_cell_that_kills_each_worker_becomes_a_row(cluster: str, tmp_path: Path, faces: Dataset) -> None:
    params = {"fatal-worker": {"times": 99}}
    store = measure(tmp_path, faces, cluster, "fatal-worker", "quick", params=params)
    found = {record["recipe"]["name"]: record for record in store.records()}
    assert found["quick"]["status"] == "ok"
    assert found["fatal-worker"]["status"] == "killed"
    assert "worker died" in found["fatal-worker"]["reason"]


def test_failures_come_home_from_a_cluster_too(cluster: str, tmp_path: Path, faces: Dataset) -> None:
    (record,) = measure(tmp_path, faces, cluster, "crash").records()
    assert record["status"] == "error"
    assert record["reason"] == "RuntimeError: the kernel is not positive definite"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_ends_stops_its_cells_on_the_cluster(
    cluster: str, spies: Path, tmp_path: Path, number: signal.Signals
) -> None:
    suite = tmp_path / "small.toml"
    suite.write_text("recipes = ['endless']\n[dataset]\nsource = 'faces'\noptions = { n_samples = 105 }\n")
    words = ["run", str(suite), "--executor", cluster, "--output", str(tmp_path / "out"), "--no-report"]
    driver = subprocess.Popen([sys.executable, "-m", "ferbench.cli", *words], stderr=subprocess.PIPE, text=True)
    pids = wait_for_pids(spies)
    driver.send_signal(number)
    _, stderr = driver.communicate(timeout=60)
    assert "Traceback" not in stderr
    assert_gone(*pids)


def test_a_scheduler_that_is_not_there_is_named() -> None:
    with pytest.raises(OSError, match=r"dask://127.0.0.1:1: no Dask scheduler answers"):
        from ferbench.benchmarks._dask import DaskExecutor

        DaskExecutor("dask://127.0.0.1:1", timeout_s=1)


def wait_for_pids(log: Path) -> list[int]:
    """Pids of the endless cell and of its helper, once it runs."""
    for _ in range(600):
        if log.is_file() and len(words := log.read_text().split()) == 2:
            return [int(word) for word in words]
        time.sleep(0.1)
    raise AssertionError("the endless cell did not start")


def assert_gone(*pids: int) -> None:
    """No process of these lives, after a moment for the kernel and the scheduler."""
    for _ in range(300):
        alive = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
        if not alive:
            return
        time.sleep(0.1)
    raise AssertionError(f"still alive: {alive}")
