"""int8 bundles: close to the float32 network, smaller, described as int8, and refused where they make no sense."""

import json
from pathlib import Path

import numpy as np
import pytest

from ferbench.datasets import Dataset, make_faces
from ferbench.models import DeepExtractor, load_bundle, pretrained
from ferbench.models.bundles import (
    check_description,
    precision_of,
    quantize_bundle,
    read_description,
    recognizer_sha256,
)
from ferbench.models.networks import build_network
from ferbench.models.networks.onnx_weights import load_onnx_weights

XS = pretrained()["ferbench-net-xs"]


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(70, random_state=3, difficulty=0.3)


@pytest.fixture(scope="module")
def small(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quantize_bundle(XS, tmp_path_factory.mktemp("int8") / "xs-int8", faces.images[:32])


def test_an_int8_bundle_gives_nearly_the_labels_of_the_float32_one(faces: Dataset, small: Path) -> None:
    expected, got = (load_bundle(path).predict_proba(faces.images) for path in (XS, small))
    assert (expected.argmax(axis=1) == got.argmax(axis=1)).mean() > 0.9
    assert np.abs(expected - got).max() > 0  # It is another network.
    assert (small / "model.onnx").stat().st_size < (XS / "model.onnx").stat().st_size / 2


def test_its_description_says_what_it_is_and_carries_no_scores_of_another_network(small: Path) -> None:
    info = read_description(small)
    assert (precision_of(info), precision_of(read_description(XS))) == ("int8", "float32")
    assert info["precision"] == {
        **{"type": "int8", "of": "ferbench-net-xs", "calibration_images": 32},
        "sha256": recognizer_sha256(read_description(XS)),
    }
    assert "scores" not in info and info["recipe"]["name"] == "ferbench-net-xs-int8"
    assert {key: value for key, value in info.items() if key in ("labels", "input", "dataset")} == {
        key: value for key, value in read_description(XS).items() if key in ("labels", "input", "dataset")
    }
    assert info["class_shares"] == read_description(XS)["class_shares"]


def test_no_weight_is_signed(small: Path) -> None:
    import onnx

    kinds = {tensor.data_type for tensor in onnx.load(small / "model.onnx").graph.initializer}
    assert onnx.TensorProto.UINT8 in kinds and onnx.TensorProto.INT8 not in kinds


def test_its_features_can_be_used(faces: Dataset, small: Path) -> None:
    rows = [DeepExtractor(bundle=path).fit(faces.images[:8]).transform(faces.images[:8]) for path in (XS, small)]
    assert rows[0].shape == rows[1].shape
    assert np.corrcoef(rows[0].ravel(), rows[1].ravel())[0, 1] > 0.98


def test_what_cannot_be_quantized_is_refused(faces: Dataset, small: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="int8 already; give the bundle of the float32 network"):
        quantize_bundle(small, tmp_path / "again", faces.images)
    with pytest.raises(ValueError, match="exists; choose another folder"):
        quantize_bundle(XS, tmp_path, faces.images)
    with pytest.raises(ValueError, match=r"takes images of \(48, 48\) pixels; calibration got \(24, 24\)"):
        quantize_bundle(XS, tmp_path / "new", faces.images[:, ::2, ::2].copy())
    with pytest.raises(ValueError, match="this bundle has none"):
        quantize_bundle(pretrained("keypoints")["ferbench-points"], tmp_path / "new", faces.images)
    with pytest.raises(ValueError, match="ferbench-quality: parts of this network have 8 bits already"):
        quantize_bundle(pretrained()["ferbench-quality"], tmp_path / "new", faces.images)
    assert not (tmp_path / "new").exists()


def test_a_training_cannot_start_from_8_bit_weights(small: Path) -> None:
    network = build_network("ferbench-net-xs", (48, 48), 7)
    with pytest.raises(ValueError, match="cannot be trained further as ferbench-net-xs"):
        load_onnx_weights(network, small / "model.onnx")


@pytest.mark.parametrize("precision", ["int8", {"type": "int8", "of": 5}, {"type": 8, "of": "x"}])
def test_a_damaged_precision_is_refused(precision: object) -> None:
    info = json.loads((XS / "bundle.json").read_text())
    with pytest.raises(ValueError, match="precision"):
        check_description({**info, "precision": precision})
