"""TorchScript files are measured in a process of their own, once the user trusts them, and are refused otherwise."""

import copy
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from foreign_models import LABELS, weights, write_contract
from peer_standins import write_interpreter
from sklearn.base import clone
from torch_standin import write_script, write_torch

from ferbench.benchmarks.choose import find_bundle
from ferbench.benchmarks.store import Suite, trust_models
from ferbench.datasets import Dataset, make_faces
from ferbench.models import TorchScriptModel, foreign_bundle, get_recipe, make_recipe, save_bundle
from ferbench.models.foreign import trust_recipes, trusting
from ferbench.models.peers import set_interpreters

ROOT = Path(__file__).parents[2]
W = weights(576)


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(70, size=24, random_state=0)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("torch")
    return write_interpreter(folder, write_torch(folder / "packages"))


@pytest.fixture(autouse=True)
def named(python: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name the interpreter of the stand-in, and trust no file."""
    monkeypatch.setenv("FERBENCH_PEERS", f"torchscript={python}")
    monkeypatch.setenv("FERBENCH_TRUSTED", "")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = write_script(tmp_path / "my.pt", W)
    write_contract(path)
    return path


@pytest.fixture
def fitted(model: Path, faces: Dataset) -> Iterator[Any]:
    found: Any = TorchScriptModel(model, trust=True).fit(faces.images, faces.labels)
    yield found
    found.close()


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


# What it answers


def test_probabilities_are_those_of_the_model_in_the_order_of_the_sorted_labels(fitted: Any, faces: Dataset) -> None:
    expected = softmax(((faces.images / 255 - 0.5) / 0.5).reshape(70, -1) @ W)
    assert fitted.classes_.tolist() == sorted(LABELS)
    order = [LABELS.index(label) for label in fitted.classes_]
    np.testing.assert_allclose(fitted.predict_proba(faces.images), expected[:, order], atol=1e-6)
    assert fitted.origin_.startswith("my.pt (") and fitted.origin_.endswith(", torch 9.1")
    assert "trained elsewhere, on unknown data" in fitted.warning_ and fitted.size_bytes_ > 16000


def test_layout_channels_and_labels_are_those_of_the_contract(tmp_path: Path, faces: Dataset) -> None:
    path = write_script(tmp_path / "m.ts", weights(3 * 576))
    write_contract(path, color="bgr", layout="nhwc", mean=[0.1, 0.2, 0.3], deviation=[0.5, 1.0, 2.0])
    kept = np.isin(faces.labels, ["happy", "sad"])
    found = TorchScriptModel(path, trust=True).fit(faces.images[kept], faces.labels[kept])
    planes = [(faces.images / 255 - m) / d for m, d in zip((0.1, 0.2, 0.3), (0.5, 1.0, 2.0), strict=True)]
    expected = softmax(np.stack(planes, axis=-1).reshape(70, -1) @ weights(3 * 576))[:, :2]
    proba = found.predict_proba(faces.images)
    found.close()
    np.testing.assert_allclose(proba, expected / expected.sum(axis=1, keepdims=True), atol=1e-5)
    assert "gray repeated as BGR" in found.probabilities_ and "2 of 7 labels" in found.probabilities_


def test_it_can_be_cloned_and_copied_and_starts_again_after_a_crash(fitted: Any, faces: Dataset) -> None:
    expected = fitted.predict_proba(faces.images)
    assert not hasattr(clone(fitted), "network_")
    other = copy.deepcopy(fitted)
    np.testing.assert_array_equal(other.predict_proba(faces.images), expected)
    other.close()
    process = fitted.network_.process.running()._process
    process.kill()
    process.wait()
    np.testing.assert_array_equal(fitted.predict_proba(faces.images), expected)
    last = fitted.network_.process.running()._process.pid
    fitted.close()
    assert not psutil.pid_exists(last)


# Trust


def test_it_is_refused_with_one_line_and_its_code_does_not_run_unless_trusted(tmp_path: Path, faces: Dataset) -> None:
    path, ran = tmp_path / "my.pt", tmp_path / "ran"
    write_script(path, W, f"open({str(ran)!r}, 'w')")
    write_contract(path)
    recipe = make_recipe(f"torchscript:{path}")
    for refused in (
        lambda: recipe.fit(faces.images, faces.labels),
        lambda: Suite("mine", (f"torchscript:{path}",)).cells("0" * 64),
    ):
        with pytest.raises(ValueError, match=r"my\.pt: opening a TorchScript file runs code.*--trust.*trust=True") as e:
            refused()
        assert "\n" not in str(e.value) and "torch.onnx.export" in str(e.value)
    assert not ran.exists()
    with trusting([f"torchscript:{path}"]):
        found: Any = recipe.fit(faces.images, faces.labels)
    found.close()
    assert ran.exists() and os.environ["FERBENCH_TRUSTED"] == ""


def test_a_file_that_changed_is_trusted_no_more(model: Path) -> None:
    suite = Suite("mine", ("hog+svm", f"torchscript:{model}"))
    trust_models(suite, trust=True)
    assert len(suite.cells("0" * 64)) == 2
    write_script(model, W * 2)
    with pytest.raises(ValueError, match="runs code from it"):
        suite.cells("0" * 64)
    trust_models(suite, trust=False)
    with pytest.raises(ValueError, match="names no TorchScript file"):
        trust_models(Suite("mine", ("hog+svm",)), trust=True)
    with pytest.raises(FileNotFoundError, match="does not exist; name the file of the model"):
        trust_recipes(["torchscript:gone.pt"])


@pytest.mark.parametrize("name", ["trust", "python"])
def test_a_suite_can_neither_trust_a_file_nor_name_the_interpreter(model: Path, name: str) -> None:
    with pytest.raises(ValueError, match=f"does not let '{name}' be set"):
        make_recipe(f"torchscript:{model}", **{name: True})


# Cells and bundles


def test_a_cell_is_another_one_after_the_file_its_contract_or_pytorch_changed(model: Path, faces: Dataset) -> None:
    suite = Suite("mine", (f"torchscript:{model}",))
    with trusting(suite.recipes):
        (first,) = suite.cells("0" * 64)
        write_contract(model, crop_margin=0.1)
        (second,) = suite.cells("0" * 64)
    write_script(model, W * 2)
    with trusting(suite.recipes):
        (third,) = suite.cells("0" * 64)
    assert len({first.cell_id, second.cell_id, third.cell_id}) == 3
    assert first.params["release"] == "9.1" and set(first.params) == {"release", "checksum"}
    with pytest.raises(ValueError, match="or its contract changed: expected"):
        TorchScriptModel(model, trust=True, **first.params).fit(faces.images, faces.labels)
    with pytest.raises(ValueError, match=r"expected PyTorch 8\.0, got 9\.1"):
        TorchScriptModel(model, trust=True, release="8.0").fit(faces.images, faces.labels)


def test_it_cannot_be_a_bundle_and_says_what_can_be_done(fitted: Any, model: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be saved: .*torch\.onnx\.export.*onnx:model\.onnx"):
        save_bundle(tmp_path / "b", fitted, image_shape=(24, 24))
    for asked in (foreign_bundle, lambda name: find_bundle(name, tmp_path)):
        with pytest.raises(
            ValueError, match=r"torchscript:.*my\.pt cannot be saved as a bundle: .*torch\.onnx\.export"
        ):
            asked(f"torchscript:{model}")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("torchscript:gone.pt", "gone.pt does not exist"),
        ("torchscript:my.pth", r"pickled weights run code from the file; export it: torch\.onnx\.export"),
        ("torchscript:my.bin", r"name a file \*\.pt or \*\.torchscript or \*\.ts"),
        ("onnx:my.pt", r"export it: .* or measure torchscript:PATH with --trust"),
    ],
)
def test_other_files_are_refused_with_the_remedy(name: str, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        get_recipe(name)


# Bounds


@pytest.mark.parametrize(
    ("does", "message"),
    [
        ("time.sleep(60)", "took too long to answer"),
        ("sys.stderr.write('out of luck'); os._exit(3)", "ended with exit code 3: out of luck"),
        ("raise RuntimeError('no such\\nlayer')", "RuntimeError: no such layer"),
        ("'tuple'", "its output is a tuple; expected one tensor"),
        ("self.weights = self.weights[:, :6]", r"shape \(3, 6\) for 3 images; the contract's 7 labels expect \(3, 7\)"),
        ("self.weights = self.weights * np.inf", "numbers that are not finite"),
    ],
)
def test_a_model_that_misbehaves_is_one_clear_line_and_ended(
    tmp_path: Path, faces: Dataset, does: str, message: str
) -> None:
    path = write_script(tmp_path / "m.pt", W, does)
    write_contract(path)
    start = time.monotonic()
    patience_s = 3.0 if does == "time.sleep(60)" else 30.0
    with pytest.raises(ValueError, match=message) as caught:
        TorchScriptModel(path, trust=True, timeout_s=patience_s).fit(faces.images, faces.labels)
    assert time.monotonic() - start < 60 and "\n" not in str(caught.value) and str(path) in str(caught.value)
    assert not [child for child in psutil.Process().children() if "torchscript_adapter.py" in " ".join(child.cmdline())]


def test_outputs_that_are_no_distribution_are_refused(model: Path, faces: Dataset) -> None:
    write_contract(model, output="probabilities")
    with pytest.raises(ValueError, match=r'its output is no distribution: .* write output = "logits"'):
        TorchScriptModel(model, trust=True).fit(faces.images, faces.labels)


def test_a_file_that_pytorch_cannot_open_is_one_clear_line(model: Path, faces: Dataset) -> None:
    model.write_text("no model at all")
    with pytest.raises(
        ValueError, match=r"cannot open it as TorchScript: PytorchStreamReader.* found at once"
    ) as caught:
        TorchScriptModel(model, trust=True).fit(faces.images, faces.labels)
    assert "\n" not in str(caught.value)


def test_a_missing_pytorch_says_what_to_install(tmp_path: Path, model: Path, faces: Dataset) -> None:
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    bare.chmod(0o755)
    with pytest.raises(
        ImportError, match=r"torch is not installed for .*: pip install torch, or name .*--torch PYTHON"
    ):
        TorchScriptModel(model, trust=True, python=str(bare)).fit(faces.images, faces.labels)


def test_the_adapter_imports_nothing_of_ferbench() -> None:
    lines = (ROOT / "models/foreign/torchscript_adapter.py").read_text().splitlines()
    assert not [line for line in lines if line.strip().startswith(("import", "from")) and "ferbench" in line]


# PyTorch itself


def python_with_torch() -> str | None:
    """Interpreter that has PyTorch: that of the variable FERBENCH_TEST_TORCH, or this one."""
    return os.environ.get("FERBENCH_TEST_TORCH") or (sys.executable if find_spec("torch") else None)


@pytest.mark.slow
@pytest.mark.skipif(
    python_with_torch() is None,
    reason="PyTorch is not installed; name an interpreter that has it in FERBENCH_TEST_TORCH",
)
def test_a_traced_network_is_measured(tmp_path: Path, faces: Dataset) -> None:
    path = tmp_path / "cnn.pt"
    code = (
        "import numpy as np, sys, torch; from torch import nn\n"
        "torch.manual_seed(0); x = torch.from_numpy(np.load(sys.argv[2]))\n"
        "head = nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 7)\n"
        "net = nn.Sequential(*head).eval(); torch.jit.trace(net, x[:2]).save(sys.argv[1])\n"
        "np.save(sys.argv[3], net(x).softmax(1).detach().numpy())"
    )
    inputs, answers = tmp_path / "x.npy", tmp_path / "p.npy"
    np.save(inputs, ((faces.images[:, None] / 255 - 0.5) / 0.5).astype(np.float32))
    python = str(python_with_torch())
    subprocess.run([python, "-W", "ignore", "-c", code, str(path), str(inputs), str(answers)], check=True)
    write_contract(path)
    set_interpreters({"torchscript": python})
    found = TorchScriptModel(path, trust=True).fit(faces.images, faces.labels)
    proba = found.predict_proba(faces.images)
    found.close()
    order = [LABELS.index(label) for label in found.classes_]
    np.testing.assert_allclose(proba, np.load(answers)[:, order], atol=1e-5)
