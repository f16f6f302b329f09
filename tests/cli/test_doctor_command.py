"""The diagnosis: what is missing has a remedy, nothing hangs, and the exit code says whether ferbench works."""

import json
import time
from pathlib import Path

import pytest

from ferbench.cli import main
from ferbench.cli.doctor import camera, machine, software
from ferbench.realtime.detection import cached_model


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def found(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, dict[str, str]]:
    capsys.readouterr()
    assert main(["doctor", "--no-camera", "--json", *words]) == code
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is (code == 0)
    return {check["name"]: check for check in answer["checks"]}


def test_a_healthy_machine_is_all_ok_and_nothing_is_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = found(capsys)
    required = [check for check in checks.values() if check["required"]]
    assert len(required) >= 8 and all(check["status"] == "ok" for check in required)
    assert {"Python", "ferbench", "extra deep", "cores", "memory", "display", "YuNet's file"} <= set(checks)
    assert all(check["remedy"] for check in checks.values() if check["status"] != "ok")
    assert list(tmp_path.iterdir()) == []


def test_lines_say_status_and_remedy(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("ferbench.utils.extras.requires", lambda _: ['surely-not-installed; extra == "tune"'])
    assert main(["doctor", "--no-camera"]) == 0
    lines = capsys.readouterr().out.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("missing extra tune"))
    assert "surely-not-installed" in lines[place] and 'pip install "ferbench[tune]"' in lines[place + 1]
    assert lines[-1] == "all that is required works"


def test_a_broken_library_is_fatal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(software, "requires", lambda _: ["surely-not-installed>=2", "numpy"])
    monkeypatch.setitem(software._COMPILED, "numpy", "surely_no_module")
    checks = found(capsys, code=1)
    assert checks["surely-not-installed"]["remedy"] == 'pip install "surely-not-installed"'
    assert checks["numpy"]["status"] == "problem" and "surely_no_module" in checks["numpy"]["found"]


def test_folders_that_cannot_be_written_are_fatal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    checks = found(capsys, "--results", str(tmp_path / "file"), code=1)
    assert checks["results"]["status"] == "problem" and "--output" in checks["results"]["remedy"]


def test_yunet_s_file_is_looked_at_and_not_downloaded(capsys: pytest.CaptureFixture[str]) -> None:
    assert found(capsys)["YuNet's file"]["status"] == "missing"
    cached_model().parent.mkdir(parents=True)
    cached_model().write_bytes(b"damaged")
    check = found(capsys)["YuNet's file"]
    assert check["status"] == "problem" and str(cached_model()) in check["found"] and "remove it" in check["remedy"]
    assert cached_model().read_bytes() == b"damaged"


def test_a_driver_that_never_answers_is_left() -> None:
    before = time.monotonic()
    check = camera.check_camera(0, patience_s=0.5, code="import time; time.sleep(600)")
    assert check.status == "problem" and "no answer within 0.5 s" in check.found and check.remedy
    assert time.monotonic() - before < 300


def test_a_camera_that_is_not_there_is_missing() -> None:
    check = camera.check_camera(97, patience_s=120)
    assert check.status == "missing" and check.name == "camera 97" and not check.is_fatal


@pytest.mark.parametrize(("answer", "status"), [("640 x 480 pixels", "ok"), ("no frame", "problem"), ("", "missing")])
def test_what_a_camera_answers(answer: str, status: str) -> None:
    assert camera.check_camera(0, patience_s=120, code=f"print({answer!r})").status == status


def test_limits_of_a_container_are_seen(tmp_path: Path) -> None:
    assert machine.memory_limit(tmp_path) == float("inf") and machine.cpu_quota(tmp_path) is None
    (tmp_path / "memory.max").write_text("2000000000\n")
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert machine.memory_limit(tmp_path) == 2e9
    assert machine.cpu_quota(tmp_path) == 1.5
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine.memory_limit(tmp_path) == float("inf") and machine.cpu_quota(tmp_path) is None


def test_little_memory_is_a_problem_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("1000000000")
    monkeypatch.setattr(machine, "_CGROUPS", tmp_path)
    check = machine.check_memory()
    assert check.status == "problem" and "limited to 1.0 GB" in check.found and "memory_mb" in check.remedy


def test_a_display_is_missing_or_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":7")
    assert machine.check_display().found == "DISPLAY=:7"
    monkeypatch.delenv("DISPLAY")
    assert machine.check_display().status == "missing"


def test_a_negative_camera_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--camera", "-1"]) == 2
    assert "--camera must be" in capsys.readouterr().err
