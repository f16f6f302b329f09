"""The store: a record that can be read is whole, and what is damaged is said and never taken for a result."""

import errno
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.benchmarks.store.store import Store, file_digest, save_arrays

CELL = "quick-s0-0123abcd"


def make_record(cell_id: str = CELL, **changes: Any) -> dict[str, Any]:
    recipe, seed, _ = cell_id.rsplit("-", 2)
    return {
        "schema": 1,
        "cell_id": cell_id,
        "status": "ok",
        "reason": None,
        "recipe": {"name": recipe},
        "seed": int(seed[1:]),
        "classes": ["a", "b"],
        "dataset": {"fingerprint": "ab12"},
        "finished": "2026-01-01T00:00:00.000+00:00",
        "files": {},
    } | changes


def publish(store: Store, cell_id: str = CELL, **changes: Any) -> dict[str, Any]:
    outbox = store.outbox()
    path = outbox / "probabilities" / f"{cell_id}.npz"
    save_arrays(path, {"classes": np.array(["a", "b"]), "PublicTest": np.full((3, 2), 0.5, np.float32)})
    bundle = outbox / "bundles" / cell_id
    bundle.mkdir(parents=True)
    (bundle / "bundle.json").write_text("{}")
    files = {
        p.relative_to(outbox).as_posix(): {"bytes": p.stat().st_size, "sha256": file_digest(p)}
        for p in (path, bundle / "bundle.json")
    }
    record = make_record(cell_id, files=files, **changes)
    store.publish(record, outbox)
    return record


def test_what_is_published_comes_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "faces")
    record = publish(store)
    assert store.records() == [record]
    assert store.problem(store.record(CELL)) is None
    assert store.probabilities(CELL)["PublicTest"].shape == (3, 2)


@pytest.mark.parametrize("name", [f"probabilities/{CELL}.npz", f"bundles/{CELL}/bundle.json"])
def test_an_ok_record_without_its_companions_is_not_ok(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path)
    record = publish(store)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:-1] + b"?")
    assert store.problem(record) == f"{name} was changed after it was recorded"
    (tmp_path / name).unlink()
    assert store.problem(record) == f"{name} is missing"


@pytest.mark.parametrize("content", ["", '{"schema": 1, "cell', "[]", '{"schema": 1, "status": "ok"}'])
def test_a_damaged_record_is_said_and_left_out(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(tmp_path)
    publish(store)
    path = tmp_path / "records" / f"{CELL}.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"{CELL}.json: "):
        store.record(CELL)
    with caplog.at_level(logging.WARNING):
        assert store.records() == []
    assert str(path) in caplog.text


def test_a_record_of_another_schema_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, schema=2)
    with pytest.raises(ValueError, match="expected schema 1"):
        store.record(CELL)


def test_a_record_of_a_newer_schema_is_never_overwritten(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store)
    path = tmp_path / "records" / f"{CELL}.json"
    newer = json.dumps(json.loads(path.read_text()) | {"schema": 2, "added later": True})
    path.write_text(newer)
    companions = {item: item.read_bytes() for item in tmp_path.rglob("*.npz")}
    with pytest.raises(ValueError, match=r"expected schema 1 at most; got 2, of a newer ferbench.*update ferbench"):
        store.record(CELL)
    with pytest.raises(ValueError, match="never overwritten"):
        publish(store)
    with pytest.raises(ValueError, match="never overwritten"):
        store.write_record(make_record(status="error", reason="failed"))
    assert path.read_text() == newer
    assert companions and all(item.read_bytes() == content for item, content in companions.items())


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store)
    path = tmp_path / "probabilities" / f"{CELL}.npz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=f"{CELL}.npz: .*damaged archive"):
        store.probabilities(CELL)


def test_a_failure_replaces_the_companions_of_an_older_result(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store)
    store.write_record(make_record(status="error", reason="no"))
    assert store.record(CELL)["status"] == "error"
    assert not list(tmp_path.glob("probabilities/*")) + list(tmp_path.glob("bundles/*"))


def test_records_of_other_data_and_of_older_parameters_are_left_out(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, "quick-s0-aaaaaaaa", finished="2026-01-03T00:00:00+00:00")
    publish(store, "quick-s0-bbbbbbbb", finished="2026-01-02T00:00:00+00:00")
    publish(store, "other-s0-cccccccc", dataset={"fingerprint": "cd34"})
    publish(store, "again-s0-dddddddd", finished="2026-01-01T00:00:00+00:00")
    publish(store, "again-s0-eeeeeeee", finished="2026-01-02T00:00:00+00:00")
    store.write_rows({"fingerprint": np.array("ab12")})
    store.write_suite({"cells": ["quick-s0-bbbbbbbb"]})
    assert [record["cell_id"] for record in store.records()] == ["quick-s0-bbbbbbbb", "again-s0-eeeeeeee"]


def test_a_full_disk_leaves_the_older_record_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    record = publish(store)

    def refuse(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        store.publish(make_record(finished="later"), store.outbox())
    assert store.record(CELL) == record
    assert store.problem(record) is None
    assert not list(tmp_path.glob("records/.*"))


def test_sweeping_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    store = Store(tmp_path)
    record = publish(store)
    (store.outbox() / "half").write_text("x")
    (tmp_path / "records" / ".x.json.tmp").write_text("{")
    store.sweep()
    assert store.records() == [record]
    assert not (tmp_path / ".outbox").exists()
    assert not list(tmp_path.glob("records/.*"))


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    code = (
        "import sys, time; from ferbench.benchmarks.store.store import Store\n"
        "with Store(sys.argv[1]).locked(): print('held', flush=True); time.sleep(1000)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_two_runs_on_one_folder_are_kept_apart(tmp_path: Path, other_run: "subprocess.Popen[str]") -> None:
    with pytest.raises(ValueError, match=rf"another run \(process {other_run.pid}\)"), Store(tmp_path).locked():
        pass
    other_run.kill()
    other_run.wait()
    with Store(tmp_path).locked():
        assert (tmp_path / ".lock").read_text() == str(os.getpid())


def test_records_are_plain_json(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="JSON"):
        store.write_record(make_record(fit_s=float("nan")))
    record = publish(store)
    assert json.loads((tmp_path / "records" / f"{CELL}.json").read_text()) == record
