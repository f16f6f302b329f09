"""The mean of the weights of several trainings of one network."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from ferbench.datasets import Dataset, make_faces
from ferbench.models import (
    DeepExtractor,
    Pretrained,
    WeightMean,
    load_bundle,
    make_recipe,
    pretrained,
    save_bundle,
)
from ferbench.models.bundles import add_calibration

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

SHIPPED = pretrained()
XS = SHIPPED["ferbench-net-xs"]


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(42, random_state=2)


@pytest.fixture(scope="module")
def other(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network with other weights, and with other names of all its tensors and values."""
    folder = tmp_path_factory.mktemp("weights") / "other"
    network = WeightMean(XS).fit(faces.images, faces.labels)
    model = onnx.load_from_string(network.network_)
    rng = np.random.default_rng(0)
    inside = [tensor.name for tensor in model.graph.initializer]
    inside += [name for node in model.graph.node for name in node.output]
    kept = {value.name for value in model.graph.output}
    renamed = {name: f"renamed_{number}" for number, name in enumerate(inside) if name not in kept}
    for tensor in model.graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > 1:
            values = values * rng.uniform(0.9, 1.1, values.shape).astype(np.float32)
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, renamed.get(tensor.name, tensor.name)))
    for node in model.graph.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
        node.output[:] = [renamed.get(name, name) for name in node.output]
    network.network_ = model.SerializeToString()
    return save_bundle(folder, network, image_shape=(48, 48))


def weights(folder: Path) -> list[np.ndarray]:
    """The float32 weights of a network in the order in which its operations use them."""
    graph = onnx.load(folder / "model.onnx").graph
    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    used = [values[name] for node in graph.node for name in node.input if name in values]
    return [value for value in used if value.dtype == np.float32]


@pytest.mark.parametrize("shares", [None, (1, 3)])
def test_weights_are_the_mean_under_whatever_names(
    faces: Dataset, other: Path, shares: tuple[int, int] | None, tmp_path: Path
) -> None:
    mean = WeightMean([XS, other], shares=shares).fit(faces.images, faces.labels)
    saved = save_bundle(tmp_path / "mean", mean, image_shape=(48, 48))
    parts = shares or (1, 1)
    for found, first, second in zip(weights(saved), weights(XS), weights(other), strict=True):
        np.testing.assert_allclose(found, np.average([first, second], axis=0, weights=parts), rtol=1e-5, atol=1e-7)
    probabilities = [load_bundle(each).predict_proba(faces.images) for each in (XS, saved, other)]
    assert np.abs(probabilities[0] - probabilities[2]).max() > 0.01  # or the mean would say nothing
    assert np.abs(probabilities[1] - probabilities[0]).max() > 0.001
    np.testing.assert_allclose(mean.predict_proba(faces.images), probabilities[1], atol=1e-6)


def test_a_mean_of_equal_networks_is_the_network(faces: Dataset) -> None:
    mean = WeightMean([XS, XS]).fit(faces.images, faces.labels)
    answers = load_bundle(XS).without_calibration().predict_proba(faces.images)
    np.testing.assert_allclose(mean.predict_proba(faces.images), answers, atol=1e-6)


def test_its_bundle_is_one_network_with_features_and_class_shares(faces: Dataset, tmp_path: Path) -> None:
    mean = make_recipe("weight-mean", bundles=[str(XS), str(XS)]).fit(faces.images, faces.labels)
    saved = save_bundle(tmp_path / "mean", mean, image_shape=(48, 48))
    assert load_bundle(saved).info["class_shares"] == load_bundle(XS).info["class_shares"]
    features = [DeepExtractor(bundle=str(each)).fit_transform(faces.images) for each in (XS, saved)]
    np.testing.assert_allclose(*features, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ferbench-net-l", "is a network of another architecture than the first one"),
        ("ferbench-quality", "is a network of another architecture than the first one"),
    ],
)
def test_another_architecture_is_refused(faces: Dataset, name: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"{name}.model.onnx {text}"):
        WeightMean([XS, SHIPPED[name]]).fit(faces.images, faces.labels)


def test_networks_that_have_no_mean_are_refused(faces: Dataset, tmp_path: Path) -> None:
    data = faces.images, faces.labels
    with pytest.raises(ValueError, match="has 8-bit weights; average the float32 network and export it with --int8"):
        WeightMean([SHIPPED["ferbench-net-l-int8"]]).fit(*data)
    tree = make_recipe("pixels+tree").fit(*data)
    save_bundle(tmp_path / "tree", tree, image_shape=(48, 48))
    with pytest.raises(ValueError, match="tree is no network of ferbench for these labels; use Pretrained"):
        WeightMean([XS, tmp_path / "tree"]).fit(*data)
    shutil.copytree(XS, tmp_path / "warm")
    figures = {"temperature": 1.5, "split": "PublicTest", "n_images": 10, "ece_before": 0.1, "ece_after": 0.1}
    reject = {"threshold": 0.5, "coverage": 0.9, "accuracy": 0.8, "accuracy_all": 0.7}
    add_calibration(tmp_path / "warm", {**figures, "reject": reject})
    # A temperature is no part of the weights.
    assert WeightMean(tmp_path / "warm").fit(*data).network_ == WeightMean(XS).fit(*data).network_


@pytest.mark.parametrize("shares", [(1,), (0, 0), (1, 2, 3)])
def test_shares_are_one_number_for_each_bundle(faces: Dataset, shares: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shares must hold 2 numbers, not all of them zero"):
        WeightMean([XS, XS], shares=shares).fit(faces.images, faces.labels)
    with pytest.raises(ValueError, match="shares must be"):
        WeightMean([XS, XS], shares=(-1, 2)).fit(faces.images, faces.labels)


def test_parameters_are_bundles_and_shares() -> None:
    assert set(WeightMean().get_params()) == {"bundles", "shares"}
    assert isinstance(WeightMean(), Pretrained)
