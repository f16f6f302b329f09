"""Mirror images in training, at test time, and in the kernel."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from ferbench.datasets import Dataset, make_faces
from ferbench.features import HOGExtractor, MirrorViews, check_extractor, make_extractor
from ferbench.models import Mirrored, describe, get_recipe, load_bundle, make_recipe, save_bundle


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(210, random_state=3, difficulty=0.2)


class Spy(ClassifierMixin, BaseEstimator):
    """Remembers what it is fitted on, and tells a left half from a right one."""

    fits: ClassVar[list[np.ndarray]] = []

    def fit(self, X: np.ndarray, y: np.ndarray) -> "Spy":
        self.classes_ = np.unique(y)
        Spy.fits.append(X)
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        bright = X[:, :, : X.shape[2] // 2].mean(axis=(1, 2)) / 255
        return np.column_stack([bright, 1 - bright])


@pytest.fixture
def halves() -> tuple[np.ndarray, np.ndarray]:
    X = np.zeros((40, 4, 4), np.uint8)
    X[::2, :, :2] = 200
    X[1::2, :, :1] = 100
    X[:, 0, 0] = np.arange(40)
    return X, np.where(np.arange(40) % 2, "sad", "happy")


def test_each_option_works_alone(halves: tuple) -> None:
    X, y = halves
    Spy.fits = []
    only_test = Mirrored(Spy(), train=False).fit(X, y)
    assert len(Spy.fits) == 1 and len(Spy.fits[0]) == 40
    expected = (Spy().predict_proba(X) + Spy().predict_proba(X[:, :, ::-1])) / 2
    np.testing.assert_allclose(only_test.predict_proba(X), expected)

    Spy.fits = []
    only_train = Mirrored(Spy(), test=False).fit(X, y)
    assert [len(fit) for fit in Spy.fits] == [64, 80]
    np.testing.assert_array_equal(Spy.fits[-1], np.concatenate([X, X[:, :, ::-1]]))
    assert np.abs(only_train.predict_proba(X) - only_train.predict_proba(X[:, :, ::-1])).max() > 0.1
    with pytest.raises(ValueError, match="one of train and test must be True"):
        Mirrored(Spy(), train=False, test=False).fit(X, y)


def test_calibration_images_and_their_mirror_images_are_not_fitted_on(halves: tuple) -> None:
    X, y = halves
    Spy.fits = []
    Mirrored(Spy()).fit(X, y)
    first = {image.tobytes() for image in Spy.fits[0]}
    held_out = [image for image in X if image.tobytes() not in first]
    assert len(held_out) == 8
    assert not any(image[:, ::-1].tobytes() in first for image in held_out)


def test_a_face_and_its_mirror_image_get_the_same_probabilities(faces: Dataset, tmp_path) -> None:
    recognizer = make_recipe("mirror:hog+logreg", recognizer__features__cell_size=8)
    recognizer.fit(faces.images[:140], faces.labels[:140])
    proba = recognizer.predict_proba(faces.images[140:])
    np.testing.assert_allclose(proba, recognizer.predict_proba(faces.images[140:, :, ::-1]), atol=1e-9)
    said = describe(recognizer)
    assert "mirror image" in said["probabilities"] and "held-out" in said["probabilities"]
    loaded = load_bundle(save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48)))
    np.testing.assert_allclose(loaded.predict_proba(faces.images[140:]), proba, atol=1e-6)


def test_the_kernel_over_both_views_is_invariant_to_mirroring(faces: Dataset) -> None:
    recognizer = make_recipe("hog+mirror-kernel-ridge").fit(faces.images[:140], faces.labels[:140])
    one, other = (recognizer.predict_proba(images) for images in (faces.images[140:], faces.images[140:, :, ::-1]))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_views_keep_the_contract_of_extractors() -> None:
    check_extractor(MirrorViews(HOGExtractor(cell_size=8)))
    check_extractor(MirrorViews(make_extractor("hog+pixels")), size=24)


def test_only_classical_recipes_can_be_mirrored() -> None:
    recipe = get_recipe("mirror:hog+svm")
    assert recipe.name == "mirror:hog+svm" and recipe.family == "classical"
    assert recipe.build(test=False, recognizer__classifier__C=10).recognizer["classifier"].C == 10
    with pytest.raises(ValueError, match="takes a classical recipe; cnn mirrors by its own parameters"):
        get_recipe("mirror:cnn")
    with pytest.raises(ValueError, match="there is no recipe 'hog\\+svn'"):
        get_recipe("mirror:hog+svn")
