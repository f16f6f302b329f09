"""Training of networks: optimizers, averaging, mixing, teachers, phases, and errors."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

pytest.importorskip("keras", reason="the deep extra is not installed")

import keras

from ferbench.datasets import Dataset, make_faces
from ferbench.models import CNN, Augmentation, load_bundle, make_recipe, save_bundle
from ferbench.models.networks import callbacks
from ferbench.models.networks.architectures import ARCHITECTURES, build_network

DRAW = callbacks.draw_curves


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(105, random_state=3, difficulty=0.2)


def fit(faces: Dataset, **parameters: object) -> CNN:
    settings = {"architecture": "tiny", "epochs": 2, "batch_size": 32, "precision": "float32", **parameters}
    X_val, y_val = faces.part("PublicTest")
    return CNN(**settings).fit(*faces.part("Training"), X_val=X_val, y_val=y_val)


@pytest.fixture(scope="module")
def plain_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoints of `plain`."""
    return tmp_path_factory.mktemp("plain")


@pytest.fixture(scope="module", autouse=True)
def _undrawn() -> Iterator[None]:
    """Only the curves of `plain` are drawn: drawing them after each epoch takes longer than the epoch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks, "draw_curves", lambda *_: None)
        yield


PLAIN = {"optimizer": "adamw", "learning_rate": 0.01, "augmentation": False, "batch_size": 8}


@dataclass
class Told:
    """What the training of `plain` wrote besides its checkpoints."""

    logs: Path
    drawn: list[int] = field(default_factory=list)
    said: str = ""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return Told(tmp_path_factory.mktemp("logs"))


@pytest.fixture(scope="module")
def plain(faces: Dataset, plain_folder: Path, told: Told) -> CNN:
    def counted(history: dict, file: Path, title: str) -> None:
        DRAW(history, file, title)
        told.drawn.append(len(history["loss"]))

    logs = None if find_spec("tensorboard") is None else told.logs
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as said:
        patch.setattr(callbacks, "draw_curves", counted)
        network = fit(faces, checkpoint_dir=plain_folder, verbose=True, tensorboard=logs, **PLAIN)
    told.said = said.getvalue()
    return network


@pytest.fixture(scope="module")
def plain_bundle(plain: CNN, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_bundle(tmp_path_factory.mktemp("bundle") / "plain", plain, image_shape=(48, 48))


def test_training_accuracy_is_on_true_labels_of_images_as_they_are(faces: Dataset, last_weights: CNN) -> None:
    import keras

    from ferbench.models.networks.callbacks import TrainAccuracy

    network = last_weights
    curve = network.history_["train_accuracy"]
    assert [np.isnan(value) for value in curve] == [False, True, True, False, False]
    # A measured one is the accuracy of the weights of its epoch; Keras's own value is on mixed images and targets.
    X, y = faces.part("Training")
    assert len(X) <= TrainAccuracy.MOST
    measured = curve[network.best_epoch_ - 1]
    if not np.isnan(measured):
        assert measured == pytest.approx(network.score(X, y), abs=1e-6)
    watcher = TrainAccuracy(np.zeros((5000, 2, 2), np.uint8), np.zeros(5000, int), 9)
    assert len(watcher.images) == TrainAccuracy.MOST
    watcher.set_model(keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(2, bias_initializer="ones")]))
    logs: dict[str, float] = {}
    watcher.on_epoch_end(1, logs)
    assert np.isnan(logs["train_accuracy"])
    watcher.on_epoch_end(8, logs)
    assert logs["train_accuracy"] == 1.0


MODERN = {
    "optimizer": "sgd",
    "schedule": "cosine",
    "warmup_epochs": 1,
    "learning_rate": 0.05,
    "weight_decay": 0.005,
    "average": 0.9,
    "imbalance": None,
    "augmentation": {"mixup": 0.8, "erase": 0.5},
    "label_smoothing": 0.3,
    "epochs": 5,
    "batch_size": 16,
}


@pytest.fixture(scope="module")
def modern_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("modern")


@pytest.fixture(scope="module")
def modern(faces: Dataset, modern_folder: Path) -> CNN:
    """A modern training, with a copy of its checkpoints as they were after each epoch."""
    with pytest.MonkeyPatch.context() as patch:
        keep_checkpoints(patch)
        return fit(faces, checkpoint_dir=modern_folder / "c", **MODERN)


@pytest.fixture(scope="module")
def last_weights(faces: Dataset) -> CNN:
    """The same training without an average of weights."""
    return fit(faces, **{**MODERN, "average": 0.0})


def weights_equal(a: CNN, b: CNN) -> bool:
    return all((p == q).all() for p, q in zip(a.model_.get_weights(), b.model_.get_weights(), strict=True))


def keep_checkpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copy the folder of the checkpoints after each epoch, as an interruption would leave it then."""
    from ferbench.models.networks.callbacks import State

    save = State._save

    def kept(state: State) -> None:
        save(state)
        shutil.copytree(state.folder, f"{state.folder}-{state.epoch}")

    monkeypatch.setattr(State, "_save", kept)


def test_a_modern_training_repeats_when_it_is_resumed(faces: Dataset, modern: CNN, modern_folder: Path) -> None:
    # Whether an uninterrupted one repeats, and whether one can be interrupted often, is asked in test_cnn.py.
    seen: list[int] = []
    X_val, y_val = faces.part("PublicTest")
    resumed = CNN(**modern.get_params()).set_params(checkpoint_dir=modern_folder / "c-4")
    resumed.fit(*faces.part("Training"), X_val=X_val, y_val=y_val, on_epoch=lambda n, _: seen.append(n))
    assert seen == [5]
    assert weights_equal(resumed, modern) and resumed.history_["val_loss"] == modern.history_["val_loss"]
    last, first = (np.load(modern_folder / name / "state.npz") for name in ("c-4", "c"))
    assert sorted(last.files) == sorted(first.files)
    for name in set(last.files) - {"note"}:
        np.testing.assert_array_equal(last[name], first[name])


@pytest.mark.parametrize(("schedule", "resumed_after"), [("cosine", 2), ("plateau", 3)])
def test_training_on_small_images_first_resumes_and_predicts_whole_ones(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: str, resumed_after: int
) -> None:
    settings = {**MODERN, "schedule": schedule, "epochs": 4, "progressive_sizes": (24, 48)}
    seen = shapes_seen(monkeypatch)
    with monkeypatch.context() as patch:
        keep_checkpoints(patch)
        whole = fit(faces, checkpoint_dir=tmp_path / "c", **settings)
    assert [side for side, _ in seen] == [24, 24, 48, 48]
    assert whole.model_.input_shape == (None, 48, 48) and whole.predict_proba(faces.images).shape == (105, 7)
    in_whole, seen[:] = seen.copy(), []
    resumed = fit(faces, checkpoint_dir=tmp_path / f"c-{resumed_after}", **settings)
    assert seen == in_whole[resumed_after:]
    assert weights_equal(resumed, whole) and resumed.history_["val_loss"] == whole.history_["val_loss"]
    assert resumed.history_["learning_rate"] == whole.history_["learning_rate"]


def test_a_new_size_does_not_restart_patience(faces: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = shapes_seen(monkeypatch)
    # No epoch counts as better than the first.
    monkeypatch.setattr("keras.callbacks.EarlyStopping._is_improvement", lambda self, *values: self.best is None)
    stopped = fit(faces, epochs=8, patience=3, progressive_sizes=(16, 24, 32, 48))
    assert len(stopped.history_["loss"]) == 4 and [side for side, _ in seen] == [16, 16, 24, 24]


def shapes_seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Side of the images in the last batch of each epoch, and the epoch; filled while a network is trained."""
    from ferbench.models.networks.batches import Batches

    seen: list[tuple[int, int]] = []
    get = Batches.__getitem__

    def watched(batches: Batches, index: int) -> tuple:
        batch = get(batches, index)
        if index == len(batches) - 1 and (batch[0].shape[1], batches.epoch) not in seen:
            seen.append((batch[0].shape[1], batches.epoch))
        return batch

    monkeypatch.setattr(Batches, "__getitem__", watched)
    return seen


def test_warm_up_raises_the_rate_and_cosine_lowers_it(modern: CNN) -> None:
    rates = modern.history_["learning_rate"]
    assert rates[0] == pytest.approx(0.05, rel=0.2) and rates[0] > rates[1] > rates[2]


def test_averaged_weights_are_kept_but_not_trained_further(modern: CNN, last_weights: CNN) -> None:
    from ferbench.models.networks.callbacks import WeightAverage

    class Network:
        def __init__(self) -> None:
            self.weights = [np.zeros(2)]

        def get_weights(self) -> list[np.ndarray]:
            return [w.copy() for w in self.weights]

        def set_weights(self, values: list[np.ndarray]) -> None:
            self.weights = [v.copy() for v in values]

    average, network = WeightAverage(0.99), Network()
    average.set_model(network)
    expected = None
    for step in range(1, 81):
        network.weights = [np.full(2, float(step))]
        average.on_train_batch_end(step)
        if step % 8 == 0:
            decay = min(0.99**8, step / (step + 80))
            expected = step if expected is None else decay * expected + (1 - decay) * step
    average.on_test_begin()
    np.testing.assert_allclose(network.weights[0], expected)
    average.on_epoch_end(0)
    np.testing.assert_array_equal(network.weights[0], 80)
    assert modern.history_["loss"] == last_weights.history_["loss"]
    assert modern.history_["val_loss"] != last_weights.history_["val_loss"]


def test_weight_decay_shrinks_kernels_but_not_scales(faces: Dataset, plain: CNN) -> None:
    def norms(network: CNN) -> list[tuple[str, float]]:
        return [(w.name, float(np.linalg.norm(w.numpy()))) for w in network.model_.trainable_variables]

    shrunk = fit(faces, weight_decay=0.99, **PLAIN)
    for (name, without), (_, decayed) in zip(norms(plain), norms(shrunk), strict=True):
        if name == "kernel":
            assert decayed < 0.97 * without
        if name == "gamma":
            assert decayed == pytest.approx(without, rel=0.1)


def test_mixing_blends_images_and_targets_alike() -> None:
    images = np.stack([np.full((48, 48), value, np.float32) for value in range(0, 200, 10)])
    targets = np.stack([np.arange(0, 200, 10) / 190, 1 - np.arange(0, 200, 10) / 190], 1).astype(np.float32)
    for settings in ({"mixup": 0.4}, {"cutmix": 1.0}):
        mixed, blended = Augmentation(**settings).mix(images, targets, np.random.default_rng(1))
        np.testing.assert_allclose(mixed.mean(axis=(1, 2)) / 190, blended[:, 0], atol=1e-5)
        assert not np.allclose(mixed, images)
    same, _ = Augmentation().mix(images, targets, np.random.default_rng(1))
    assert same is images


def test_erasing_covers_the_asked_share_of_images() -> None:
    images = np.full((400, 48, 48), 77, np.uint8)
    erased = Augmentation(rotation=0, shift=0, zoom=0, erase=0.25)(images, np.random.default_rng(0))
    share = (erased != 77).mean(axis=(1, 2))
    assert 0.18 < (share > 0).mean() < 0.32 and share.max() < 0.3


@pytest.mark.parametrize(
    "augmentation, message",
    [({"rotate": 3}, "augmentation has no rotate; known: rotation"), ({"zoom": 2.0}, r"zoom must be from 0 to 0\.9")],
)
def test_a_wrong_augmentation_is_named(faces: Dataset, augmentation: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(faces, augmentation=augmentation)


def test_teachers_become_part_of_the_targets(faces: Dataset, plain: CNN, plain_bundle: Path) -> None:
    from ferbench.models.networks.batches import Batches, load_teachers, teach

    student = CNN("tiny", teachers=[str(plain_bundle)], distillation=0.6, augmentation=False, batch_size=32)
    student.classes_, student.image_shape_ = plain.classes_, (48, 48)
    X, y = faces.part("Training")
    columns = np.searchsorted(plain.classes_, y)
    soft = teach(load_teachers(student), X, student)
    expected = (plain.predict_proba(X) + plain.predict_proba(X[:, :, ::-1])) / 2
    np.testing.assert_allclose(soft, expected, atol=1e-4)
    _, targets, _ = Batches(X, columns, student, soft)[0]
    rows = np.random.default_rng((0, 0)).permutation(len(X))[:32]
    np.testing.assert_allclose(targets, 0.4 * np.eye(7)[columns[rows]] + 0.6 * expected[rows], atol=1e-4)
    # The one without a teacher is `plain`.
    assert not weights_equal(plain, fit(faces, teachers=[plain_bundle], **PLAIN))


def test_a_teacher_with_out_of_sample_probabilities_teaches_these(
    faces: Dataset, plain: CNN, plain_bundle: Path, tmp_path: Path
) -> None:
    from ferbench.models.networks.batches import load_teachers, teach

    X, y = faces.part("Training")
    recognizer = make_recipe("pixels+kernel-ridge", classifier__loo_rows=1000).fit(X, y)
    path = save_bundle(tmp_path / "remembers", recognizer, image_shape=(48, 48), images=X)
    student = CNN("tiny", teachers=[path])
    student.classes_, student.image_shape_ = recognizer.classes_, (48, 48)
    unseen = recognizer[-1].loo_probabilities_
    np.testing.assert_allclose(teach(load_teachers(student), X[5:25], student), unseen[5:25], atol=1e-6)
    # Not about other images, nor where one of them is another.
    assert load_bundle(path).out_of_sample(X[:4, :, ::-1]) is None
    other = teach(load_teachers(student), np.concatenate([X[5:25], X[:1, :, ::-1]]), student)
    assert np.abs(other[:20] - unseen[5:25]).max() > 0.01
    # A second teacher counts as much as this one.
    student.set_params(teachers=[path, plain_bundle], augmentation=False)
    looked = (plain.predict_proba(X) + plain.predict_proba(X[:, :, ::-1])) / 2
    np.testing.assert_allclose(teach(load_teachers(student), X, student), (unseen + looked) / 2, atol=1e-4)


def test_an_unfit_teacher_is_refused(faces: Dataset, tmp_path: Path) -> None:
    keep = np.isin(faces.labels, ["happy", "sad"])
    two = make_recipe("pixels+logreg").fit(faces.images[keep], faces.labels[keep])
    path = save_bundle(tmp_path / "two", two, image_shape=(48, 48))
    with pytest.raises(ValueError, match=r"teacher .*two knows happy, sad; the training labels are angry"):
        fit(faces, teachers=[path])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fit(faces, teachers=[tmp_path / "nowhere"])


def small_backbone(include_top: bool, weights: str | None, input_shape: tuple[int, ...], name: str) -> keras.Model:
    """A backbone in the place of one of keras.applications, whose building and tracing would take a minute."""
    assert not include_top and weights is None
    inputs = keras.Input(input_shape)
    x = keras.layers.Conv2D(4, 3, strides=4, use_bias=False)(inputs)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    return keras.Model(inputs, x, name=name)


def test_transfer_trains_the_head_then_the_backbone_and_resumes_between(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferbench.models.networks.callbacks import State

    small_backbone.__module__ = keras.applications.MobileNetV3Small.__module__
    monkeypatch.setattr(keras.applications, "MobileNetV3Small", small_backbone)
    # The last weights of each epoch: which epoch is the best one depends on the faces.
    trained: list[list[np.ndarray]] = []
    save = State._save

    def watched(state: State) -> None:
        save(state)
        trained.append(state.model.get_layer("backbone").get_weights())

    monkeypatch.setattr(State, "_save", watched)
    architecture, start = "transfer:MobileNetV3Small", tmp_path / "start.weights.h5"
    backbone = build_network(architecture, (48, 48), 7).get_layer("backbone")
    backbone.save_weights(start)
    settings = {"architecture": architecture, "initial_weights": start, "batch_size": 64, "frozen_epochs": 1}
    with monkeypatch.context() as patch:
        keep_checkpoints(patch)
        whole = fit(faces, checkpoint_dir=tmp_path / "c", **settings)
    frozen, tuned = trained
    for kept, first in zip(frozen, backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, first)
    # Kernel, scale and offset, and the statistics of the normalization.
    assert len(tuned) == 5 and not any(map(np.array_equal, tuned, frozen))
    resumed = fit(faces, checkpoint_dir=tmp_path / "c-1", **settings)
    assert weights_equal(resumed, whole) and resumed.history_["val_loss"] == whole.history_["val_loss"]
    assert len(trained) == 3 and all(map(np.array_equal, trained[-1], tuned))


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"architecture": "transfer:ResNet5"}, "no keras.applications backbone 'ResNet5'; did you mean ResNet50"),
        ({"initial_weights": "imagenet"}, "is for transfer:BACKBONE, not for tiny"),
        ({"initial_weights": "missing.weights.h5"}, "there is no file missing.weights.h5"),
        ({"refit_head": -1.0}, "refit_head must be a number of at least 0; got -1.0"),
        ({"test_time": "crop"}, "test_time must be one of 'flip', 'ten-crop', or None; got 'crop'"),
        ({"average": 1.0}, r"average must be in \[0, 1\)"),
        ({"distillation": 2}, r"distillation must be in \[0, 1\]"),
        ({"progressive_sizes": 32}, "progressive_sizes must be whole numbers of at least 8.*got 32"),
        ({"progressive_sizes": [4, 48]}, r"progressive_sizes must be whole numbers of at least 8.*got \[4, 48\]"),
        ({"progressive_sizes": [32, 48], "input_size": 36}, "progressive_sizes and input_size cannot be combined"),
        ({"progressive_sizes": [32], "architecture": "cnn-4conv"}, "cnn-4conv takes images of one size only.*leave"),
    ],
)
def test_wrong_training_parameters_are_named(faces: Dataset, parameters: dict, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        fit(faces, **parameters)


def test_weights_of_another_network_do_not_fit(faces: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "other.weights.h5"
    build_network("cnn-4conv-thin", (48, 48), 7).save_weights(file)
    with pytest.raises(ValueError, match=r"other\.weights\.h5 does not fit tiny"):
        fit(faces, initial_weights=file)


@pytest.fixture(scope="module")
def crops(faces: Dataset, plain: CNN, plain_folder: Path) -> CNN:
    return fit(faces, checkpoint_dir=plain_folder, test_time="ten-crop", **PLAIN)


def test_test_time_views_average_the_prediction_and_need_no_new_training(
    faces: Dataset, plain: CNN, plain_folder: Path, request: pytest.FixtureRequest
) -> None:
    state = (plain_folder / "state.npz").stat().st_mtime_ns
    flip = fit(faces, checkpoint_dir=plain_folder, test_time="flip", **PLAIN)
    crops = request.getfixturevalue("crops")
    assert (plain_folder / "state.npz").stat().st_mtime_ns == state
    X = faces.images[:20]
    both = (plain.predict_proba(X) + plain.predict_proba(X[:, :, ::-1])) / 2
    np.testing.assert_allclose(flip.predict_proba(X), both, atol=1e-6)
    np.testing.assert_allclose(crops.predict_proba(X), crops.predict_proba(X[:, :, ::-1]), atol=1e-5)
    assert np.abs(crops.predict_proba(X) - both).max() > 1e-4
    assert "ten crops" in crops.probabilities_ and "mirror" in flip.probabilities_


@pytest.mark.parametrize("n_classes", [2, 7])
def test_the_last_layer_can_be_a_logistic_regression_and_needs_no_new_training(
    faces: Dataset, n_classes: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    import keras

    X, y = faces.part("Training")
    X_val, y_val = faces.part("PublicTest")
    if n_classes == 2:
        X, y = (part[np.isin(y, ("happy", "sad"))] for part in (X, y))
        X_val, y_val = X, y
        settings = {"architecture": "tiny", "epochs": 1, "checkpoint_dir": tmp_path, "precision": "float32"}
        plain = CNN(**settings).fit(X, y, X_val=X_val, y_val=y_val)
    else:
        plain = request.getfixturevalue("plain")
    trained: list[int] = []
    refitted = CNN(**plain.get_params()).set_params(refit_head=0.1)
    refitted.fit(X, y, X_val=X_val, y_val=y_val, on_epoch=lambda n, _: trained.append(n))
    assert not trained and refitted.history_ == plain.history_
    see = keras.Model(plain.model_.inputs[0], plain.model_.layers[-1].input)
    features, mirrored = (np.asarray(see(images.astype(np.float32))) for images in (X, X[:, :, ::-1]))
    both = np.concatenate([features, mirrored])
    mean, spread = both.mean(axis=0), both.std(axis=0) + 1e-6
    regression = LogisticRegression(C=0.1, max_iter=1000).fit((both - mean) / spread, np.tile(y, 2))
    expected = regression.predict_proba((features - mean) / spread)
    np.testing.assert_allclose(refitted.predict_proba(X), expected, atol=2e-3)
    assert np.abs(plain.predict_proba(X) - expected).max() > 0.02
    assert "last layer refitted by logistic regression" in refitted.probabilities_
    for before, after in zip(plain.model_.get_weights()[:-2], refitted.model_.get_weights()[:-2], strict=True):
        np.testing.assert_array_equal(before, after)


def test_test_time_views_travel_in_the_bundle(faces: Dataset, crops: CNN, tmp_path: Path) -> None:
    loaded = load_bundle(save_bundle(tmp_path / "b", crops, image_shape=(48, 48)))
    np.testing.assert_allclose(loaded.predict_proba(faces.images[:9]), crops.predict_proba(faces.images[:9]), atol=1e-3)


def test_a_loss_that_diverges_later_stops_and_keeps_the_last_good_checkpoint(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferbench.models.networks.batches import Batches

    get = Batches.__getitem__

    def poisoned(batches: Batches, index: int) -> tuple:
        images, targets, weights = get(batches, index)
        return images, targets, weights * (np.nan if batches.epoch > 1 else 1)

    monkeypatch.setattr(Batches, "__getitem__", poisoned)
    with pytest.raises(ValueError, match=r"not a number in epoch 2; lower learning_rate .*epoch 1 are kept in .*\.h5"):
        fit(faces, checkpoint_dir=tmp_path, epochs=3)
    network = build_network("tiny", (48, 48), 7)
    network.load_weights(tmp_path / "best-001.weights.h5")
    assert all(np.isfinite(w).all() for w in network.get_weights())


def test_too_little_memory_suggests_a_smaller_batch(faces: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    class ResourceExhaustedError(Exception):
        pass

    def exhausted(*_: object, **__: object) -> None:
        raise ResourceExhaustedError("OOM when allocating tensor")

    monkeypatch.setattr(keras.Model, "fit", exhausted)
    with pytest.raises(MemoryError, match="try batch_size=16"):
        fit(faces)


@pytest.mark.usefixtures("plain")
def test_curves_are_drawn_anew_each_epoch(plain_folder: Path, told: Told) -> None:
    from PIL import Image

    assert told.drawn == [1, 2]
    with Image.open(plain_folder / "curves.png") as picture:
        assert picture.size[0] > 500
    assert "epoch 2: loss" in told.said


@pytest.mark.usefixtures("plain")
def test_tensorboard_logs_are_written(told: Told) -> None:
    pytest.importorskip("tensorboard", reason="the tensorboard extra is not installed")
    assert list(told.logs.rglob("events.out.tfevents.*"))


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_every_network_takes_faces_and_gives_probabilities(name: str, faces: Dataset) -> None:
    network = build_network(name, (48, 48), 7)
    proba = np.asarray(network(faces.images[:2].astype(np.float32), training=False))
    assert proba.shape == (2, 7)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    limits = {
        "ferbench-net-l": (2.5e6, 2.6e6),
        "ferbench-net-xs": (200_000, 300_000),
        "mini-xception": (45_000, 65_000),
        "vgg-fer": (3e7, 5e7),
    }
    low, high = limits.get(name, (1_000, 5_000_000))
    assert low < network.count_params() < high


def test_normalization_statistics_of_a_backbone_suit_a_short_training() -> None:
    from keras.layers import BatchNormalization

    backbone = build_network("transfer:MobileNetV3Small", (48, 48), 7).get_layer("backbone")
    momenta = {layer.momentum for layer in backbone.layers if isinstance(layer, BatchNormalization)}
    assert momenta == {0.9}


def test_every_named_network_is_a_recipe() -> None:
    for name in (
        "cnn-4conv",
        "cnn-gap",
        "resnet-blocks",
        "mini-xception",
        "vgg-fer",
        "ferbench-net-m",
        "ferbench-net-l",
        "ferbench-net-xs",
    ):
        assert make_recipe(name).architecture == name
    assert make_recipe("transfer").architecture.startswith("transfer:")
    assert make_recipe("ferbench-net-m", epochs=3).epochs == 3


@pytest.mark.slow
@pytest.mark.skipif(find_spec("jax") is None, reason="jax is not installed")
def test_the_same_code_trains_under_jax(tmp_path: Path) -> None:
    program = """
import numpy as np
from ferbench.datasets import make_faces
from ferbench.models import CNN
faces = make_faces(70, size=24, random_state=3)
# All steps are of one size, so each is compiled once.
settings = dict(epochs=2, batch_size=21, optimizer="sgd", learning_rate=0.05, schedule="cosine", average=0.9)
a, b = (CNN("tiny", **settings).fit(faces.images, faces.labels) for _ in range(2))
assert "jax" in a.implementation_, a.implementation_
assert all((p == q).all() for p, q in zip(a.model_.get_weights(), b.model_.get_weights()))
print(np.isfinite(a.history_["val_loss"]).all())
"""
    # Compiled quickly, and once for both.
    quick = {
        "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    environment = {**os.environ, **quick, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith("True"), done.stderr[-2000:]
