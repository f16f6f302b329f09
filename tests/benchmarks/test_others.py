"""Models in files and a package of others are measured by a suite like any other recipe."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from foreign_models import weights, write_contract, write_model
from peer_standins import write_interpreter, write_standins
from torch_standin import write_script, write_torch

from ferbench.cli import main
from ferbench.models import load_bundle


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a suite, a model with its contract elsewhere, and an interpreter."""
    folder = tmp_path_factory.mktemp("others")
    model = write_model(folder / "my.onnx", weights(576), ["n", 1, 24, 24])
    write_contract(model).rename(folder / "elsewhere.toml")
    write_interpreter(folder, write_standins(folder / "standins"))
    lines = [f'recipes = ["onnx:{model}", "peer:fer", "peer:rmn"]', "[dataset]", 'source = "faces"', "size = 24"]
    (folder / "mine.toml").write_text("\n".join([*lines, "options = {n_samples = 210}"]))
    return folder


def command(desk: Path, *more: str) -> list[str]:
    others = ["--contract", str(desk / "elsewhere.toml"), "--peer", f"fer={desk / 'python'}"]
    return ["run", str(desk / "mine.toml"), *others, "--output", str(desk / "out"), "--no-report", *more]


@pytest.fixture(scope="module")
def records(desk: Path) -> dict[str, dict[str, Any]]:
    assert main(command(desk)) == 0
    found = [json.loads(file.read_text()) for file in (desk / "out/faces/records").glob("*.json")]
    return {record["recipe"]["name"].partition(":")[0]: record for record in found}


def test_each_row_says_what_it_is_and_what_it_may_have_seen(records: dict[str, dict[str, Any]]) -> None:
    assert set(records) == {"onnx", "peer"} and all(record["status"] == "ok" for record in records.values())
    assert "trained elsewhere, on unknown data" in records["onnx"]["reason"]
    assert "trained elsewhere, on FER2013" in records["peer"]["reason"]
    assert records["onnx"]["recipe"]["params"]["checksum"] in records["onnx"]["recipe"]["implementation"]
    assert records["peer"]["recipe"]["params"] == {"release": "9.1"}


def test_costs_are_of_one_core_and_the_model_in_a_file_has_a_bundle(
    records: dict[str, dict[str, Any]], desk: Path
) -> None:
    assert {record["environment"]["cores"] for record in records.values()} == {1}
    assert all(record["timings"]["latency_ms"]["median"] > 0 for record in records.values())
    assert records["peer"]["bundle"] is None and records["peer"]["size_bytes"] > 0
    bundle = load_bundle(desk / "out" / "faces" / records["onnx"]["bundle"])
    assert bundle.predict_proba(np.zeros((2, 24, 24), np.uint8)).shape == (2, 7)


def test_a_second_run_keeps_the_cells_and_names_what_is_not_measured(
    records: dict[str, dict[str, Any]], desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(desk, "--dry-run")) == 0
    out = capsys.readouterr().out
    assert "0 of 2 cells would be measured" in out
    assert "not measured: rmn; pip install rmn" in out and "then --peer rmn=PYTHON" in out


def test_what_is_wrong_is_one_line_and_exit_code_2(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    without = ["run", str(desk / "mine.toml"), "--output", str(desk / "out"), "--dry-run"]
    for words, message in (
        (without, "my.onnx needs a contract"),
        ([*without, "--peer", "fre=x"], "there is no peer 'fre'; did you mean fer"),
        (["run", "faces", "--contract", "c.toml", "--dry-run"], "names no model in a file"),
    ):
        assert main(words) == 2
        last = capsys.readouterr().err.strip().splitlines()
        assert len(last) == 1 and message in last[0]


@pytest.fixture(scope="module")
def script(desk: Path) -> list[str]:
    """The command that measures a TorchScript file with the stand-in of PyTorch, without trusting it."""
    write_contract(write_script(desk / "net.pt", weights(576)))
    (desk / "bin").mkdir()
    torch = write_interpreter(desk / "bin", write_torch(desk / "torch"))
    text = (desk / "mine.toml").read_text().splitlines()
    text[0] = f'recipes = ["torchscript:{desk / "net.pt"}"]'
    (desk / "script.toml").write_text("\n".join(text))
    return ["run", str(desk / "script.toml"), "--torch", torch, "--output", str(desk / "scripted"), "--no-report"]


def test_a_trusted_torchscript_file_is_a_row_like_any_other(
    script: list[str], desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*script, "--trust"]) == 0
    (file,) = (desk / "scripted/faces/records").glob("*.json")
    record = json.loads(file.read_text())
    assert record["status"] == "ok" and record["timings"]["latency_ms"]["median"] > 0
    assert record["bundle"] is None and record["size_bytes"] == (desk / "net.pt").stat().st_size
    assert "no bundle: it runs code from its file; export that" in record["reason"]
    assert "trained elsewhere, on unknown data" in record["reason"]
    assert set(record["recipe"]["params"]) == {"release", "checksum"} and record["environment"]["cores"] == 1
    capsys.readouterr()
    assert main([*script, "--trust", "--dry-run"]) == 0
    assert "0 of 1 cells would be measured" in capsys.readouterr().out


def test_a_torchscript_file_is_refused_in_one_line_without_trust(
    script: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for words, message in (
        (script, "net.pt: opening a TorchScript file runs code from it; if you trust its maker, add --trust"),
        (["run", "faces", "--trust"], "--trust: suite faces names no TorchScript file"),
        ([*script, "--trust", "--torch", "nowhere/python"], "--torch: nowhere/python is no Python interpreter"),
    ):
        assert main(words) == 2
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert message in line
