"""Models that were trained elsewhere: measured by a contract, saved as bundles, and refused with one clear line."""

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from foreign_models import LABELS, weights, write_contract, write_model
from onnx import TensorProto, helper, numpy_helper
from sklearn.base import clone

from ferbench.benchmarks.choose import find_bundle
from ferbench.benchmarks.identity import library_versions
from ferbench.benchmarks.store import Suite, with_contract
from ferbench.datasets import Dataset, make_faces
from ferbench.models import ForeignModel, foreign_bundle, get_recipe, load_bundle, make_recipe, save_bundle
from ferbench.models.foreign import model as foreign_model
from ferbench.models.foreign.graph import check_graph

GRAY = ["n", 1, 24, 24]


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(70, size=24, random_state=0)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = write_model(tmp_path / "my.onnx", weights(576), GRAY)
    write_contract(path)
    return path


def fitted(path: Path, faces: Dataset) -> Any:
    return make_recipe(f"onnx:{path}").fit(faces.images, faces.labels)


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


# What it answers


def test_probabilities_are_those_of_the_model_in_the_order_of_the_sorted_labels(model: Path, faces: Dataset) -> None:
    found = fitted(model, faces)
    expected = softmax(((faces.images / 255 - 0.5) / 0.5).reshape(70, -1) @ weights(576))
    assert found.classes_.tolist() == sorted(LABELS)
    order = [LABELS.index(label) for label in found.classes_]
    np.testing.assert_allclose(found.predict_proba(faces.images), expected[:, order], atol=1e-6)


@pytest.mark.parametrize(("color", "layout"), [("rgb", "nchw"), ("bgr", "nhwc"), ("gray", "nhwc"), ("gray", "nhw")])
def test_layout_and_channels_are_those_of_the_contract(tmp_path: Path, faces: Dataset, color: str, layout: str) -> None:
    n = 1 if color == "gray" else 3
    mean, deviation = [0.1, 0.2, 0.3][:n], [0.5, 1.0, 2.0][:n]
    sides = {"n": "n", "c": n, "h": 24, "w": 24}
    path = write_model(tmp_path / "m.onnx", weights(576 * n), [sides[axis] for axis in layout], softmax=True)
    write_contract(path, color=color, layout=layout, mean=mean, deviation=deviation, output="probabilities")
    planes = [(faces.images / 255 - m) / d for m, d in zip(mean, deviation, strict=True)]
    inputs = np.stack(planes, axis=1 if layout == "nchw" else -1).reshape(70, -1)
    found = fitted(path, faces)
    order = [LABELS.index(label) for label in found.classes_]
    np.testing.assert_allclose(
        found.predict_proba(faces.images), softmax(inputs @ weights(576 * n))[:, order], atol=1e-5
    )


def test_images_of_another_size_are_resized_and_the_record_says_so(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.onnx", weights(576), GRAY)
    write_contract(path, trained_on="FER2013")
    large = make_faces(21, size=48, random_state=0)
    found = fitted(path, large)
    assert "images of 48 x 48 pixels resized to 24 x 24" in found.probabilities_
    assert "trained elsewhere, on FER2013" in found.warning_


def test_fewer_labels_are_those_of_the_data_made_to_sum_to_one(model: Path, faces: Dataset) -> None:
    kept = np.isin(faces.labels, ["happy", "sad"])
    found = make_recipe(f"onnx:{model}").fit(faces.images[kept], faces.labels[kept])
    proba = found.predict_proba(faces.images)
    assert proba.shape == (70, 2) and np.allclose(proba.sum(axis=1), 1) and "2 of 7 labels" in found.probabilities_
    with pytest.raises(ValueError, match=r"its labels are happy, sad, .*'bored' is none of them"):
        make_recipe(f"onnx:{model}").fit(faces.images[:2], ["happy", "bored"])


@pytest.mark.parametrize("kind", [TensorProto.UINT8, TensorProto.DOUBLE])
def test_other_types_and_a_fixed_batch_of_one_are_taken(tmp_path: Path, faces: Dataset, kind: int) -> None:
    path = write_model(tmp_path / "m.onnx", weights(576) / 255, [1, 1, 24, 24], kind=kind)
    write_contract(path, scale=None, mean=None, deviation=None)
    assert fitted(path, faces).predict_proba(faces.images).shape == (70, 7)


def test_it_can_be_cloned_copied_and_pickled(model: Path, faces: Dataset) -> None:
    found = fitted(model, faces)
    expected = found.predict_proba(faces.images)
    assert not hasattr(clone(found), "network_")
    for other in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        np.testing.assert_array_equal(other.predict_proba(faces.images), expected)


# Bundles and suites


def test_a_bundle_answers_like_the_model_and_needs_no_other_file(model: Path, faces: Dataset, tmp_path: Path) -> None:
    write_contract(model, crop_margin=0.2)
    found = fitted(model, faces)
    folder = save_bundle(tmp_path / "bundle", found, image_shape=(24, 24))
    model.unlink()
    bundle = load_bundle(folder, n_threads=1)
    np.testing.assert_array_equal(bundle.predict_proba(faces.images), found.predict_proba(faces.images))
    assert bundle.info["input"]["crop_margin"] == 0.2 and bundle.image_shape == (24, 24)


def test_a_bundle_with_a_changed_contract_is_refused(model: Path, faces: Dataset, tmp_path: Path) -> None:
    folder = save_bundle(tmp_path / "bundle", fitted(model, faces), image_shape=(24, 24))
    file = folder / "bundle.json"
    file.write_text(file.read_text().replace('"logits"', '"secrets"'))
    with pytest.raises(ValueError, match="does not match its own hash"):
        load_bundle(folder)


def test_a_file_is_found_like_a_bundle_and_kept_by_its_checksum(model: Path, tmp_path: Path) -> None:
    folder = find_bundle(f"onnx:{model}", tmp_path)
    assert folder == foreign_bundle(f"onnx:{model}") and load_bundle(folder).image_shape == (24, 24)
    write_contract(model, crop_margin=0.5)
    assert find_bundle(f"onnx:{model}", tmp_path) != folder


def test_what_is_a_bundle_already_says_what_can_be_done(model: Path, faces: Dataset, tmp_path: Path) -> None:
    bundle = load_bundle(foreign_bundle(f"onnx:{model}"))
    with pytest.raises(ValueError, match="this is a bundle already; copy its folder"):
        save_bundle(tmp_path / "b", bundle, image_shape=(24, 24))
    with pytest.raises(ValueError, match=r"this ForeignModel is not fitted; call fit"):
        save_bundle(tmp_path / "b", ForeignModel(model), image_shape=(24, 24))


def test_a_cell_is_another_one_after_the_file_or_its_contract_changed(model: Path, faces: Dataset) -> None:
    suite = Suite("mine", (f"onnx:{model}",))
    (first,) = suite.cells("0" * 64)
    assert (first,) == tuple(suite.cells("0" * 64))
    write_contract(model, crop_margin=0.1)
    (second,) = suite.cells("0" * 64)
    write_model(model, weights(576) * 2, GRAY)
    (third,) = suite.cells("0" * 64)
    assert len({first.cell_id, second.cell_id, third.cell_id}) == 3
    with pytest.raises(ValueError, match="or its contract changed: expected"):
        get_recipe(f"onnx:{model}").build(**first.params).fit(faces.images, faces.labels)


def test_a_contract_elsewhere_is_named_for_the_suite(model: Path, tmp_path: Path) -> None:
    elsewhere = write_contract(model).rename(tmp_path / "elsewhere.toml")
    suite = with_contract(Suite("mine", ("hog+svm", f"onnx:{model}")), str(elsewhere))
    assert suite.cells("0" * 64)[1].params["contract"] == str(elsewhere)
    with pytest.raises(ValueError, match="names no model in a file; add onnx:PATH"):
        with_contract(Suite("mine", ("hog+svm",)), str(elsewhere))


def test_a_record_names_the_libraries_that_compute(model: Path) -> None:
    assert {"onnxruntime", "opencv-python-headless"} <= set(library_versions(ForeignModel(model)))


def test_a_suffix_in_other_letters_is_a_keras_file_too(
    model: Path, faces: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = model.read_bytes()
    monkeypatch.setattr(foreign_model, "convert_keras", lambda file, target, contract: target.write_bytes(content))
    path = model.rename(model.with_suffix(".KERAS"))
    assert make_recipe(f"keras:{path}").fit(faces.images, faces.labels).predict_proba(faces.images).shape == (70, 7)


# What is refused


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": None}, "lacks 'labels'"),
        ({"colour": "gray"}, "unknown key 'colour'; did you mean color"),
        ({"layout": "hwc"}, "'layout' must be one of nchw, nhwc, nhw; got 'hwc'"),
        ({"size": 4096}, "'size' must be a number of pixels"),
        ({"size": [24, 0]}, "'size' must be"),
        ({"deviation": 0}, "'deviation' must be one number above 0"),
        ({"scale": "nan"}, "'scale' must be a number above 0"),
        ({"mean": [0.1, 0.2]}, "'mean' must be one number or 1"),
        ({"labels": ["happy", "happy"]}, "'labels' must be 2 to 1000 different names"),
        ({"crop_margin": 99}, "'crop_margin' must be a number above -0.9"),
        ({"color": "rgb", "layout": "nhw"}, "has no channels, but color is 'rgb'"),
        # Against the graph.
        ({"size": 48}, r"its input has the shape \(n, 1, 24, 24\), and the contract .* gives \(n, 1, 48, 48\)"),
        ({"color": "bgr"}, r"gives \(n, 3, 24, 24\); correct the contract"),
        ({"layout": "nhw"}, "correct the contract"),
        ({"labels": LABELS[:6]}, r"has the shape \(n, 7\); the contract's 6 labels expect \(n, 6\)"),
        ({"output": "probabilities"}, 'its output is no distribution: .* write output = "logits"'),
    ],
)
def test_a_contract_that_is_wrong_or_contradicts_the_model_is_refused(
    model: Path, faces: Dataset, changes: dict[str, Any], message: str
) -> None:
    write_contract(model, **changes)
    if changes == {"scale": "nan"}:
        model.with_suffix(".toml").write_text(model.with_suffix(".toml").read_text().replace('"nan"', "nan"))
    with pytest.raises(ValueError, match=message) as caught:
        fitted(model, faces)
    assert "\n" not in str(caught.value) and model.parent.name in str(caught.value)


def test_a_missing_contract_says_what_to_write(model: Path, faces: Dataset) -> None:
    model.with_suffix(".toml").unlink()
    with pytest.raises(FileNotFoundError, match=r"my\.onnx needs a contract, .*labels = "):
        fitted(model, faces)
    model.with_suffix(".toml").write_text("size = [")
    with pytest.raises(ValueError, match="not a TOML file"):
        fitted(model, faces)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("onnx:gone.onnx", "gone.onnx does not exist"),
        ("keras:my.h5", "HDF5 files can run code; save it as .keras"),
        ("onnx:my.pt", r"TorchScript runs code from the file; export it: torch\.onnx\.export"),
        ("onnx:my.bin", r"name a file \*\.onnx"),
    ],
)
def test_other_files_are_refused_with_the_remedy(name: str, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        get_recipe(name)


def test_a_variant_and_no_member_of_a_vote(model: Path) -> None:
    assert get_recipe(f"onnx:{model}@again").build().path == str(model)
    with pytest.raises(ValueError, match="takes no model of others; name 'onnx:"):
        get_recipe(f"vote:hog+svm,onnx:{model}")


def hostile(path: Path, what: str) -> None:
    """Write a model that should not be opened."""
    before: tuple[Any, ...] = ()
    options: dict[str, Any] = {}
    if what == "external":
        options = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0}
    elif what == "operator":
        before = (helper.make_node("Shell", ["x"], ["y"], domain="evil.ops"),)
        options["opsets"] = [helper.make_opsetid("", 17), helper.make_opsetid("evil.ops", 1)]
    elif what == "constant":
        shape = numpy_helper.from_array(np.array([2**20, 2**20]), "s")
        before = (
            helper.make_node("Constant", [], ["s"], value=shape),
            helper.make_node("ConstantOfShape", ["s"], ["h"]),
        )
    elif what == "inner":
        tensor = helper.make_tensor("t", TensorProto.FLOAT, [1], [0.0])
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="/etc/passwd")
        inner = helper.make_graph([helper.make_node("Constant", [], ["t"], value=tensor)], "inner", [], [])
        before = (helper.make_node("If", ["x"], [], then_branch=inner, else_branch=inner),)
    write_model(path, weights(576), GRAY, before=before, **options)
    if what == "dims":
        content = onnx.load(path)
        content.graph.initializer[0].dims[:] = [2**40, 7]
        path.write_bytes(content.SerializeToString())
    elif what == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif what == "text":
        path.write_text("no model at all")


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("external", r"keeps its weights in another file \(w\); save it as one file"),
        ("inner", "keeps its weights in another file"),
        ("operator", "uses the operator 'Shell' of 'evil.ops'"),
        ("constant", "makes a tensor of 1,099,511,627,776 numbers"),
        ("dims", "names a tensor of 7,696,581,394,432 numbers"),
        ("cut", "is no ONNX model, or a damaged one"),
        ("text", "is no ONNX model, or a damaged one"),
    ],
)
def test_a_hostile_or_damaged_model_is_refused_before_it_is_opened(tmp_path: Path, what: str, message: str) -> None:
    path = tmp_path / "m.onnx"
    hostile(path, what)
    with pytest.raises(ValueError, match=message) as caught:
        check_graph(path)
    assert "\n" not in str(caught.value)


def test_flipped_bytes_are_an_answer_or_one_clear_error(model: Path) -> None:
    content, rng = bytearray(model.read_bytes()), np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(content)
        for place in rng.integers(0, 400, 3):
            damaged[place] = rng.integers(0, 256)
        model.write_bytes(damaged)
        try:
            check_graph(model)
        except ValueError as error:
            assert str(model) in str(error)


def test_outputs_that_are_not_finite_are_refused(tmp_path: Path, faces: Dataset) -> None:
    path = write_model(tmp_path / "m.onnx", np.full((576, 7), np.inf, np.float32), GRAY)
    write_contract(path)
    with pytest.raises(ValueError, match="numbers that are not finite"):
        fitted(path, faces)


@pytest.mark.slow
def test_a_keras_file_is_measured_and_saved_without_its_code(tmp_path: Path, faces: Dataset) -> None:
    import keras

    path = tmp_path / "net.keras"
    layers = [keras.Input((24, 24, 1)), keras.layers.Flatten(), keras.layers.Dense(7)]
    network = keras.Sequential(layers)
    network.save(path)
    write_contract(path, layout="nhwc")
    found = make_recipe(f"keras:{path}").fit(faces.images, faces.labels)
    logits = np.asarray(network((faces.images[..., None] / 255 - 0.5) / 0.5))
    order = [LABELS.index(label) for label in found.classes_]
    np.testing.assert_allclose(found.predict_proba(faces.images), softmax(logits)[:, order], atol=1e-5)
    folder = save_bundle(tmp_path / "b", found, image_shape=(24, 24))
    np.testing.assert_array_equal(load_bundle(folder).predict_proba(faces.images), found.predict_proba(faces.images))
    other = path.rename(path.with_suffix(".KERAS"))
    again = make_recipe(f"keras:{other}").fit(faces.images, faces.labels)
    np.testing.assert_array_equal(again.predict_proba(faces.images), found.predict_proba(faces.images))
    unsafe = keras.Sequential([layers[0], keras.layers.Lambda(lambda x: x), *layers[1:]])
    unsafe.save(path)
    with pytest.raises(ValueError, match="Keras cannot open it in safe mode"):
        make_recipe(f"keras:{path}").fit(faces.images, faces.labels)
