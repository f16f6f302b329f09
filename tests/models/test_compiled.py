"""Recognizers compiled to one network: equal answers, small bundles, and clear refusals."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from ferbench.datasets import Dataset, make_faces
from ferbench.models import Compact, Joined, Pretrained, load_bundle, make_recipe, pretrained, save_bundle
from ferbench.models.bundles import add_calibration, read_description

pytest.importorskip("onnx", reason="onnx is not installed")

SMALL = {"encoding": "fisher", "words": 4, "samples": 3000, "descriptor_components": 16, "components": 24}
XS = pretrained()["ferbench-net-xs"]


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(84, random_state=2, difficulty=0.3)


@pytest.fixture(scope="module")
def others() -> Dataset:
    return make_faces(28, random_state=5, difficulty=0.3)


def settings(extractor: str = "features", **more: Any) -> dict[str, Any]:
    return {f"{extractor}__{name}": value for name, value in {**SMALL, **more}.items()}


def compact(faces: Dataset, name: str = "sift+kernel-ridge", precision: str = "int8", **parameters: Any) -> Compact:
    return Compact(make_recipe(name, **parameters), precision=precision).fit(faces.images, faces.labels)


@pytest.fixture(scope="module")
def int8(faces: Dataset) -> Compact:
    return compact(faces, **settings(), classifier__loo_rows=1000)


@pytest.fixture(scope="module")
def bundles(faces: Dataset, int8: Compact, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("compiled") / "compact"
    return [XS, save_bundle(folder, int8, image_shape=(48, 48), images=faces.images)]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("sift+kernel-ridge", settings(bin_sizes="2,4")),
        ("sift+kernel-ridge", settings(root=False, sqrt=False, normalize=True, descriptor_components=None)),
        ("sift+kernel-ridge", {**settings(pyramid="1,2", components=None), "classifier__scaling": "norm"}),
        ("sift+mirror-kernel-ridge", settings("features__extractor")),
        ("sift+mirror-kernel-ridge", settings("features__extractor", symmetric=True, bin_sizes="2,4")),
        ("sift+mirror-kernel-ridge", settings("features__extractor", symmetric=True, components=None)),
    ],
)
def test_a_network_in_float32_gives_the_answers_of_the_recognizer(
    faces: Dataset, others: Dataset, name: str, parameters: dict[str, Any]
) -> None:
    plain = make_recipe(name, **parameters).fit(faces.images, faces.labels)
    network = compact(faces, name, "float32", **parameters)
    got, expected = (each.predict_proba(others.images) for each in (network, plain))
    np.testing.assert_allclose(got, expected, atol=2e-3)
    assert np.abs(expected - expected.mean(axis=0)).max() > 0.1  # The answers differ between images.


def test_no_array_is_stored_twice(faces: Dataset) -> None:
    import onnx

    network = compact(faces, "sift+mirror-kernel-ridge", **settings("features__extractor"))
    constants = onnx.load_from_string(network.network_).graph.initializer
    contents = [(tuple(each.dims), each.data_type, each.raw_data) for each in constants]
    assert len(contents) == len(set(contents)) > 20


def test_rows_and_components_that_differ_by_signs_are_stored_once(faces: Dataset, others: Dataset) -> None:
    name, plain, symmetric = (
        "sift+mirror-kernel-ridge",
        *(settings("features__extractor", symmetric=each, components=64) for each in (False, True)),
    )
    twice, once = (len(compact(faces, name, "float32", **each).network_) for each in (plain, symmetric))
    rows, components = 4 * len(faces.images) * 64, 4 * 14 * 2 * 4 * 16 * 64
    assert abs(twice - once - rows - components / 2) < 0.1 * components
    # The answers are the same for both views of an image.
    network = compact(faces, name, **symmetric)
    np.testing.assert_allclose(
        network.predict_proba(others.images), network.predict_proba(others.images[:, :, ::-1]), atol=0.02
    )


def test_two_classes_and_flat_images_give_the_answers_of_the_recognizer(faces: Dataset) -> None:
    kept = np.isin(faces.labels, ["happy", "sad"])
    images, labels = faces.images[kept], faces.labels[kept]
    recipe = make_recipe("sift+kernel-ridge", **settings())
    network = Compact(recipe, precision="float32").fit(images, labels)
    flat = np.stack([np.zeros((48, 48), np.uint8), np.full((48, 48), 255, np.uint8), np.tile(np.arange(48), (48, 1))])
    shown = np.concatenate([images, flat.astype(np.uint8), flat.transpose(0, 2, 1).astype(np.uint8)])
    np.testing.assert_allclose(network.predict_proba(shown), recipe.fit(images, labels).predict_proba(shown), atol=2e-3)


def test_int8_is_close_and_takes_a_third_of_the_file(faces: Dataset, others: Dataset, int8: Compact) -> None:
    exact = compact(faces, precision="float32", **settings(), classifier__loo_rows=1000)
    got, expected = int8.predict_proba(others.images), exact.predict_proba(others.images)
    assert np.abs(got - expected).max() < 0.1
    assert (got.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.9
    assert len(int8.network_) < len(exact.network_) / 2
    # The answer to an image does not depend on the others of its batch.
    np.testing.assert_allclose(int8.predict_proba(others.images[:1]), got[:1], atol=1e-6)


def test_the_bundle_holds_the_network_and_the_leave_one_out_answers(
    faces: Dataset, others: Dataset, int8: Compact, bundles: list[Path]
) -> None:
    bundle = load_bundle(bundles[1])
    np.testing.assert_array_equal(bundle.predict_proba(others.images), int8.predict_proba(others.images))
    assert (bundles[1] / "model.onnx").read_bytes() == int8.network_
    assert not (bundles[1] / "model.skops").exists()
    taught = bundle.out_of_sample(faces.images)
    assert taught is not None and taught.shape == (84, 7)
    np.testing.assert_allclose(taught, int8.loo_probabilities_, atol=1e-6)


@pytest.mark.parametrize(
    ("recipe", "names"),
    [
        ("hog+svm", r"HOGExtractor\+StandardScaler\+SVM"),
        ("hog+kernel-ridge", r"HOGExtractor\+KernelRidge"),
        ("hog+mirror-kernel-ridge", r"MirrorViews\+KernelRidge"),
        ("sift+kernel-ridge", "SIFTExtractor"),
    ],
)
def test_what_cannot_be_compiled_is_refused_before_the_fit(
    faces: Dataset, recipe: str, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"features__words": 20, "features__samples": 2000} if recipe.startswith("sift") else {}
    monkeypatch.setattr(Pipeline, "fit", lambda *_: pytest.fail("it was fitted"))
    with pytest.raises(ValueError, match=rf"^{names} cannot be compiled to a network; .* with Fisher vectors can$"):
        Compact(make_recipe(recipe, **small)).fit(faces.images, faces.labels)


def test_a_kernel_that_cannot_be_compiled_is_refused_before_the_fit(
    faces: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pipeline, "fit", lambda *_: pytest.fail("it was fitted"))
    with pytest.raises(ValueError, match="only an rbf kernel of one block, with scaling, can be compiled"):
        compact(faces, **settings(), classifier__kernel="linear")


@pytest.mark.parametrize("test_time", [None, "flip"])
def test_joined_networks_give_the_mean_of_their_bundles(
    faces: Dataset, others: Dataset, bundles: list[Path], test_time: Any, tmp_path: Path
) -> None:
    joined, mean = (kind(bundles, test_time=test_time).fit(faces.images, faces.labels) for kind in (Joined, Pretrained))
    expected = mean.predict_proba(others.images)
    np.testing.assert_allclose(joined.predict_proba(others.images), expected, atol=1e-5)
    saved = save_bundle(tmp_path / "joined", joined, image_shape=(48, 48))
    np.testing.assert_allclose(load_bundle(saved).predict_proba(others.images), expected, atol=1e-5)
    sizes = [(folder / "model.onnx").stat().st_size for folder in (saved, *bundles)]
    assert sizes[0] < 1.1 * sum(sizes[1:])  # The mirror image does not double the weights.


def test_a_joined_bundle_can_be_joined_again(
    faces: Dataset, others: Dataset, bundles: list[Path], tmp_path: Path
) -> None:
    flipped = Joined(XS, test_time="flip").fit(faces.images, faces.labels)
    save_bundle(tmp_path / "flipped", flipped, image_shape=(48, 48))
    joined = Joined([tmp_path / "flipped", bundles[1]]).fit(faces.images, faces.labels)
    parts = [flipped.predict_proba(others.images), load_bundle(bundles[1]).predict_proba(others.images)]
    np.testing.assert_allclose(joined.predict_proba(others.images), np.mean(parts, axis=0), atol=1e-5)


def test_joined_networks_answer_fewer_labels(faces: Dataset, others: Dataset, bundles: list[Path]) -> None:
    kept = faces.labels != "disgust"
    data = faces.images[kept], faces.labels[kept]
    joined, mean = (kind(bundles, adapt=True).fit(*data) for kind in (Joined, Pretrained))
    np.testing.assert_allclose(joined.predict_proba(others.images), mean.predict_proba(others.images), atol=1e-5)


def test_only_networks_are_joined_and_without_their_temperature(faces: Dataset, tmp_path: Path) -> None:
    tree = make_recipe("pixels+tree").fit(faces.images, faces.labels)
    save_bundle(tmp_path / "tree", tree, image_shape=(48, 48))
    with pytest.raises(ValueError, match=r"tree is no network of ferbench for images of this size; use Pretrained"):
        Joined([XS, tmp_path / "tree"]).fit(faces.images, faces.labels)
    shutil.copytree(XS, tmp_path / "warm")
    reject = {"threshold": 0.5, "coverage": 0.9, "accuracy": 0.8, "accuracy_all": 0.7}
    figures = {"temperature": 1.5, "split": "PublicTest", "n_images": 10, "ece_before": 0.1, "ece_after": 0.1}
    add_calibration(tmp_path / "warm", {**figures, "reject": reject})
    assert "calibration" in read_description(tmp_path / "warm")
    plain, warm = (Joined(path).fit(faces.images, faces.labels) for path in (XS, tmp_path / "warm"))
    assert warm.network_ == plain.network_ and warm.implementation_ == plain.implementation_
    answers = load_bundle(XS).without_calibration().predict_proba(faces.images)
    np.testing.assert_allclose(warm.predict_proba(faces.images), answers, atol=1e-6)


def test_a_mean_of_bundles_without_a_network_of_its_own_still_cannot_be_saved(faces: Dataset, tmp_path: Path) -> None:
    mean = Pretrained(XS).fit(faces.images, faces.labels)
    with pytest.raises(ValueError, match="a Pretrained of bundles cannot be saved again; copy the folders"):
        save_bundle(tmp_path / "mean", mean, image_shape=(48, 48))
