"""Key-point models: training, missing points, reproducibility, resuming, bundles, and invalid input."""

import pickle
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

from ferbench.datasets import make_faces
from ferbench.features import POINT_NAMES, derive_points
from ferbench.models import (
    DlibShape,
    LoadedPoints,
    MeanShape,
    PointNet,
    get_recipe,
    load_bundle,
    make_recipe,
    pretrained,
    save_bundle,
)
from ferbench.models.bundles.shipped import find_shipped
from ferbench.models.keypoints.dlib_shape import completed

Faces = tuple[np.ndarray, np.ndarray]
needs_keras = pytest.mark.skipif(find_spec("keras") is None, reason="the deep extra is not installed")
SMALL = {"cascades": 4, "trees": 30, "copies": 1, "pool": 200, "splits": 10}


@pytest.fixture(scope="module")
def faces() -> Faces:
    drawn = make_faces(210, size=48, random_state=3, difficulty=0.1)
    assert drawn.landmarks is not None
    return drawn.images, derive_points(drawn.landmarks)


def tiny(**parameters: object) -> PointNet:
    settings = {"epochs": 3, "batch_size": 32, "precision": "float32", "learning_rate": 0.01, **parameters}
    return PointNet("points-tiny", **settings)


def fit(faces: Faces, **parameters: object) -> PointNet:
    X, points = faces
    return tiny(**parameters).fit(X[:170], points[:170], X[170:], points[170:])


@pytest.fixture(scope="module")
def after_one_epoch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `fitted` leaves its checkpoints as an interruption after its first epoch would leave them."""
    return tmp_path_factory.mktemp("after") / "one"


@pytest.fixture(scope="module")
def fitted(faces: Faces, after_one_epoch: Path, tmp_path_factory: pytest.TempPathFactory) -> PointNet:
    pytest.importorskip("keras", reason="the deep extra is not installed")
    folder, (X, points) = tmp_path_factory.mktemp("checkpoints"), faces

    def kept(epoch: int, _: object) -> None:
        if epoch == 1:
            shutil.copytree(folder, after_one_epoch)

    network = tiny(checkpoint_dir=folder)
    with pytest.MonkeyPatch.context() as patch:
        # Drawing takes longer than an epoch.
        patch.setattr("ferbench.models.networks.callbacks.draw_curves", lambda *_: None)
        return network.fit(X[:170], points[:170], X[170:], points[170:], on_epoch=kept)


def weights_equal(a: PointNet, b: PointNet) -> bool:
    return all((p == q).all() for p, q in zip(a.model_.get_weights(), b.model_.get_weights(), strict=True))


def test_the_mean_shape_is_the_mean_of_the_known_points(faces: Faces) -> None:
    X, points = faces[0], faces[1].copy()
    points[3:, 0] = np.nan
    found = MeanShape().fit(X, points).predict(X[:2])
    assert found.shape == (2, 15, 2) and found.dtype == np.float32
    np.testing.assert_allclose(found[0, 0], points[:3, 0].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(found[1, 5], points[:, 5].mean(axis=0), atol=1e-3)


def test_all_are_recipes_of_the_family_of_key_points() -> None:
    for name in ("points-net", "points-resnet", "dlib-shape", "mean-shape"):
        assert get_recipe(name).family == "keypoints"
        assert clone(make_recipe(name)).get_params() == make_recipe(name).get_params()
    assert make_recipe("points-resnet").optimizer == "adam" and make_recipe("points-resnet").validation_fraction == 0.2


@needs_keras
def test_a_network_learns_where_points_are(faces: Faces) -> None:
    X, points = faces
    network = tiny(epochs=12, augmentation=False).fit(X[:170], points[:170], X[170:], points[170:])
    assert network.score(X[170:], points[170:]) > 1.2 * MeanShape().fit(X[:170], points[:170]).score(
        X[170:], points[170:]
    )
    assert network.history_["val_rmse"][network.best_epoch_ - 1] == pytest.approx(
        -network.score(X[170:], points[170:]), rel=1e-3
    )
    assert network.history_["val_loss"][network.best_epoch_ - 1] == min(network.history_["val_loss"])


@needs_keras
def test_missing_points_are_masked_in_loss_gradient_and_metric() -> None:
    import keras
    from keras import ops

    from ferbench.models.keypoints.training import LOSSES, RootMeanSquaredError, masked

    rng = np.random.default_rng(0)
    true = rng.uniform(0, 96, (4, 15, 2)).astype(np.float32)
    found = true + rng.normal(0, 6, true.shape).astype(np.float32)
    true[1:, 4:] = np.nan
    known = np.isfinite(true)
    for name, plain in {
        "l2": lambda error: error**2,
        "wing": lambda error: np.where(
            np.abs(error) < 4, 4 * np.log1p(np.abs(error)), np.abs(error) - 4 + 4 * np.log(5)
        ),
    }.items():
        expected = np.where(known, plain(found - np.nan_to_num(true)), 0).mean(axis=(1, 2))
        got = ops.convert_to_numpy(masked(LOSSES[name], 1.0)(ops.convert_to_tensor(true), ops.convert_to_tensor(found)))
        np.testing.assert_allclose(got, expected, rtol=1e-4)
    metric = RootMeanSquaredError()
    metric.update_state(true[:2], found[:2])
    metric.update_state(true[2:], found[2:])
    assert float(metric.result()) == pytest.approx(np.sqrt(((found - true)[known] ** 2).mean()), rel=1e-4)
    layer = keras.layers.Dense(2)
    network = keras.Sequential([keras.Input((15, 2)), layer])
    network.compile("sgd", masked(LOSSES["wing"], 1.0))
    network.train_on_batch(found, true)
    assert all(np.isfinite(values).all() for values in layer.get_weights())


@needs_keras
def test_rows_with_missing_points_are_used_for_their_known_points(faces: Faces) -> None:
    X, points = faces[0], faces[1].copy()
    points[::2, 4:] = np.nan
    network = fit((X, points))
    assert all(np.isfinite(values).all() for values in network.history_.values())
    assert np.isfinite(network.predict(X[:3])).all()


@needs_keras
def test_interrupted_and_resumed_equals_uninterrupted(faces: Faces, fitted: PointNet, after_one_epoch: Path) -> None:
    # Whether a training can be interrupted, and often, is asked in test_cnn.py.
    X, points = faces
    seen: list[int] = []
    resumed = tiny(checkpoint_dir=after_one_epoch)
    resumed.fit(X[:170], points[:170], X[170:], points[170:], on_epoch=lambda n, _: seen.append(n))
    assert seen == [2, 3]
    assert weights_equal(resumed, fitted)
    assert resumed.history_["val_loss"] == fitted.history_["val_loss"]
    assert (after_one_epoch / "curves.png").is_file()
    with pytest.raises(ValueError, match="belongs to other data or parameters"):
        fit(faces, checkpoint_dir=after_one_epoch, loss="l2")


@needs_keras
def test_a_loss_of_nan_is_named(faces: Faces) -> None:
    with pytest.raises(ValueError, match="not a number in epoch 1; lower learning_rate"):
        fit(faces, optimizer="sgd", learning_rate=1e30, loss="l2", schedule="plateau")


@needs_keras
@pytest.mark.parametrize("name", ["points-net", "points-direct", "points-resnet"])
def test_every_network_starts_inside_the_image(name: str) -> None:
    from ferbench.models.keypoints.architectures import build_point_network

    network = build_point_network(name, (96, 64))
    points = np.asarray(network(np.full((2, 96, 64), 90, np.float32), training=False))
    assert points.shape == (2, 15, 2)
    assert (points > -1).all() and (points < [64, 96]).all()
    assert network.count_params() * 4 < 3 * 2**20 or name == "points-resnet"


def test_dlib_learns_where_points_are_and_repeats(faces: Faces) -> None:
    X, points = faces
    shape = DlibShape(**SMALL).fit(X[:170], points[:170])
    assert shape.score(X[170:], points[170:]) > 1.1 * MeanShape().fit(X[:170], points[:170]).score(
        X[170:], points[170:]
    )
    assert DlibShape(**SMALL).fit(X[:170], points[:170]).shape_predictor_ == shape.shape_predictor_
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(shape)).predict(X[:5]), shape.predict(X[:5]))


def test_missing_points_are_filled_from_the_aligned_mean_shape(faces: Faces) -> None:
    shape = faces[1][0].astype(np.float64)
    turn = np.array([[0.8, -0.3], [0.3, 0.8]])
    rows = np.stack([shape, shape @ turn.T + 7, shape * 1.3 - 4]).astype(np.float32)
    gappy = rows.copy()
    gappy[1, 6:] = np.nan
    filled = completed(np.concatenate([gappy[[1]], np.repeat(rows[:1], 400, axis=0)]))
    np.testing.assert_allclose(filled[0], rows[1], atol=0.3)
    np.testing.assert_array_equal(completed(rows), rows)


@pytest.mark.parametrize("name", ["mean-shape", "dlib-shape", "points-net"])
def test_every_kind_of_model_can_be_saved_in_a_bundle(
    name: str, faces: Faces, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    X, points = faces
    settings = {"mean-shape": {}, "dlib-shape": SMALL}
    if name == "points-net":
        regressor = request.getfixturevalue("fitted")
    else:
        regressor = make_recipe(name, **settings[name]).fit(X, points)
    path = save_bundle(tmp_path / "b", regressor, image_shape=(48, 48), info={"margin": 0.3, "task": "wrong"})
    bundle = load_bundle(path, n_threads=1)
    assert isinstance(bundle, LoadedPoints) and bundle.info["task"] == "keypoints"
    assert bundle.point_names == POINT_NAMES and bundle.size == 48 and bundle.margin == 0.3
    np.testing.assert_allclose(bundle.predict(X[:9]), regressor.predict(X[:9]), atol=1e-3)
    with pytest.raises(ValueError, match=r"takes images of \(48, 48\) pixels"):
        bundle.predict(np.zeros((1, 96, 96), np.uint8))
    with pytest.raises(ValueError, match="key points and knows no expressions"):
        bundle.predict_proba(X[:1])
    model = next(file for file in path.iterdir() if file.name.startswith("model"))
    model.write_bytes(model.read_bytes()[:-1] + b"?")
    with pytest.raises(ValueError, match="the SHA-256 is not the one"):
        load_bundle(path)


def test_a_bundle_for_an_unknown_task_is_refused(faces: Faces, tmp_path: Path) -> None:
    import json

    from ferbench.models.bundles import digest

    path = save_bundle(tmp_path / "b", MeanShape().fit(*faces), image_shape=(48, 48))
    info = {**json.loads((path / "bundle.json").read_text()), "task": "ages"}
    (path / "bundle.json").write_text(json.dumps({**info, "sha256": digest(info)}))
    with pytest.raises(ValueError, match="the task 'ages', which this version does not know"):
        load_bundle(path)


BAD = {
    "far": (lambda X, p: (X, p * 20), "row 0: left_eye_center at .* lies far outside the image of 48 x 48 pixels"),
    "shape": (lambda X, p: (X, p[:, :4]), r"shape \(n_samples, 15, 2\)"),
    "length": (lambda X, p: (X, p[:3]), "equal length; got 210 images and 3 rows"),
    "column": (lambda X, p: (X, np.where(np.arange(15)[:, None] == 10, np.nan, p)), "no row has nose_tip"),
    "float": (lambda X, p: (X / 255, p), "convert with"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", ["mean-shape", "dlib-shape", "points-net"])
def test_bad_input_is_named(case: str, name: str, faces: Faces) -> None:
    if name == "points-net":
        pytest.importorskip("keras", reason="the deep extra is not installed")
    change, message = BAD[case]
    with pytest.raises(ValueError, match=message):
        make_recipe(name).fit(*change(*faces))


@needs_keras
@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"architecture": "points-nett"}, "no key-point architecture 'points-nett'; did you mean points-net"),
        ({"loss": "l1"}, "loss must be one of 'wing', 'l2'; got 'l1'"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1"),
        ({"augmentation": {"mixup": 0.2}}, "a mixed image has two sets of points"),
    ],
)
def test_wrong_parameters_are_named(parameters: dict, message: str, faces: Faces) -> None:
    with pytest.raises(ValueError, match=message):
        PointNet(**parameters).fit(*faces)


@needs_keras
def test_images_that_cannot_be_halved_three_times_are_refused(faces: Faces) -> None:
    with pytest.raises(ValueError, match="multiples of 8 pixels"):
        tiny().fit(np.zeros((10, 50, 50), np.uint8), faces[1][:10])


def test_images_of_another_size_are_refused(faces: Faces) -> None:
    with pytest.raises(ValueError, match=r"images of 48 x 48 pixels \(height x width\), as in fit; got 96 x 96"):
        MeanShape().fit(*faces).predict(np.zeros((1, 96, 96), np.uint8))


def test_the_shipped_model_is_small_and_found_by_name_but_recognizes_no_expressions() -> None:
    path = find_shipped("ferbench-points")
    assert pretrained("keypoints") == {"ferbench-points": path} and "ferbench-points" not in pretrained()
    assert sum(file.stat().st_size for file in path.iterdir()) <= 3 * 2**20
    bundle = load_bundle(path)
    assert isinstance(bundle, LoadedPoints) and bundle.size == 96 and bundle.point_names == POINT_NAMES
    card = (path / "MODEL_CARD.md").read_text()
    assert "faces68" in card and "Known weaknesses" in card


def test_the_shipped_model_runs_without_tensorflow_and_scikit_learn() -> None:
    code = (
        "import sys, numpy as np; from ferbench.models import load_bundle;"
        "from ferbench.models.bundles.shipped import find_shipped;"
        "load_bundle(find_shipped('ferbench-points')).predict(np.zeros((2, 96, 96), np.uint8));"
        "sys.exit(' '.join(m for m in ('tensorflow', 'keras', 'sklearn', 'dlib', 'pandas') if m in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.data
def test_the_shipped_model_finds_the_points_of_held_out_people(shared_data: Path) -> None:
    from ferbench.datasets import load_points

    X, points = load_points(shared_data / "faces68.npz").part("Test")
    X, points = X[::10], points[::10]
    bundle = load_bundle(find_shipped("ferbench-points"))
    eyes = np.linalg.norm(points[:, 0] - points[:, 1], axis=1)
    error = np.linalg.norm(bundle.predict(X) - points, axis=2).mean(axis=1) / eyes
    assert error.mean() < 0.08
    # Gray levels of another light, and a coarser image, change little.
    darker = bundle.predict((X * 0.6).astype(np.uint8))
    assert (np.linalg.norm(darker - points, axis=2).mean(axis=1) / eyes).mean() < 0.1
