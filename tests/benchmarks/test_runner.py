"""A run turns each cell into one record, whatever the cell does, and goes on."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cells_here import CellsHere, ForkedCells, known_spies
from processes import assert_gone

from ferbench.benchmarks.run.executors import LocalExecutor
from ferbench.benchmarks.run.outcome import Executor
from ferbench.benchmarks.run.runner import Run, Summary
from ferbench.benchmarks.store.suite import Suite
from ferbench.cli import main
from ferbench.datasets import Dataset, make_faces
from ferbench.models import load_bundle


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, size=24, random_state=0)


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ForkedCells, Path]]:
    """An executor whose processes know the third-party package, and the notes of its recipes."""
    with known_spies(tmp_path_factory.mktemp("spies") / "spy.log") as log:
        executor = ForkedCells()
        yield executor, log
        executor.warm.close()


@pytest.fixture
def forked(forks: tuple[ForkedCells, Path]) -> ForkedCells:
    forks[1].unlink(missing_ok=True)
    return forks[0]


def measure(output: Path, dataset: Dataset, executor: Executor, *recipes: str, **changes: object) -> Summary:
    suite = replace(Suite("small", recipes), **changes)  # type: ignore[arg-type]
    return Run(suite, dataset, output).execute(executor)


def run_with(patch: pytest.MonkeyPatch, executor: Executor) -> None:
    """Let the command measure its cells with this executor."""
    patch.setattr("ferbench.benchmarks.run.make_executor", lambda name, jobs: executor)


def write_suite(folder: Path, *recipes: str) -> Path:
    path = folder / "small.toml"
    options = "[dataset]\nsource = 'faces'\noptions = { n_samples = 105 }\n"
    path.write_text(f"recipes = {json.dumps(recipes)}\n{options}")
    return path


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, faces: Dataset) -> Summary:
    """A built-in recipe, measured in a new process."""
    return measure(tmp_path_factory.mktemp("measured"), faces, LocalExecutor(), "pixels+logreg")


def test_a_built_in_recipe_ends_as_a_whole_record_with_a_bundle(measured: Summary, faces: Dataset) -> None:
    (record,) = measured.measured
    assert record["status"] == "ok", record["traceback"]
    assert record["reason"] is None
    assert record["classes"] == sorted(set(faces.labels))
    assert record["dataset"]["drawn"] is True
    assert record["dataset"]["counts"]["Training"] == len(faces.rows("Training"))
    timings = record["timings"]
    assert all(timings[name] >= 0 for name in ("extract_s", "fit_s", "predict_s", "throughput_images_per_s"))
    assert timings["latency_ms"]["median"] > 0
    assert record["size_bytes"] > 0
    assert record["peak_memory_bytes"] > 2**20
    assert record["environment"]["packages"]["scikit-learn"]
    assert record["recipe"]["implementation"].startswith("scikit-learn")
    bundle = load_bundle(measured.root / record["bundle"])
    stored = np.load(measured.root / "probabilities" / f"{record['cell_id']}.npz")
    images, labels = faces.part("PrivateTest")
    np.testing.assert_allclose(bundle.predict_proba(images), stored["PrivateTest"], atol=1e-5)
    said = bundle.info["scores"]["PrivateTest"]
    assert said["accuracy"] == pytest.approx(np.mean(bundle.predict(images) == labels))
    assert said["accuracy_low"] <= said["accuracy"] <= said["accuracy_high"]


def test_rows_hold_what_metrics_need(measured: Summary, faces: Dataset) -> None:
    rows = np.load(measured.root / "rows.npz")
    for split in ("PublicTest", "PrivateTest"):
        assert rows[f"{split}_labels"].tolist() == faces.labels[faces.rows(split)].tolist()
        assert rows[f"{split}_ids"].tolist() == faces.ids[faces.rows(split)].tolist()
        assert not rows[f"{split}_leaked"].any()


@pytest.mark.slow
def test_failed_cells_become_rows_and_the_run_goes_on(forked: ForkedCells, tmp_path: Path, faces: Dataset) -> None:
    summary = measure(tmp_path, faces, forked, "crash", "segfault", "memory-error", "no-extra", "quick")
    found = {record["recipe"]["name"]: record for record in summary.measured}
    assert {name: record["status"] for name, record in found.items()} == {
        "crash": "error",
        "segfault": "killed",
        "memory-error": "oom",
        "no-extra": "skipped",
        "quick": "ok",
    }
    assert found["crash"]["reason"] == "RuntimeError: the kernel is not positive definite"
    assert "in fit" in found["crash"]["traceback"]
    # A record names no folder of the machine that measured.
    assert 'File "ferbench/benchmarks/run/cell.py"' in found["crash"]["traceback"]
    assert not re.search(r'File "/[^"]*/run/cell\.py"', found["crash"]["traceback"])
    assert "SIGSEGV" in found["segfault"]["reason"]
    assert 'pip install "ferbench[deep]"' in found["no-extra"]["reason"]
    assert {record["recipe"]["name"] for record in summary.failed} == {"crash", "segfault", "memory-error"}
    for record in found.values():
        assert json.loads((summary.root / "records" / f"{record['cell_id']}.json").read_text()) == record
        assert record["started"] < record["finished"]
        assert (record["timings"]["fit_s"] is None) == (record["status"] != "ok")


@pytest.mark.slow
def test_a_cell_over_its_time_is_stopped_with_all_it_started(
    forked: ForkedCells, forks: tuple[ForkedCells, Path], tmp_path: Path, faces: Dataset
) -> None:
    # As long as a cell that ends takes from start to end on this machine, three times: enough to get going.
    start = time.monotonic()
    measure(tmp_path, faces, forked, "quick")
    limit = round(3 * (time.monotonic() - start), 1)
    summary = measure(tmp_path, faces, forked, "endless", time_s=limit)
    (record,) = summary.measured
    assert record["status"] == "timeout"
    assert f"took longer than {limit:g} s" in record["reason"]
    assert_gone(*map(int, forks[1].read_text().split()))


def test_a_cell_over_its_memory_is_stopped(forked: ForkedCells, tmp_path: Path, faces: Dataset) -> None:
    summary = measure(tmp_path, faces, forked, "hungry", memory_mb=900.0)
    (record,) = summary.measured
    assert record["status"] == "oom"
    assert "more than 900 MiB" in record["reason"]


def test_features_are_computed_once_and_their_time_goes_to_each_record(
    spies: Path, tmp_path: Path, faces: Dataset
) -> None:
    summary = measure(tmp_path, faces, CellsHere(), "spied-pixels+logreg", "spied-pixels+tree")
    assert [record["status"] for record in summary.measured] == ["ok", "ok"]
    notes = [line.split()[0] for line in spies.read_text().splitlines()]
    assert notes.count("extractor-fit") == len(faces.rows("Training"))
    assert notes.count(f"extractor-transform-{len(faces.rows('Training'))}") == 1
    first, second = (record["timings"]["extract_s"] for record in summary.measured)
    assert first == second > 0


@pytest.mark.slow
def test_a_union_shares_the_features_of_its_members(tmp_path: Path, faces: Dataset) -> None:
    summary = measure(tmp_path, faces, CellsHere(), "pixels+tree", "hog+tree", "hog+pixels+tree")
    assert [record["status"] for record in summary.measured] == ["ok"] * 3
    pixels, hog, both = (record["timings"]["extract_s"] for record in summary.measured)
    assert both == pytest.approx(pixels + hog)
    load_bundle(summary.root / summary.measured[2]["bundle"])


def test_the_network_learns_from_public_images_and_leaves_its_history(tmp_path: Path, faces: Dataset) -> None:
    params = {"cnn": {"architecture": "tiny", "epochs": 2}}
    summary = measure(tmp_path, faces, CellsHere(), "cnn", params=params)
    (record,) = summary.measured
    assert record["status"] == "ok", record["traceback"]
    assert len(record["history"]["val_accuracy"]) == 2
    assert record["bundle"] is not None
    assert record["timings"]["extract_s"] is None
    assert not (summary.root / "checkpoints" / record["cell_id"]).exists()


def test_an_unknown_recipe_or_parameter_is_named_with_the_suite(faces: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"mine.toml: .*did you mean hog\+svm"):
        Run(Suite("mine", ("hog+smv",), origin="mine.toml"), faces, tmp_path)
    with pytest.raises(ValueError, match=r"mine.toml: .*classifier__D"):
        Run(Suite("mine", ("hog+svm",), params={"hog+svm": {"classifier__D": 1}}, origin="mine.toml"), faces)
    with pytest.raises(ValueError, match=r"--only hgo\* matches no recipe"):
        Run(Suite("mine", ("hog+svm",)), faces, tmp_path, only=["hgo*"])


def test_a_class_without_training_images_or_an_empty_part_is_named(faces: Dataset, tmp_path: Path) -> None:
    split = faces.split.copy()
    split[(faces.labels == "fear") & (split == "Training")] = "PublicTest"
    with pytest.raises(ValueError, match="PublicTest has images of fear and Training has none"):
        Run(Suite("mine", ("constant",)), replace(faces, split=split), tmp_path)
    split[split == "PrivateTest"] = "Training"
    with pytest.raises(ValueError, match="PrivateTest has no image"):
        Run(Suite("mine", ("constant",)), replace(faces, split=split), tmp_path)


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = write_suite(tmp_path, "constant", "pixels+tree")
    assert main(["run", str(suite), "--dry-run", "--output", str(tmp_path / "out")]) == 0
    assert "2 of 2 cells would be measured" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_it_ran_on_and_how_each_cell_ended(
    spies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_with(monkeypatch, CellsHere())
    suite = write_suite(tmp_path, "constant", "crash")
    assert main(["run", str(suite), "--output", str(tmp_path / "out"), "--no-report"]) == 1
    out, err = capsys.readouterr()
    assert "drawn faces, not real photographs" in out
    lines = [line for line in (out + err).splitlines() if line.startswith(("ok ", "error"))]
    assert lines[0].startswith("ok      constant-s0-")
    assert lines[-1].endswith("RuntimeError: the kernel is not positive definite")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.toml"], "neither a shipped suite"),
        (["fer2013"], "add --source PATH"),
        (["faces", "--source", "no/such.zip"], "no/such.zip"),
        (["faces", "--jobs", "0"], "jobs must be at least 1"),
        (["faces", "--executor", "slurm"], "executor must be 'local' or 'dask://HOST:PORT'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *arguments, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("mounting a small tmpfs needs the rights of root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_loses_nothing(
    forked: ForkedCells,
    tmp_path: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_with(monkeypatch, forked)
    suite = write_suite(tmp_path, "quick", "pixels+tree", "pixels+svm", "constant")
    words = ["run", str(suite), "--output", str(small_disk), "--no-report"]
    assert main([*words, "--only", "quick"]) == 0, capsys.readouterr().err
    record = next(small_disk.glob("*/records/quick-*.json"))
    before = record.read_bytes()
    capsys.readouterr()
    assert main(words) == 2
    full = capsys.readouterr().err
    error = [line for line in full.splitlines() if "error" in line]
    assert len(error) == 1
    assert "No space left on device" in error[0]
    assert "Traceback" not in full
    assert record.read_bytes() == before
    assert not list(small_disk.glob("*/.outbox/*"))
    subprocess.run(["mount", "-o", "remount,size=40M", str(small_disk)], check=True)
    assert main(words) == 0, capsys.readouterr().err
    assert record.read_bytes() == before


def test_a_read_only_results_folder_is_one_line(
    tmp_path: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert main(["run", str(write_suite(tmp_path, "constant")), "--output", str(small_disk)]) == 2
    error = capsys.readouterr().err
    assert "Read-only file system" in error
    assert len(error.strip().splitlines()) == 1
