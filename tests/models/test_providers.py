"""Execution providers: what onnxruntime offers is used, anything else is refused with what is offered."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import house
import numpy as np
import onnxruntime
import pytest
from foreign_models import weights, write_contract, write_model

from ferbench.cli import main
from ferbench.models import foreign_bundle, load_bundle, pretrained
from ferbench.models.base import check_provider
from ferbench.models.bundles import provider_names

XS = pretrained()["ferbench-net-xs"]


def offers(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: list(names))


def test_the_processor_is_the_default_and_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, "CUDAExecutionProvider", "CPUExecutionProvider")
    assert provider_names("cpu") == ["CPUExecutionProvider"]
    assert provider_names("cuda") == ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert load_bundle(XS).estimator.session.get_providers() == ["CPUExecutionProvider"]


def test_what_is_not_offered_is_refused_with_what_is(monkeypatch: pytest.MonkeyPatch) -> None:
    offers(monkeypatch, "OpenVINOExecutionProvider", "CPUExecutionProvider")
    with pytest.raises(ValueError, match="provider cuda: this onnxruntime offers cpu, openvino; install onnxruntime-g"):
        load_bundle(XS, provider="cuda")
    with pytest.raises(ValueError, match=r"provider must be one of cpu, cuda.*got 'tpu' \(offered here: cpu, openvino"):
        load_bundle(XS, provider="tpu")


def test_a_silent_fallback_is_noticed() -> None:
    with pytest.raises(ValueError, match="provider cuda cannot be started on this machine"):
        check_provider(load_bundle(XS).estimator.session, "cuda")


def test_a_model_of_others_is_computed_by_the_provider_or_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_contract(write_model(tmp_path / "my.onnx", weights(576), ["n", 1, 24, 24]))
    bundle = foreign_bundle(f"onnx:{tmp_path / 'my.onnx'}")
    assert load_bundle(bundle).estimator.session.get_providers() == ["CPUExecutionProvider"]
    # The session starts on the processor alone, as it does with CUDA whose drivers are missing.
    offers(monkeypatch, "CUDAExecutionProvider", "CPUExecutionProvider")
    with (
        pytest.warns(UserWarning, match="not in available"),
        pytest.raises(ValueError, match="provider cuda cannot be"),
    ):
        load_bundle(bundle, provider="cuda")


def test_the_command_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    offers(monkeypatch, "CPUExecutionProvider")
    # Without results of a suite, whose winner would be asked for first.
    monkeypatch.chdir(tmp_path)
    cv2.imwrite(str(tmp_path / "me.png"), np.zeros((32, 32), np.uint8))
    assert main(["image", str(tmp_path / "me.png"), "--provider", "coreml"]) == 2
    assert "this onnxruntime offers cpu; install" in capsys.readouterr().err


# Telemetry


def test_a_network_keeps_no_telemetry(tmp_path: Path) -> None:
    # onnxruntime would write events into the user's cache, and send them.
    code = f"""if True:
        import os
        import numpy as np
        from ferbench.models import load_bundle
        load_bundle({str(XS)!r}).predict_proba(np.zeros((1, 48, 48), np.uint8))
        print(*(os.path.realpath(f"/proc/self/fd/{{name}}") for name in os.listdir("/proc/self/fd")), sep="\\n")
    """
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "LOCALAPPDATA": str(tmp_path)}
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | home
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "onnxruntime.db" not in run.stdout and not any(path.is_file() for path in tmp_path.rglob("*"))


def test_onnxruntime_is_imported_in_one_place() -> None:
    # The other imports a part of the package, behind a call of the first.
    places = [
        name
        for name, path in house.modules().items()
        for _ in re.finditer(r"^\s*(import|from) onnxruntime\b", path.read_text(), re.MULTILINE)
    ]
    assert sorted(places) == ["ferbench.models.base.providers", "ferbench.models.bundles.int8"]
