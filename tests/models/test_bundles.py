"""Bundles predict the same after loading, and damaged or untrusted bundles are refused."""

import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ferbench.datasets import Dataset, make_faces
from ferbench.models import load_bundle, make_recipe, save_bundle
from ferbench.models.bundles import digest

INFO = {"recipe": {"name": "hog+logreg"}, "scores": {"accuracy": 0.5}}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(210, random_state=5, difficulty=0.2)


@pytest.fixture(scope="module")
def classical(faces: Dataset) -> object:
    return make_recipe("hog+logreg").fit(faces.images, faces.labels)


@pytest.fixture
def bundle(classical: object, tmp_path: Path) -> Path:
    return save_bundle(tmp_path / "winner", classical, image_shape=(48, 48), info=INFO)


@pytest.fixture(scope="module")
def network(faces: Dataset) -> object:
    pytest.importorskip("keras", reason="the deep extra is not installed")
    return make_recipe("cnn", architecture="tiny", epochs=2, batch_size=32).fit(faces.images, faces.labels)


@pytest.fixture(scope="module")
def network_bundle(network: object, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tmp_path_factory.mktemp("network") / "cnn", network, image_shape=(48, 48))


@pytest.mark.parametrize("name", ["pixels+logreg", "hog+svm", "landmarks+tree", "hog+landmarks+linear-svm", "constant"])
def test_every_kind_of_recognizer_predicts_the_same_after_loading(faces: Dataset, name: str, tmp_path: Path) -> None:
    recognizer = make_recipe(name).fit(faces.images[:140], faces.labels[:140])
    loaded = load_bundle(save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48)))
    np.testing.assert_allclose(
        loaded.predict_proba(faces.images[140:]), recognizer.predict_proba(faces.images[140:]), atol=1e-6
    )
    assert list(loaded.classes_) == list(recognizer.classes_)
    assert set(loaded.predict(faces.images[:3])) <= set(faces.labels)


def test_a_network_predicts_the_same_within_1e_4_after_loading(
    faces: Dataset, network: object, network_bundle: Path
) -> None:
    loaded = load_bundle(network_bundle)
    np.testing.assert_allclose(loaded.predict_proba(faces.images), network.predict_proba(faces.images), atol=1e-4)
    one = loaded.predict_proba(faces.images[7:8])[0]
    np.testing.assert_allclose(one, loaded.predict_proba(faces.images)[7], atol=1e-5)


def test_predicting_from_a_network_bundle_imports_no_tensorflow(network_bundle: Path) -> None:
    code = (
        "import sys, numpy as np; from ferbench.models import load_bundle;"
        f"load_bundle({str(network_bundle)!r}).predict(np.zeros((2, 48, 48), np.uint8));"
        "sys.exit(any(m in sys.modules for m in ('tensorflow', 'keras', 'jax', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_description_contains_labels_input_and_origin(bundle: Path) -> None:
    info = load_bundle(bundle).info
    assert info["scores"] == {"accuracy": 0.5} and info["recipe"] == {"name": "hog+logreg"}
    assert info["input"] == {
        "height": 48, "width": 48, "colour": "grey", "dtype": "uint8", "range": [0, 255], "crop_margin": 0.0
    }  # fmt: skip
    assert info["labels"] == sorted(info["labels"]) and "scikit-learn" in info["versions"]


def test_saving_again_replaces_only_a_bundle(bundle: Path, classical: object) -> None:
    save_bundle(bundle, classical, image_shape=(48, 48), info={"scores": {"accuracy": 2}})
    assert load_bundle(bundle).info["scores"] == {"accuracy": 2}
    assert [p.name for p in bundle.parent.iterdir()] == ["winner"]
    (bundle.parent / "other").mkdir()
    with pytest.raises(ValueError, match="is no bundle; choose another folder"):
        save_bundle(bundle.parent / "other", classical, image_shape=(48, 48))


def rewrite(bundle: Path, **changes: object) -> None:
    """Change the description as somebody would who knows how it is hashed."""
    info = {**json.loads((bundle / "bundle.json").read_text()), **changes}
    (bundle / "bundle.json").write_text(json.dumps({**info, "sha256": digest(info)}))


def test_one_changed_byte_of_the_model_is_detected(bundle: Path) -> None:
    content = bytearray((bundle / "model.skops").read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / "model.skops").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.skops: the SHA-256 is not the one"):
        load_bundle(bundle)


def test_out_of_sample_probabilities_are_saved_and_checked(faces: Dataset, tmp_path: Path) -> None:
    from ferbench.models.bundles.out_of_sample import OutOfSample

    twice = np.concatenate([faces.images[:140], faces.images[:1]])
    labels = np.concatenate([faces.labels[:140], faces.labels[1:2]])
    for rows, holds in ((100, False), (1000, True)):
        ridge = make_recipe("pixels+kernel-ridge", classifier__loo_rows=rows).fit(twice, labels)
        path = save_bundle(tmp_path / "b", ridge, image_shape=(48, 48), images=twice)
        assert (load_bundle(path).out_of_sample(twice) is not None) == holds
    answers, unseen = load_bundle(path).out_of_sample(twice[::-1]), ridge[-1].loo_probabilities_
    np.testing.assert_allclose(answers[1:-1], unseen[1:-1][::-1], atol=1e-6)
    np.testing.assert_allclose(answers[[0, -1]], [(unseen[0] + unseen[-1]) / 2] * 2, atol=1e-6)
    assert load_bundle(save_bundle(path, ridge, image_shape=(48, 48))).out_of_sample(twice) is None

    file = tmp_path / "answers.npz"
    good = np.arange(3, dtype=np.uint64), np.full((3, 7), 1 / 7, np.float32)
    OutOfSample(*good).write(file)
    assert OutOfSample.read(file, 7).digests.tolist() == [0, 1, 2]
    for arrays, message in [
        ({"digests": good[0]}, "probabilities"),
        ({"digests": good[0], "probabilities": good[1][:2]}, "do not fit"),
        ({"digests": good[0], "probabilities": good[1][:, :5]}, "5 classes, the bundle 7"),
        ({"digests": good[0][::-1], "probabilities": good[1]}, "must ascend"),
        ({"digests": good[0], "probabilities": good[1] * np.float32(np.nan)}, "must be finite"),
        ({"digests": good[0], "probabilities": good[1].astype(object)}, "allow_pickle"),
    ]:
        np.savez(file, **arrays)
        with pytest.raises(ValueError, match=rf"answers\.npz: .*{message}.*copy the bundle again"):
            OutOfSample.read(file, 7)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"answers\.npz: .*copy the bundle again"):
        OutOfSample.read(file, 7)


def test_a_changed_description_is_detected(bundle: Path) -> None:
    text = (bundle / "bundle.json").read_text()
    (bundle / "bundle.json").write_text(text.replace('"angry"', '"angrx"'))
    with pytest.raises(ValueError, match="does not match its own hash"):
        load_bundle(bundle)


def test_a_truncated_description_is_refused(bundle: Path) -> None:
    text = (bundle / "bundle.json").read_text()
    (bundle / "bundle.json").write_text(text[: len(text) // 2])
    with pytest.raises(ValueError, match=r"bundle\.json"):
        load_bundle(bundle)


def test_missing_files_are_named(bundle: Path, tmp_path: Path) -> None:
    (bundle / "model.skops").unlink()
    with pytest.raises(ValueError, match=r"model\.skops is missing"):
        load_bundle(bundle)
    with pytest.raises(FileNotFoundError, match="has no bundle"):
        load_bundle(tmp_path / "nowhere")


def test_mismatching_labels_size_format_and_version_are_refused(bundle: Path) -> None:
    info = json.loads((bundle / "bundle.json").read_text())
    for changes, message in [
        ({"labels": info["labels"][::-1]}, "classes are not the labels"),
        ({"labels": info["labels"][:3]}, "cannot be used|classes are not the labels"),
        ({"input": {**info["input"], "height": 64}}, "cannot be used"),
        ({"input": {**info["input"], "height": 10**9}}, "out of range"),
        ({"format": 99}, "this version reads 1"),
        ({"versions": {**info["versions"], "scikit-learn": "0.1.0"}}, "made with scikit-learn 0.1.0"),
        ({"files": {**info["files"], "../evil": "0"}}, "names the files"),
    ]:
        (bundle / "bundle.json").write_text(json.dumps(info))
        rewrite(bundle, **changes)
        with pytest.raises(ValueError, match=message):
            load_bundle(bundle)


class _Evil:
    def __reduce__(self) -> tuple:
        return (Path("pwned").touch, ())


def test_a_pickle_or_an_untrusted_type_in_the_model_is_not_executed(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    from sklearn.preprocessing import FunctionTransformer
    from skops.io import dump

    monkeypatch.chdir(tmp_path)
    model = bundle / "model.skops"
    for write in (
        lambda: model.write_bytes(pickle.dumps(_Evil())),
        lambda: dump(FunctionTransformer(subprocess.run), model),
        lambda: zipfile.ZipFile(model, "w").close(),
    ):
        write()
        rewrite(bundle, files={"model.skops": hashlib.sha256(model.read_bytes()).hexdigest()})
        with pytest.raises(ValueError, match="cannot be used"):
            load_bundle(bundle)
    assert not Path("pwned").exists()


@pytest.mark.parametrize("field, value", [("left_child", 10**6), ("right_child", -7), ("feature", 10**6)])
def test_tree_nodes_that_point_outside_the_tree_are_refused(
    faces: Dataset, tmp_path: Path, field: str, value: int
) -> None:
    recognizer = make_recipe("hog+tree").fit(faces.images, faces.labels)
    tree = recognizer[-1].tree_
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][field][0] = value
    tree.__setstate__(state)
    bundle = save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48))
    with pytest.raises(ValueError, match="a decision tree inside points outside itself"):
        load_bundle(bundle)


def test_images_of_another_size_are_refused(bundle: Path) -> None:
    with pytest.raises(ValueError, match=r"takes images of \(48, 48\) pixels; got \(64, 64\)"):
        load_bundle(bundle).predict(np.zeros((1, 64, 64), np.uint8))
