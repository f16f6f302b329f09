"""Networks that start from a bundle: exact weights, a new last layer for new labels, frozen normalization."""

from pathlib import Path

import numpy as np
import pytest

from ferbench.datasets import Dataset, make_faces
from ferbench.models import CNN, load_bundle, pretrained
from ferbench.models.networks import build_network
from ferbench.models.networks.network import run_in_blocks
from ferbench.models.networks.onnx_weights import load_onnx_weights, normalizations

SETTINGS = {"epochs": 1, "batch_size": 64, "learning_rate": 0.001, "augmentation": False, "imbalance": None}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(70, random_state=5, difficulty=0.2)


@pytest.mark.parametrize("name", ["ferbench-net-l", "ferbench-net-xs"])
def test_the_keras_network_gives_the_probabilities_of_the_onnx_file(name: str, faces: Dataset) -> None:
    build_network("tiny", (48, 48), 3)  # Names of layers are counted up in a process; they must not matter.
    network = build_network(name, (48, 48), 7)
    load_onnx_weights(network, pretrained()[name] / "model.onnx")
    expected = load_bundle(pretrained()[name]).predict_proba(faces.images[:32])
    np.testing.assert_allclose(run_in_blocks(network, faces.images[:32]), expected, atol=1e-4)


def test_another_architecture_is_refused() -> None:
    file = pretrained()["ferbench-net-xs"] / "model.onnx"
    with pytest.raises(ValueError, match=r"model\.onnx cannot be trained further as tiny: it has 13 convolutions"):
        load_onnx_weights(build_network("tiny", (48, 48), 7), file)


def test_new_labels_get_a_last_layer_that_fits_them(faces: Dataset) -> None:
    labels = np.where(np.isin(faces.labels, ("happy", "surprise")), "pleased", "other")
    network = CNN("ferbench-net-xs", initial_weights="ferbench-net-xs", **SETTINGS)
    network.fit(faces.images, labels, X_val=faces.images[:14], y_val=labels[:14])
    assert list(network.classes_) == ["other", "pleased"]
    assert network.score(faces.images, labels) > 5 / 7  # More than the most frequent label.
    variance = normalizations(network.model_)[0].moving_variance
    np.testing.assert_allclose(variance, np.float32(1 - 0.001), atol=1e-6)  # Frozen: as it was read.


def test_a_missing_bundle_is_named(faces: Dataset, tmp_path: Path) -> None:
    network = CNN("ferbench-net-xs", initial_weights=tmp_path / "none", **SETTINGS)
    with pytest.raises(FileNotFoundError, match="initial_weights: there is no file"):
        network.fit(faces.images, faces.labels, X_val=faces.images[:7], y_val=faces.labels[:7])
