"""Penultimate features of a network for classical classifiers: exact, checked, and saved in bundles."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from cells_here import CellsHere

from ferbench.benchmarks.fit.features_cache import CachedExtractor
from ferbench.benchmarks.run.runner import Run
from ferbench.benchmarks.store.suite import Suite
from ferbench.datasets import Dataset, make_faces
from ferbench.features import check_extractor, make_extractor
from ferbench.models import describe, load_bundle, make_recipe, save_bundle
from ferbench.models.bundles.onnx_network import FEATURES

onnx = pytest.importorskip("onnx", reason="the deep extra is not installed")

N_FEATURES = 12


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(210, random_state=61, difficulty=0.2)


def write_network(file: Path, *, size: int = 48, seed: int = 0) -> None:
    """An untrained network as Keras exports it: convolution, mean, dense layer, softmax; no Keras needed."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    shapes = {"kernel": (N_FEATURES, 1, 5, 5), "dense": (N_FEATURES, 7), "bias": (7,)}
    weights = [
        numpy_helper.from_array(rng.normal(0, 0.1, shape).astype(np.float32), name) for name, shape in shapes.items()
    ]
    weights += [numpy_helper.from_array(np.array(values), name) for name, values in (("one", [1]), ("mean", [2, 3]))]
    weights.append(numpy_helper.from_array(np.float32(1 / 255), "range"))
    nodes = [
        helper.make_node("Mul", ["images", "range"], ["scaled"]),
        helper.make_node("Unsqueeze", ["scaled", "one"], ["channel"]),
        helper.make_node("Conv", ["channel", "kernel"], ["conv"], strides=[2, 2]),
        helper.make_node("Relu", ["conv"], ["relu"]),
        helper.make_node("GlobalAveragePool", ["relu"], ["pool"]),
        helper.make_node("Squeeze", ["pool", "mean"], ["flat"]),
        helper.make_node("MatMul", ["flat", "dense"], ["product"]),
        helper.make_node("Add", ["product", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["Identity:0"]),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "network",
        [value("images", TensorProto.FLOAT, ["n", size, size])],
        [value("Identity:0", TensorProto.FLOAT, ["n", 7])],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8), file)


class Exported:
    """A fitted network that `save_bundle` exports as it does Keras' own."""

    def __init__(self, classes: Any, **options: Any) -> None:
        self.classes_ = classes
        self.options = options

    @property
    def model_(self) -> "Exported":
        return self

    def __call__(self, images: Any) -> None:
        """Keras networks are called once before their export."""

    def export(self, file: Path, **_: Any) -> None:
        write_network(file, **self.options)


Maker = Callable[..., Path]


@pytest.fixture(scope="module")
def make_bundle(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    def make(fingerprint: str = "0123456789abcdef", **options: Any) -> Path:
        size = options.get("size", 48)
        info = {"recipe": {"name": "cnn"}, "dataset": {"name": "elsewhere", "fingerprint": fingerprint}}
        path = tmp_path_factory.mktemp("bundles") / "net"
        return save_bundle(path, Exported(np.unique(faces.labels), **options), image_shape=(size, size), info=info)

    return make


@pytest.fixture(scope="module")
def bundle(make_bundle: Maker) -> Path:
    return make_bundle()


def test_it_passes_every_check_of_an_extractor(bundle: Path) -> None:
    check_extractor(make_extractor("deep", bundle=bundle))
    check_extractor(make_extractor("deep+pixels", deep__bundle=str(bundle)))


def test_the_last_layer_on_the_features_gives_the_probabilities(bundle: Path, faces: Dataset) -> None:
    features = make_extractor("deep", bundle=bundle).fit_transform(faces.images[:30])
    weights = {
        tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(bundle / "model.onnx").graph.initializer
    }
    odds = np.exp(features @ weights["dense"] + weights["bias"])
    assert features.shape == (30, N_FEATURES)
    np.testing.assert_allclose(
        odds / odds.sum(axis=1, keepdims=True), load_bundle(bundle).predict_proba(faces.images[:30]), atol=1e-5
    )


@pytest.mark.parametrize("head", ["svm", "logreg", "tree", "linear-svm"])
def test_a_bundle_contains_the_network_of_its_extractor(
    head: str, bundle: Path, faces: Dataset, tmp_path: Path
) -> None:
    own = shutil.copytree(bundle, tmp_path / "own")
    recognizer = make_recipe(f"deep+{head}", features__bundle=own).fit(*faces.part("Training"))
    X = faces.part("PrivateTest")[0]
    expected = recognizer.predict_proba(X)
    saved = save_bundle(tmp_path / "saved", recognizer, image_shape=(48, 48))
    assert recognizer["features"].bundle == own
    shutil.rmtree(own)
    moved = saved.rename(tmp_path / "moved")
    np.testing.assert_allclose(load_bundle(moved).predict_proba(X), expected, atol=1e-6)
    assert sorted(path.name for path in moved.iterdir()) == ["bundle.json", "features.onnx", "model.skops"]
    # A bundle made from the loaded bundle carries the network on.
    again = save_bundle(tmp_path / "again", load_bundle(moved).estimator, image_shape=(48, 48))
    np.testing.assert_allclose(load_bundle(again).predict_proba(X), expected, atol=1e-6)


def test_another_network_in_a_bundle_is_detected(
    bundle: Path, make_bundle: Maker, faces: Dataset, tmp_path: Path
) -> None:
    recognizer = make_recipe("deep+tree", features__bundle=bundle).fit(*faces.part("Training"))
    saved = save_bundle(tmp_path / "saved", recognizer, image_shape=(48, 48))
    shutil.copyfile(make_bundle(seed=1) / "model.onnx", saved / "features.onnx")
    with pytest.raises(ValueError, match=r"features\.onnx: the SHA-256 is not the one"):
        load_bundle(saved)


def test_predicting_imports_neither_tensorflow_nor_onnx(bundle: Path, faces: Dataset, tmp_path: Path) -> None:
    recognizer = make_recipe("deep+tree", features__bundle=bundle).fit(*faces.part("Training"))
    saved = save_bundle(tmp_path / "saved", recognizer, image_shape=(48, 48))
    code = (
        "import sys, numpy as np; from ferbench.models import load_bundle, make_recipe;"
        "X = np.zeros((14, 48, 48), np.uint8);"
        f"load_bundle({str(saved)!r}).predict(X);"
        f"make_recipe('deep+tree', features__bundle={str(bundle)!r}).fit(X, ['happy', 'sad'] * 7);"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'onnx')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_record_names_the_data_that_the_network_was_trained_on(bundle: Path, faces: Dataset, tmp_path: Path) -> None:
    params = {"deep+tree": {"features__bundle": str(bundle)}}
    summary = Run(Suite("heads", ("deep+tree",), params=params), faces, tmp_path).execute(CellsHere())
    (record,) = summary.measured
    assert record["status"] == "ok" and record["bundle"], record["reason"]
    assert "network of cnn, trained on elsewhere 0123456789ab" in record["recipe"]["implementation"]
    assert record["recipe"]["all_params"]["features__bundle"] == str(bundle)
    assert record["reason"].startswith("features of a network trained on other rows (0123456789ab)")
    union = make_recipe("deep+pixels+tree", features__deep__bundle=bundle).fit(*faces.part("Training"))
    assert "trained on elsewhere" in describe(union)["implementation"]


def test_a_network_trained_on_the_same_rows_needs_no_warning(
    make_bundle: Maker, faces: Dataset, tmp_path: Path
) -> None:
    own = make_bundle(fingerprint=faces.fingerprint)
    job = Run(Suite("heads", ("deep+tree",), params={"deep+tree": {"features__bundle": str(own)}}), faces, tmp_path)
    (record,) = job.execute(CellsHere()).measured
    assert record["status"] == "ok" and record["reason"] is None


def test_features_of_another_network_in_the_same_place_are_not_taken_from_the_cache(
    make_bundle: Maker, faces: Dataset, tmp_path: Path
) -> None:
    X, y = faces.part("Training")
    place, rows = tmp_path / "net", []
    for seed in (2, 3):
        shutil.copytree(make_bundle(seed=seed), place)
        cached = CachedExtractor(make_extractor("deep", bundle=place), faces.fingerprint, X, y)
        rows.append(np.array(cached.features("Training", X)))
        np.testing.assert_array_equal(rows[-1], make_extractor("deep", bundle=place).fit_transform(X))
        shutil.rmtree(place)
    assert not np.array_equal(*rows)


def test_a_network_that_changed_after_the_fit_is_refused(make_bundle: Maker, faces: Dataset, tmp_path: Path) -> None:
    place = shutil.copytree(make_bundle(seed=4), tmp_path / "net")
    extractor = make_extractor("deep", bundle=place).fit(faces.images)
    write_network(place / "model.onnx", seed=5)
    with pytest.raises(ValueError, match="has no output 'features'"):
        extractor.transform(faces.images[:2])
    shutil.copyfile(make_bundle(seed=5) / "model.onnx", place / "model.onnx")
    with pytest.raises(ValueError, match="is not the network seen in fit"):
        extractor.transform(faces.images[:2])
    with pytest.raises(ValueError, match=r"model\.onnx: the SHA-256 is not the one in bundle\.json"):
        make_extractor("deep", bundle=place).fit(faces.images)


def test_images_of_another_size_are_resized_to_the_network_s(make_bundle: Maker, faces: Dataset) -> None:
    extractor = make_extractor("deep", bundle=make_bundle(size=24))
    small = np.stack([cv2.resize(image, (24, 24), interpolation=cv2.INTER_AREA) for image in faces.images[:4]])
    rows = extractor.fit(faces.images).transform(faces.images[:4])
    np.testing.assert_array_equal(rows, extractor.fit(small).transform(small))


def test_bundles_without_features_are_refused_in_one_line(faces: Dataset, tmp_path: Path) -> None:
    classical = make_recipe("pixels+tree").fit(*faces.part("Training"))
    old, garbage = tmp_path / "old.onnx", tmp_path / "garbage.onnx"
    write_network(old)
    garbage.write_bytes(b"no network")
    tree = save_bundle(tmp_path / "tree", classical, image_shape=(48, 48), info={"recipe": {"name": "pixels+tree"}})
    cases: list[tuple[Any, type[Exception], str]] = [
        (tmp_path / "nowhere", FileNotFoundError, "no network at .*nowhere.model.onnx; name the folder"),
        (tree, ValueError, "a bundle of pixels.tree, which is no network"),
        (old, ValueError, "has no output 'features': an older ferbench exported it"),
        (garbage, ValueError, "is damaged or no network of faces"),
        (3, ValueError, "bundle must be a bundle's folder or name, or an .onnx file; got 3"),
    ]
    for value, kind, message in cases:
        with pytest.raises(kind, match=message) as caught:
            make_extractor("deep", bundle=value).fit(faces.images)
        assert len(str(caught.value).splitlines()) == 1


def test_a_description_that_was_tampered_with_is_refused(bundle: Path, faces: Dataset, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle, tmp_path / "net")
    info = json.loads((copy / "bundle.json").read_text())
    info["dataset"]["name"] = "fer2013"
    (copy / "bundle.json").write_text(json.dumps(info))
    with pytest.raises(ValueError, match="does not match its own hash"):
        make_extractor("deep", bundle=copy).fit(faces.images)


@pytest.mark.slow
def test_a_network_of_keras_is_exported_with_its_features(faces: Dataset, tmp_path: Path) -> None:
    keras = pytest.importorskip("keras", reason="the deep extra is not installed")
    X, y = faces.part("Training")
    network = make_recipe("cnn", architecture="tiny", epochs=1, batch_size=64).fit(X, y)
    saved = save_bundle(tmp_path / "cnn", network, image_shape=(48, 48))
    np.testing.assert_allclose(load_bundle(saved).predict_proba(X), network.predict_proba(X), atol=1e-4)
    inner = keras.Model(network.model_.input, network.model_.get_layer("probabilities").input)
    features = make_extractor("deep", bundle=saved).fit_transform(X)
    np.testing.assert_allclose(features, np.asarray(inner(X.astype(np.float32))), atol=1e-4)
    outputs = [output.name for output in onnx.load(saved / "model.onnx").graph.output]
    assert outputs[1] == FEATURES and len(outputs) == 2
