"""Wherever cells run, the same results come home; a worker that dies takes no result with it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells_here import CellsHere, known_spies
from processes import assert_gone, wait_for_pids

from ferbench.benchmarks.run.dask import DaskExecutor
from ferbench.benchmarks.run.delivery import deliver
from ferbench.benchmarks.run.executors import LocalExecutor, make_executor
from ferbench.benchmarks.run.handoff import write_data
from ferbench.benchmarks.run.outcome import Executor
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.store import Store
from ferbench.benchmarks.store.suite import Suite
from ferbench.benchmarks.tasks import get_task
from ferbench.datasets import Dataset, make_faces

STATUSES = {"pixels+tree": "ok", "crash": "error"}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, size=24, random_state=0)


@pytest.fixture(scope="module")
def module_spies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make the third-party package known to processes that serve all tests of this file; give its notes."""
    with known_spies(tmp_path_factory.mktemp("spies") / "spy.log") as log:
        yield log


@pytest.fixture(scope="module")
def cluster_file(module_spies: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Start a scheduler and two worker processes, with a cache of their own and nannies that replace the dead."""
    folder = tmp_path_factory.mktemp("cluster")
    changes = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1", "FERBENCH_CACHE": str(folder / "cache")}
    file = folder / "scheduler.json"

    def start(*words: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "dask", *words, "--scheduler-file", str(file), "--no-dashboard"]
        with (folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, env=os.environ | changes, cwd=folder, start_new_session=True
            )

    processes = [start("scheduler", "--host", "127.0.0.1", "--port", "0")]
    processes += [start("worker", "--nthreads", "1", "--host", "127.0.0.1") for _ in range(2)]
    yield file
    # Their farewell takes seconds, and no test needs it.
    for process in processes:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)


@pytest.fixture
def notes(module_spies: Path) -> Path:
    module_spies.unlink(missing_ok=True)
    return module_spies


@pytest.fixture
def cluster(cluster_file: Path, notes: Path) -> str:
    """Address of the cluster, with both workers there."""
    return "dask://" + wait_for_workers(cluster_file, 2).removeprefix("tcp://")


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


def measure(output: Path, faces: Dataset, where: str | Executor, *recipes: str, **changes: Any) -> Store:
    executor = make_executor(where) if isinstance(where, str) else where
    summary = Run(Suite("small", recipes, **changes), faces, output).execute(executor)
    return Store(summary.root)


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def assert_same_results(first: Store, second: Store) -> None:
    assert (first.root / "suite.json").read_text() == (second.root / "suite.json").read_text()
    assert {record["recipe"]["name"]: record["status"] for record in first.records()} == STATUSES
    for one, other in zip(first.records(), second.records(), strict=True):
        for name in ("cell_id", "status", "reason", "recipe", "seed", "dataset", "classes", "bundle"):
            assert one[name] == other[name]
        if one["status"] == "ok":
            assert first.problem(one) is second.problem(other) is None
            left, right = (store.probabilities(one["cell_id"]) for store in (first, second))
            assert set(left) == set(right) == {"classes", "PublicTest", "PrivateTest"}
            for name in left:
                np.testing.assert_array_equal(left[name], right[name])


@pytest.mark.slow
def test_a_cluster_and_cells_at_once_give_the_results_of_a_plain_run(
    cluster: str, cluster_file: Path, tmp_path: Path, faces: Dataset
) -> None:
    cores = len(os.sched_getaffinity(0))
    plain, at_once, remote = (
        measure(tmp_path / str(i), faces, where, *STATUSES)
        for i, where in enumerate((CellsHere(), LocalExecutor(cores), cluster))
    )
    assert_same_results(plain, at_once)
    assert_same_results(plain, remote)
    assert any(record["bundle"] for record in remote.records())
    # The images traveled: the workers have a cache of their own.
    assert list((cluster_file.parent / "cache" / "handed").iterdir())
    # Cells at once share the cores.
    assert at_once.records()[0]["environment"]["threads"]["OMP_NUM_THREADS"] == "1"


def test_images_travel_in_blocks_and_only_to_workers_that_lack_them(
    cluster: str, cluster_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferbench.benchmarks.run.handoff.BLOCK_BYTES", 5000)
    sizes: list[int] = []
    others = make_faces(105, size=24, random_state=1)
    for i in range(2):
        executor = DaskExecutor(cluster)
        run = executor._client.run

        def spied(function: Any, *arguments: Any, run: Any = run, **options: Any) -> Any:
            sizes.extend(len(each) for each in arguments if isinstance(each, bytes))
            return run(function, *arguments, **options)

        monkeypatch.setattr(executor._client, "run", spied)
        store = measure(tmp_path / str(i), others, executor, "pixels+tree")
        assert [record["status"] for record in store.records()] == ["ok"]
        if i == 0:
            # 84 of the 105 images are handed on, of 24 x 24 bytes, with their labels.
            assert max(sizes) == 5000 and sum(sizes) > 84 * 24 * 24
            sent = len(sizes)
    assert len(sizes) == sent
    kept = cluster_file.parent / "cache" / "handed" / others.fingerprint[:32]
    assert content(kept) == content(write_data(others, get_task("expressions"), tmp_path / "here"))


def test_a_worker_that_lost_its_data_gets_it_again(
    cluster: str, cluster_file: Path, tmp_path: Path, faces: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, delivered = DaskExecutor(cluster), []

    def lose_the_first(client: Any, folder: Path, *workers: Any) -> None:
        delivered.append(workers)
        deliver(client, folder, *workers)
        if len(delivered) == 1:
            shutil.rmtree(cluster_file.parent / "cache" / "handed")

    monkeypatch.setattr("ferbench.benchmarks.run.dask.deliver", lose_the_first)
    store = measure(tmp_path, faces, executor, "pixels+tree")
    assert [record["status"] for record in store.records()] == ["ok"]
    assert len(delivered) == 2 and len(delivered[1][0]) == 1


def test_a_delivery_that_is_given_up_leaves_nothing(
    cluster: str, cluster_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_early(folder: Path) -> Iterator[tuple[str, bytes]]:
        yield "images.npy", b"some"
        raise KeyboardInterrupt

    monkeypatch.setattr("ferbench.benchmarks.run.delivery.read_blocks", stop_early)
    others = make_faces(70, size=24, random_state=2)
    with pytest.raises(KeyboardInterrupt):
        measure(tmp_path, others, cluster, "pixels+tree")
    handed = cluster_file.parent / "cache" / "handed"
    assert not [path for path in handed.rglob("*") if path.is_file() and path.read_bytes() == b"some"]


def test_the_cell_of_a_dead_worker_is_tried_again_and_told_again(
    cluster: str, notes: Path, tmp_path: Path, faces: Dataset
) -> None:
    run, started = Run(Suite("small", ("fatal-worker",)), faces, tmp_path), []
    summary = run.execute(make_executor(cluster), on_start=started.append)
    assert [record["status"] for record in summary.measured] == ["ok"]
    assert len(notes.read_text().splitlines()) == 2
    assert started == [run.cells[0].cell_id] * 2


def test_a_cell_that_kills_each_worker_becomes_a_row(cluster: str, tmp_path: Path, faces: Dataset) -> None:
    params = {"fatal-worker": {"times": 99}}
    store = measure(tmp_path, faces, cluster, "fatal-worker", "quick", params=params)
    found = {record["recipe"]["name"]: record for record in store.records()}
    assert found["quick"]["status"] == "ok"
    assert found["fatal-worker"]["status"] == "killed"
    assert "worker died" in found["fatal-worker"]["reason"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_ends_stops_its_cells_on_the_cluster(
    cluster: str, notes: Path, tmp_path: Path, number: signal.Signals
) -> None:
    suite = tmp_path / "small.toml"
    suite.write_text("recipes = ['endless']\n[dataset]\nsource = 'faces'\noptions = { n_samples = 105 }\n")
    words = ["run", str(suite), "--executor", cluster, "--output", str(tmp_path / "out"), "--no-report"]
    driver = subprocess.Popen([sys.executable, "-m", "ferbench.cli", *words], stderr=subprocess.PIPE, text=True)
    pids = wait_for_pids(notes)
    driver.send_signal(number)
    _, stderr = driver.communicate(timeout=60)
    assert "Traceback" not in stderr
    assert_gone(*pids, seconds=30)


def test_a_scheduler_that_is_not_there_is_named() -> None:
    with pytest.raises(OSError, match=r"dask://127.0.0.1:1: no Dask scheduler answers"):
        DaskExecutor("dask://127.0.0.1:1", timeout_s=1)
