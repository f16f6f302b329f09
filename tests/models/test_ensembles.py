"""Votes and stacks of recipes: members, validation images, and calibrated probabilities."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from ferbench.datasets import Dataset, make_faces
from ferbench.features import PixelExtractor
from ferbench.models import Stack, Vote, describe, get_recipe, load_bundle, make_recipe, save_bundle


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(280, random_state=1, difficulty=0.2)


class Memory(ClassifierMixin, BaseEstimator):
    """Knows the label of every image it was fitted on, and nothing else."""

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Memory":
        self.classes_ = np.unique(y)
        self.known_ = {image.tobytes(): label for image, label in zip(X, y, strict=True)}
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        rows = np.full((len(X), len(self.classes_)), 1 / len(self.classes_))
        for row, image in zip(rows, X, strict=True):
            if (label := self.known_.get(image.tobytes())) is not None:
                row[:] = self.classes_ == label
        return rows


@pytest.mark.parametrize("kind", ["vote", "stack"])
def test_an_ensemble_of_recipes_is_fitted_described_and_saved(faces: Dataset, kind: str, tmp_path: Path) -> None:
    recognizer = make_recipe(f"{kind}:hog+logreg,pixels+tree", **{"hog+logreg__features__cell_size": 8})
    X, y = faces.part("Training")
    X_new, y_new = faces.part("PrivateTest")
    proba = recognizer.fit(X, y).predict_proba(X_new)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-9)
    assert (recognizer.predict(X_new) == y_new).mean() > 2 / 7
    said = describe(recognizer)
    assert (
        "hog+logreg: scikit-learn" in said["implementation"] and "pixels+tree: scikit-learn" in said["implementation"]
    )
    assert ("held-out" if kind == "vote" else "without its fold") in said["probabilities"]
    loaded = load_bundle(save_bundle(tmp_path / "b", recognizer, image_shape=X.shape[1:]))
    np.testing.assert_allclose(loaded.predict_proba(X_new), proba, atol=1e-6)


@pytest.mark.parametrize("ensemble", [Vote, Stack])
def test_an_overfitted_member_gets_little_weight(faces: Dataset, ensemble: Any) -> None:
    X, y = faces.part("Training")
    members = [("memory", Memory()), ("tree", make_recipe("pixels+tree"))]
    recognizer = ensemble(members).fit(X, y)
    # On training images the memory is sure and right; what it is worth on others was seen before it was refitted.
    sure = recognizer.predict_proba(X).max(axis=1).mean()
    fooled = Vote([("memory", Memory()), ("again", Memory())], calibration_fraction=0).fit(X, y)
    assert fooled.predict_proba(X).max(axis=1).mean() > 0.99 > sure


def test_an_uncalibrated_vote_is_the_mean_of_its_members(faces: Dataset) -> None:
    X, y = faces.part("Training")
    vote = make_recipe("vote:hog+tree,pixels+tree", calibration_fraction=0).fit(X, y)
    single = [make_recipe(name).fit(X, y).predict_proba(X[:9]) for name in ("hog+tree", "pixels+tree")]
    np.testing.assert_allclose(vote.predict_proba(X[:9]), np.mean(single, axis=0))


def test_features_without_labels_are_computed_once_for_all_folds(
    faces: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    extract = PixelExtractor.transform
    monkeypatch.setattr(PixelExtractor, "transform", lambda self, X: calls.append(len(X)) or extract(self, X))
    X, y = faces.part("Training")
    stack = make_recipe("stack:hog+tree,pixels+tree", cv=4).fit(X, y)
    assert calls == [len(X)]
    assert stack.predict_proba(X[:2]).shape == (2, 7)


def test_wrong_ensembles_are_refused(faces: Dataset) -> None:
    for name in ("vote:hog+svm", "stack:hog+svm,hog+svm", "vote:hog+svm,mean-shape"):
        with pytest.raises(ValueError, match="takes two or more different recognizers, separated by commas"):
            get_recipe(name)
    with pytest.raises(ValueError, match="there is no recipe 'hog\\+svn'; did you mean"):
        get_recipe("stack:hog+svn,pixels+tree")
    with pytest.raises(ValueError, match="members must be two or more"):
        Vote([("one", Memory())]).fit(faces.images, faces.labels)
    with pytest.raises(ValueError, match="cv must be 2 or more, and at most the images of the smallest class"):
        make_recipe("stack:hog+tree,pixels+tree", cv=1000).fit(faces.images, faces.labels)


def test_an_ensemble_with_a_network_gets_the_validation_images() -> None:
    assert get_recipe("vote:hog+svm,cnn").family == "deep"
    assert get_recipe("vote:hog+svm,mirror:hog+logreg").family == "classical"
