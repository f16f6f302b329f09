"""Stochastic gradient descent in blocks: the same result from a stream, and memory of one block."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ferbench.datasets import Dataset, make_faces
from ferbench.models import (
    SGD,
    can_stream,
    fit_in_stream,
    load_bundle,
    make_recipe,
    predict_in_stream,
    save_bundle,
    streaming,
)


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(280, random_state=0, difficulty=0.2, size=24)


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 5)).astype(np.float32)
    # In the order of the labels, as folders are read.
    y = np.array(["happy", "neutral", "sad"])[((X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0))]
    order = np.argsort(y, kind="stable")
    return X[order], y[order]


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_sorted_labels_are_learned_and_probabilities_are_calibrated(loss: Any, rows: tuple[Any, Any]) -> None:
    X, y = rows
    fitted = SGD(loss, block_size=256).fit(X, y)
    proba = fitted.predict_proba(X)
    assert fitted.score(X, y) > LogisticRegression().fit(X, y).score(X, y) - 0.03
    # Where it says 80 %, it is right in about 80 % of the cases.
    assert abs(proba.max(axis=1).mean() - fitted.score(X, y)) < 0.05
    assert "held-out" in fitted.probabilities_


def test_a_block_is_read_at_a_time_and_the_fit_is_that_on_all_rows(rows: tuple[Any, Any]) -> None:
    X, y = rows
    sizes: list[int] = []

    def read(places: np.ndarray) -> np.ndarray:
        sizes.append(len(places))
        return X[places]

    whole, streamed = SGD(block_size=500).fit(X, y), SGD(block_size=500).fit_blocks(read, y)
    assert max(sizes) == 500
    np.testing.assert_array_equal(whole.coefficients_, streamed.coefficients_)
    np.testing.assert_array_equal(whole.predict_proba(X), streamed.predict_proba(X))


def test_blocks_of_a_user_are_fitted_with_the_classes_named_at_once(rows: tuple[Any, Any]) -> None:
    X, y = rows
    with pytest.raises(ValueError, match="first call of partial_fit needs classes"):
        SGD().partial_fit(X, y)
    fitted = SGD()
    for places in np.array_split(np.random.default_rng(0).permutation(len(X)), 8):
        fitted.partial_fit(X[places], y[places], classes=np.unique(y))
    assert not fitted.calibrated_ and "not calibrated" in fitted.probabilities_
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)
    assert fitted.calibrate(X[::5], y[::5]).calibrated_
    with pytest.raises(ValueError, match="class 'happy' has 0 of the"):
        fitted.calibrate(X[y != "happy"], y[y != "happy"])


def test_a_copy_that_was_saved_predicts_but_cannot_be_fitted_further(faces: Dataset, tmp_path: Path) -> None:
    recognizer = make_recipe("hog+sgd-svm").fit(faces.images, faces.labels)
    folder = save_bundle(tmp_path / "b", recognizer, image_shape=(24, 24))
    loaded = load_bundle(folder)
    np.testing.assert_allclose(
        loaded.predict_proba(faces.images), recognizer.predict_proba(faces.images), rtol=1e-4, atol=1e-6
    )
    features = recognizer[:-1].transform(faces.images)
    with pytest.raises(ValueError, match="cannot be fitted further; fit a new one"):
        loaded.estimator["classifier"].partial_fit(features, faces.labels)


def test_features_that_are_not_scaled_are_refused() -> None:
    X = np.full((40, 3), 1e30, np.float32)
    with pytest.raises(ValueError, match="not finite; scale the features, or raise alpha"), np.errstate(all="ignore"):
        SGD().fit(X * np.arange(1, 41, dtype=np.float32)[:, None], np.tile(["happy", "sad"], 20))


@pytest.mark.parametrize("name", ["hog+sgd-logreg", "pixels+hog+sgd-svm"])
def test_a_recipe_in_a_stream_equals_the_recipe_at_once(
    name: str, faces: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 50)
    at_once = make_recipe(name, classifier__block_size=64).fit(faces.images, faces.labels)
    streamed = fit_in_stream(make_recipe(name, classifier__block_size=64), faces.images, faces.labels)
    np.testing.assert_allclose(
        predict_in_stream(streamed, faces.images), at_once.predict_proba(faces.images), rtol=1e-3, atol=1e-5
    )


def test_recipes_that_need_all_rows_are_not_streamed(faces: Dataset) -> None:
    assert not can_stream(make_recipe("hog+svm")) and not can_stream(make_recipe("hog+nystroem"))
    with pytest.raises(ValueError, match="block by block, such as 'hog\\+sgd-logreg'"):
        fit_in_stream(make_recipe("hog+logreg"), faces.images, faces.labels)


def test_memory_is_that_of_a_block(faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 256)
    # The faces again and again: 5,600 rows of 576 pixels take 12.9 MB as features.
    path = tmp_path / "images.npy"
    np.save(path, np.tile(faces.images, (20, 1, 1)))
    images, labels = np.load(path, mmap_mode="r"), np.tile(faces.labels, 20)
    recognizer = make_recipe("pixels+sgd-logreg", classifier__block_size=256, classifier__epochs=1)
    fit_in_stream(make_recipe("pixels+sgd-logreg", classifier__epochs=1), images[:256], labels[:256])
    tracemalloc.start()
    fit_in_stream(recognizer, images, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_600 * 576 * 4 / 2
