"""The CNN as a scikit-learn classifier: learns, repeats, resumes, refuses bad input."""

import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

pytest.importorskip("keras", reason="the deep extra is not installed")

from ferbench.datasets import Dataset, make_faces
from ferbench.models import CNN, Augmentation
from ferbench.models.networks import require_keras


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=3, difficulty=0.2)


@pytest.fixture(scope="module", autouse=True)
def _undrawn() -> Iterator[None]:
    """Curves are drawn in test_training.py; here, drawing them after each epoch would take longer than the epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ferbench.models.networks.callbacks.draw_curves", lambda *_: None)
        yield


def tiny(**parameters: object) -> CNN:
    return CNN(
        **{
            "architecture": "tiny",
            "epochs": 3,
            "batch_size": 32,
            "random_state": 1,
            "precision": "float32",
            **parameters,
        }
    )


def fit(faces: Dataset, **parameters: object) -> CNN:
    X_val, y_val = faces.part("PublicTest")
    return tiny(**parameters).fit(*faces.part("Training"), X_val=X_val, y_val=y_val)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def after_one_epoch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `fitted` leaves its checkpoints as they were after its first epoch."""
    return tmp_path_factory.mktemp("after") / "one"


@pytest.fixture(scope="module")
def fitted(faces: Dataset, checkpoints: Path, after_one_epoch: Path) -> CNN:
    def kept(epoch: int, _: object) -> None:
        if epoch == 1:
            shutil.copytree(checkpoints, after_one_epoch)

    X_val, y_val = faces.part("PublicTest")
    network = tiny(checkpoint_dir=checkpoints)
    return network.fit(*faces.part("Training"), X_val=X_val, y_val=y_val, on_epoch=kept)


@pytest.fixture(scope="module")
def streamed(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> CNN:
    """The same training with images on disk and a validation in batches."""
    folder, parts = tmp_path_factory.mktemp("streamed"), []
    for split in ("Training", "PublicTest"):
        images, labels = faces.part(split)
        np.save(folder / f"{split}.npy", images)
        parts += [np.load(folder / f"{split}.npy", mmap_mode="r"), labels]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ferbench.models.networks.class_training.LARGE_BYTES", 1000)
        patch.setattr("ferbench.utils.memory.maps._KEPT_BYTES", 1000)
        return tiny().fit(parts[0], parts[1], X_val=parts[2], y_val=parts[3])


def weights_equal(a: CNN, b: CNN) -> bool:
    return all((p == q).all() for p, q in zip(a.model_.get_weights(), b.model_.get_weights(), strict=True))


def test_fits_the_training_images() -> None:
    X, y = make_faces(140, size=24, random_state=3, difficulty=0.0).part("Training")
    settings = {"architecture": "cnn-4conv-thin", "epochs": 7, "batch_size": 8, "augmentation": None}
    network = tiny(**settings).fit(X, y, X_val=X, y_val=y)
    assert (network.predict(X) == y).mean() > 0.5


def test_probabilities_follow_the_class_order(faces: Dataset, fitted: CNN) -> None:
    proba = fitted.predict_proba(faces.images[:5])
    assert proba.shape == (5, 7) and list(fitted.classes_) == sorted(set(faces.labels))
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-9)
    np.testing.assert_allclose(fitted.predict_proba(faces.images[2:3])[0], proba[2], atol=1e-6)


def test_history_has_one_entry_per_epoch(fitted: CNN) -> None:
    assert {len(values) for values in fitted.history_.values()} == {3}
    assert set(fitted.history_) >= {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds"}
    assert fitted.best_epoch_ == 1 + int(np.argmax(fitted.history_["val_accuracy"]))
    assert "Keras" in fitted.implementation_ and "float32" in fitted.implementation_


def test_weights_depend_only_on_the_seed(faces: Dataset, fitted: CNN, streamed: CNN) -> None:
    assert weights_equal(fitted, streamed)
    assert not weights_equal(fitted, fit(faces, random_state=2))


def test_interrupted_and_resumed_equals_uninterrupted(
    faces: Dataset, fitted: CNN, after_one_epoch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferbench.models.networks import callbacks

    save = callbacks.State._save

    def interrupted(state: callbacks.State) -> None:
        save(state)
        raise KeyboardInterrupt

    monkeypatch.setattr(callbacks.State, "_save", interrupted)
    # The first interruption left this one's checkpoints.
    shutil.copytree(after_one_epoch, tmp_path, dirs_exist_ok=True)
    with pytest.raises(KeyboardInterrupt):
        fit(faces, checkpoint_dir=tmp_path)
    monkeypatch.undo()
    resumed = fit(faces, checkpoint_dir=tmp_path)
    assert weights_equal(resumed, fitted)
    assert resumed.history_["val_loss"] == fitted.history_["val_loss"]


@pytest.mark.usefixtures("fitted")
def test_a_checkpoint_of_other_data_or_a_broken_one_is_refused(
    faces: Dataset, checkpoints: Path, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="belongs to other data or parameters"):
        fit(faces, checkpoint_dir=checkpoints, learning_rate=0.01)
    (tmp_path / "state.npz").write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"state\.npz cannot be read"):
        fit(faces, checkpoint_dir=tmp_path)


def test_cosine_lowers_the_learning_rate_and_without_validation_images_a_part_is_held_out(faces: Dataset) -> None:
    network = tiny(schedule="cosine", learning_rate=0.01).fit(*faces.part("Training"))
    assert len(network.history_["val_loss"]) == 3
    rates = network.history_["learning_rate"]
    assert 0.01 > rates[0] > rates[1] > rates[2] == pytest.approx(0.0001, rel=0.1)


def test_stops_early_when_validation_does_not_improve(faces: Dataset) -> None:
    X, y = faces.part("Training")
    X_val, y_val = faces.part("PublicTest")
    shuffled = np.random.default_rng(0).permutation(y_val)
    network = tiny(epochs=20, patience=2, learning_rate=0.05).fit(X, y, X_val=X_val, y_val=shuffled)
    assert len(network.history_["loss"]) < 20


def test_imbalance_weights_raise_the_rare_class() -> None:
    X, y = make_faces(420, random_state=3, difficulty=0.2).part("Training")
    keep = (y == "happy") | ((y == "sad") & (np.cumsum(y == "sad") <= 6))

    def recall(imbalance: str | None) -> float:
        network = tiny(epochs=4, imbalance=imbalance, learning_rate=0.005).fit(
            X[keep], y[keep], X_val=X[keep], y_val=y[keep]
        )
        return float(network.predict_proba(X[y == "sad"])[:, 1].mean())

    plain = recall(None)
    assert recall("weights") > plain
    assert recall("oversample") > plain


def test_pickle_keeps_predictions_and_clone_keeps_parameters(faces: Dataset, fitted: CNN) -> None:
    copy = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(copy.predict_proba(faces.images[:9]), fitted.predict_proba(faces.images[:9]))
    assert clone(fitted).get_params() == fitted.get_params()


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"architecture": "vgg-99"}, "no architecture 'vgg-99'; did you mean vgg-fer"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"imbalance": "smote"}, "imbalance must be one of"),
        ({"learning_rate": -1.0}, "learning_rate must be a number above 0"),
    ],
)
def test_wrong_parameters_are_named(faces: Dataset, parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(faces, **parameters)


def test_wrong_images_and_labels_are_named(faces: Dataset, fitted: CNN) -> None:
    X, y = faces.part("Training")
    with pytest.raises(ValueError, match="equal length"):
        tiny().fit(X, y[:-1])
    with pytest.raises(ValueError, match="missing from the training labels: sad"):
        tiny().fit(X[y != "sad"], y[y != "sad"], X_val=X, y_val=y)
    with pytest.raises(ValueError, match="as in fit"):
        fitted.predict(X[:, :40, :40])


def test_a_loss_of_nan_is_named(faces: Dataset) -> None:
    with pytest.raises(ValueError, match="lower learning_rate"):
        fit(faces, learning_rate=1e38, augmentation=None)


def test_augmentation_moves_images_within_bounds_and_repeats() -> None:
    image = np.zeros((1, 48, 48), np.uint8)
    image[0, 20:28, 30:38] = 255
    batch = np.repeat(image, 64, axis=0)
    moved = Augmentation(rotation=0, shift=0.1, zoom=0, flip=False)(batch, np.random.default_rng(0))
    centers = np.array([np.argwhere(m > 127).mean(axis=0) for m in moved])
    offsets = np.abs(centers - (23.5, 33.5))
    assert offsets.max() <= 0.1 * 48 + 1 and offsets.max() > 2
    again = Augmentation(rotation=0, shift=0.1, zoom=0, flip=False)(batch, np.random.default_rng(0))
    np.testing.assert_array_equal(moved, again)
    flipped = Augmentation(rotation=0, shift=0, zoom=0, flip=True)(batch, np.random.default_rng(0))
    assert {tuple(m[:, ::-1].ravel()) == tuple(image[0].ravel()) for m in flipped} == {True, False}


def test_images_on_disk_and_a_validation_in_batches_give_the_same_network(fitted: CNN, streamed: CNN) -> None:
    assert weights_equal(streamed, fitted)
    np.testing.assert_allclose(streamed.history_["val_loss"], fitted.history_["val_loss"], rtol=1e-5)


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("0", "0")])
def test_training_chooses_the_fast_kernels_of_tensorflow_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, given: str | None, expected: str
) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    if given is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", given)
    require_keras("CNN")
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == expected
    # The estimators ask before they import Keras.
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    with pytest.raises(ValueError, match="epochs"):
        CNN(epochs=0).fit(np.zeros((4, 48, 48), np.uint8), ["a", "b"] * 2)
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1"
