"""Classical classifiers: calibrated probabilities, reference solutions, and bundles without pickle."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import log_loss
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import NearestNeighbors
from sklearn.svm import LinearSVC

from ferbench.datasets import Dataset, make_faces
from ferbench.models import (
    KNN,
    SVM,
    Calibrated,
    Forest,
    KernelRidge,
    LocalSVM,
    NystroemMap,
    describe,
    load_bundle,
    make_recipe,
    save_bundle,
)
from ferbench.models.classifiers.local_svm import _fit_machines
from ferbench.models.classifiers.neighbors import nearest

NEW = ["boosting", "chi2-svm", "forest", "intersection-svm", "kernel-ridge", "knn", "lda", "local-svm", "nystroem"]
# Small enough for a test; the shapes of the models are those of the defaults.
QUICK: dict[str, dict[str, Any]] = {
    "boosting": {"classifier__classifier__max_iter": 3},
    "forest": {"classifier__n_estimators": 40},
    "local-svm": {"classifier__n_neighbors": 40},
    "nystroem": {"map__n_components": 150},
}


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(900, 6)).astype(np.float32)
    quadrant = (X[:, :2] > 0) @ [1, 2]
    noisy = np.where(rng.random(900) < 0.1, rng.integers(4, size=900), quadrant)
    y = np.array(["angry", "happy", "sad", "surprise"])[noisy]
    return X[:600], y[:600], X[600:], y[600:]


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(400, random_state=0, difficulty=0.2)


@pytest.mark.parametrize(
    "recognizer",
    [
        Calibrated(LinearDiscriminantAnalysis()),
        KNN(25),
        LocalSVM(120, n_components=None),
        SVM("rbf", accelerate=False),
        SVM("linear"),
        KernelRidge(),
    ],
    ids=lambda recognizer: type(recognizer).__name__,
)
def test_predictions_do_not_depend_on_the_batch(blobs: tuple, recognizer: Any) -> None:
    X, y, X_new, _ = blobs
    together = recognizer.fit(X, y).predict_proba(X_new)
    order = np.random.default_rng(2).permutation(len(X_new))
    np.testing.assert_allclose(recognizer.predict_proba(X_new[order]), together[order], atol=2e-5)
    alone = np.concatenate([recognizer.predict_proba(row[None]) for row in X_new[:40]])
    np.testing.assert_allclose(alone, together[:40], atol=2e-5)


@pytest.mark.parametrize(
    "recognizer",
    [
        Calibrated(LinearDiscriminantAnalysis()),
        KNN(25, scaling=None),
        LocalSVM(120, n_components=None),
        Forest(60),
    ],
    ids=lambda recognizer: type(recognizer).__name__,
)
def test_probabilities_are_calibrated_on_unseen_rows(blobs: tuple, recognizer: Any) -> None:
    X, y, X_new, y_new = blobs
    recognizer.fit(X, y)
    proba = recognizer.predict_proba(X_new)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-9)
    hits = recognizer.predict(X_new) == y_new
    assert hits.mean() > 0.65
    assert abs(proba.max(axis=1).mean() - hits.mean()) < 0.14
    assert log_loss(y_new, proba, labels=recognizer.classes_) < 0.75 * np.log(4)
    assert any(word in recognizer.probabilities_ for word in ("held-out", "leave-one-out", "out-of-bag", "asked among"))


@pytest.mark.parametrize("classifier", [*NEW, "mirror-kernel-ridge"])
def test_every_recipe_learns_faces_and_is_saved_without_pickle(faces: Dataset, classifier: str, tmp_path: Path) -> None:
    X, y = faces.part("Training")
    recognizer = (
        make_recipe(f"hog+{classifier}", **QUICK.get(classifier, {}), features__cell_size=8)
        if classifier != ("mirror-kernel-ridge")
        else make_recipe(f"hog+{classifier}", features__extractor__cell_size=8)
    )
    recognizer.fit(X, y)
    X_new, y_new = faces.part("PrivateTest")
    proba = recognizer.predict_proba(X_new)
    assert (recognizer.classes_[proba.argmax(axis=1)] == y_new).mean() > 2 / 7
    said = describe(recognizer)
    assert len(said["probabilities"]) > 20 and "as the library" not in said["probabilities"]
    assert "ferbench" in said["implementation"] or "scikit-learn" in said["implementation"]
    loaded = load_bundle(save_bundle(tmp_path / "b", recognizer, image_shape=X.shape[1:]))
    np.testing.assert_allclose(loaded.predict_proba(X_new), proba, atol=1e-5)


def test_a_boosted_tree_that_points_outside_itself_is_refused(faces: Dataset, tmp_path: Path) -> None:
    recognizer = make_recipe("hog+boosting", features__cell_size=16, classifier__classifier__max_iter=2)
    recognizer.fit(faces.images[:150], faces.labels[:150])
    nodes = recognizer[-1].classifier_._predictors[1][2].nodes
    nodes["left"][0] = 10**6
    bundle = save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48))
    with pytest.raises(ValueError, match="a decision tree inside points outside itself"):
        load_bundle(bundle)


def test_neighbors_are_the_nearest_and_never_the_row_itself(blobs: tuple) -> None:
    X, _, X_new, _ = blobs
    norms = np.square(X).sum(axis=1)
    places, distances = nearest(X_new, X, norms, 7)
    expected, at = NearestNeighbors(n_neighbors=7).fit(X).kneighbors(X_new)
    np.testing.assert_array_equal(places, at)
    np.testing.assert_allclose(np.sqrt(distances), expected, atol=1e-3)
    own = np.arange(10, 30)
    places, _ = nearest(X[own], X, norms, 1000, own=own)
    assert places.shape == (20, 599) and not (places == own[:, None]).any()


def test_local_machines_find_liblinear_s_optimum(blobs: tuple) -> None:
    X, y, _, _ = blobs
    classes = np.unique(y)
    weights = _fit_machines(X, np.where(y[:, None] == classes, 1, -1).astype(np.float32), 0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # A large scaling of the intercept's constant feature leaves the intercept nearly free, as ours is.
        reference = LinearSVC(C=0.5, dual=False, tol=1e-8, intercept_scaling=20).fit(X, y)
    np.testing.assert_allclose(weights[:, :-1], reference.coef_, atol=5e-3)
    np.testing.assert_allclose(weights[:, -1], reference.intercept_, atol=5e-3)


def test_local_svms_solve_a_problem_that_is_not_linear() -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (1500, 2)).astype(np.float32)
    y = np.where((np.floor(X * 2) % 2).sum(axis=1) == 1, "happy", "sad")
    # The third column keeps lengths alike, so that scaling rows to unit length loses nothing.
    X = np.column_stack([X, np.sqrt(2 - np.square(X).sum(axis=1))])
    assert LocalSVM(60, n_components=None).fit(X[:1200], y[:1200]).score(X[1200:], y[1200:]) > 0.85


def test_a_query_whose_neighbors_have_one_class_gets_that_class() -> None:
    X = np.concatenate([np.random.default_rng(0).normal(c, 0.1, (40, 2)) for c in ([1, 0], [0, 1], [-1, -1])])
    y = np.repeat(["happy", "sad", "angry"], 40)
    assert (LocalSVM(10, n_components=None).fit(X, y).predict(X) == y).all()


def test_the_nystroem_map_with_all_rows_is_the_kernel(blobs: tuple) -> None:
    X = blobs[0][:80]
    mapper = NystroemMap(1000, scaling=None, gamma=1.0).fit(X)
    mapped = mapper.transform(X)
    assert mapped.shape == (80, 80) and mapped.dtype == np.float32
    np.testing.assert_allclose(mapped @ mapped.T, rbf_kernel(X, gamma=mapper.rates_[0]), atol=5e-3)


@pytest.mark.parametrize(
    "recognizer, message",
    [
        (KNN(0), "KNN: n_neighbors must be a whole number of at least 1; got 0"),
        (KNN(scaling="max"), "KNN: scaling must be"),
        (LocalSVM(n_components=0), "LocalSVM: n_components must be"),
        (LocalSVM(C=0), "LocalSVM: C must be a number above 0"),
        (NystroemMap(0), "NystroemMap: n_components must be"),
        (
            Calibrated(LinearDiscriminantAnalysis(), calibration_fraction=1),
            "calibration_fraction must be a number between 0 and 1",
        ),
    ],
)
def test_wrong_parameters_are_named(blobs: tuple, recognizer: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recognizer.fit(*blobs[:2])
