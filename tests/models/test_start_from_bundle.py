"""Networks that start from a bundle: exact weights, a new last layer for new labels, frozen normalization."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from ferbench.datasets import Dataset, make_faces
from ferbench.models import CNN, load_bundle, pretrained
from ferbench.models.bundles import file_sha256
from ferbench.models.networks import ClassTraining, build_network
from ferbench.models.networks.network import run_in_blocks
from ferbench.models.networks.onnx_weights import load_onnx_weights, normalizations

XS = pretrained()["ferbench-net-xs"]
SETTINGS = {
    **{"epochs": 1, "batch_size": 64, "learning_rate": 0.001, "augmentation": False, "imbalance": None},
    # As on processors without bfloat16.
    "precision": "float32",
}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(70, random_state=5, difficulty=0.2)


@pytest.mark.parametrize("name", ["ferbench-net-l", "ferbench-net-xs"])
def test_the_keras_network_gives_the_probabilities_of_the_onnx_file(name: str, faces: Dataset) -> None:
    build_network("tiny", (48, 48), 3)  # Names of layers are counted up in a process; they must not matter.
    network = build_network(name, (48, 48), 7)
    load_onnx_weights(network, pretrained()[name] / "model.onnx")
    expected = load_bundle(pretrained()[name]).without_calibration().predict_proba(faces.images[:32])
    np.testing.assert_allclose(run_in_blocks(network, faces.images[:32]), expected, atol=1e-4)


def test_another_architecture_is_refused() -> None:
    file = pretrained()["ferbench-net-xs"] / "model.onnx"
    with pytest.raises(ValueError, match=r"model\.onnx cannot be trained further as tiny: it has 13 convolutions"):
        load_onnx_weights(build_network("tiny", (48, 48), 7), file)


def test_a_network_for_any_size_is_compared_at_the_size_of_the_file(faces: Dataset) -> None:
    network = build_network("ferbench-net-xs", None, 7)
    load_onnx_weights(network, XS / "model.onnx")
    expected = load_bundle(XS).without_calibration().predict_proba(faces.images[:8])
    np.testing.assert_allclose(run_in_blocks(network, faces.images[:8]), expected, atol=1e-4)


def test_images_of_another_size_are_refused() -> None:
    network = build_network("ferbench-net-xs", (24, 32), 7)
    message = r"cannot be trained further as ferbench-net-xs: it takes images of 48 x 48 pixels, .* has 32 x 24; name"
    with pytest.raises(ValueError, match=message):
        load_onnx_weights(network, XS / "model.onnx")


@pytest.fixture(scope="module")
def network() -> Any:
    return build_network("ferbench-net-xs", (48, 48), 7)


@pytest.mark.parametrize("kind", ["Add", "MatMul"])
def test_a_file_without_a_dense_last_layer_is_refused(kind: str, network: Any, tmp_path: Path) -> None:
    model = onnx.load(XS / "model.onnx")
    last = next(node for node in reversed(model.graph.node) if node.op_type == kind)
    last.op_type = "Mul"
    onnx.save(model, tmp_path / "model.onnx")
    with pytest.raises(ValueError, match="cannot be trained further as ferbench-net-xs: it does not end in a dense"):
        load_onnx_weights(network, tmp_path / "model.onnx")


def refined(faces: Dataset, folder: Path) -> CNN:
    """A network from a bundle, trained for two labels."""
    labels = np.where(np.isin(faces.labels, ("happy", "surprise")), "pleased", "other")
    network = CNN("ferbench-net-xs", initial_weights="ferbench-net-xs", checkpoint_dir=folder, **SETTINGS)
    return network.fit(faces.images, labels, X_val=faces.images[:14], y_val=labels[:14])


def test_new_labels_get_a_last_layer_that_fits_them(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.where(np.isin(faces.labels, ("happy", "surprise")), "pleased", "other")
    network = refined(faces, tmp_path)
    assert list(network.classes_) == ["other", "pleased"]
    assert network.score(faces.images, labels) > 5 / 7  # More than the most frequent label.
    variance = normalizations(network.model_)[0].moving_variance
    np.testing.assert_allclose(variance, np.float32(1 - 0.001), atol=1e-6)  # Frozen: as it was read.
    # A training that is resumed has its last layer already, and the files of the bundle are hashed once.
    hashed: list[Path] = []

    def counted(file: Path) -> str:
        hashed.append(file)
        return file_sha256(file)

    monkeypatch.delattr(ClassTraining, "_with_fitted_head")
    monkeypatch.setattr("ferbench.models.bundles.bundle.file_sha256", counted)
    resumed = refined(faces, tmp_path)
    np.testing.assert_array_equal(resumed.predict_proba(faces.images[:8]), network.predict_proba(faces.images[:8]))
    assert hashed == [XS / "model.onnx"]


def test_a_missing_bundle_is_named(faces: Dataset, tmp_path: Path) -> None:
    network = CNN("ferbench-net-xs", initial_weights=tmp_path / "none", **SETTINGS)
    with pytest.raises(FileNotFoundError, match="initial_weights: there is no file"):
        network.fit(faces.images, faces.labels, X_val=faces.images[:7], y_val=faces.labels[:7])
