"""Probabilities have one column for each class, also for classes with few images."""

from collections import Counter
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.datasets import make_faces
from ferbench.models import MIRROR_VIEWS, SVM, Mirrored, Vote, classifier_steps, get_recipe, make_recipe, recipes
from ferbench.models.base import fit_calibration, hold_out

CLASSICAL = sorted(name for name, recipe in recipes().items() if recipe.family == "classical")
# Small enough for a test; what decides the columns is the same.
QUICK: dict[str, Any] = {
    "classifier__classifier__max_iter": 2,
    "classifier__n_estimators": 40,
    "features__words": 20,
    "features__samples": 1000,
    "features__extractor__words": 20,
    "features__extractor__samples": 1000,
    "map__n_components": 20,
}
FEW = {"angry": 8, "disgust": 1, "fear": 2, "happy": 9, "neutral": 3, "sad": 8, "surprise": 8}

pytestmark = pytest.mark.filterwarnings(
    # Single images have no spread: the libraries say so, and what matters here are the columns.
    "ignore:Some inputs do not have OOB scores",
    "ignore:Only one sample available",
    "ignore::sklearn.exceptions.ConvergenceWarning",
)


@lru_cache
def few(**counts: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawn faces with so many images of each class."""
    faces = make_faces(210, random_state=3)
    wanted = {**FEW, **counts}
    rows = np.concatenate([np.flatnonzero(faces.labels == name)[:count] for name, count in wanted.items()])
    rows = np.random.default_rng(0).permutation(rows)
    return faces.images[rows], faces.labels[rows]


@lru_cache
def featured(features: str, *, mirrored: bool) -> np.ndarray:
    recipe = quick(f"{features}+{MIRROR_VIEWS if mirrored else 'svm'}")
    rows = recipe[0].fit_transform(few()[0])
    # A few columns do: which classes there are decides here, and boosting looks at each column.
    return rows[:, np.linspace(0, rows.shape[1] - 1, min(rows.shape[1], 48)).astype(int)]


def quick(name: str) -> Any:
    recipe = make_recipe(name)
    known = recipe.get_params()
    return recipe.set_params(**{key: value for key, value in QUICK.items() if key in known})


def check_columns(recognizer: Any, X: np.ndarray, y: np.ndarray) -> None:
    """One column for each class, or an error that names a class of too few images and how many there are."""
    try:
        recognizer.fit(X, y)
    except ValueError as error:
        named = [name for name, count in Counter(y).items() if count <= 3 and f"{name!s}" in str(error)]
        assert any(str(Counter(y)[name]) in str(error) for name in named), str(error)
        return
    proba = recognizer.predict_proba(X)
    np.testing.assert_array_equal(recognizer.classes_, np.unique(y))
    assert proba.shape == (len(X), len(recognizer.classes_))
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", CLASSICAL)
def test_every_classical_recipe_has_a_column_for_each_class(name: str) -> None:
    features, _, classifier = name.rpartition("+")
    rows = featured(features, mirrored=classifier == MIRROR_VIEWS)
    check_columns(quick(name)[1:], rows, few()[1])


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("classifier", classifier_steps())
def test_a_class_with_so_many_images_keeps_its_column(classifier: str, count: int) -> None:
    _, labels = few(angry=12, disgust=count, fear=12, neutral=12)
    if classifier == "boosting":
        # A leaf of its trees holds at least twenty rows.
        labels = np.repeat(labels, np.where(labels == "disgust", 1, 8))
    # Rows that say their class, twice for the kernel with two views.
    own = (labels[:, None] == np.unique(labels)) + np.random.default_rng(0).uniform(0, 0.1, (len(labels), 7))
    rows = np.tile(own.astype(np.float32), 2)
    recognizer = quick(f"pixels+{classifier}")[1:].fit(rows, labels)
    assert recognizer.predict_proba(rows).shape == (len(rows), 7)
    # A lost column would shift all labels after it, and make most training images wrong.
    assert recognizer.score(rows, labels) > 0.5


@pytest.mark.parametrize("count", [1, 2, 3])
def test_ensembles_keep_every_column(count: int) -> None:
    images, labels = few(disgust=count)
    # Few columns: which classes there are decides here.
    images = np.ascontiguousarray(images[:, ::4, ::4])
    for recognizer in (
        Mirrored(quick("pixels+linear-svm")),
        Vote([("a", quick("pixels+linear-svm")), ("b", quick("pixels+tree"))]),
    ):
        check_columns(recognizer, images, labels)


def test_a_stack_names_the_class_that_has_too_few_images_for_its_folds() -> None:
    stack = get_recipe("stack:pixels+tree,pixels+logreg").make()
    with pytest.raises(ValueError, match="smallest class, 1 of 'disgust'; got 3"):
        stack.fit(*few())


@settings(max_examples=200, deadline=None)
@given(
    counts=st.lists(st.integers(1, 12), min_size=2, max_size=7),
    fraction=st.floats(0.01, 1.5),
    seed=st.integers(0, 5),
)
def test_both_parts_of_a_split_hold_every_class(counts: list[int], fraction: float, seed: int) -> None:
    y = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    rest, held_out = hold_out(y, fraction, seed)
    assert set(y[rest]) == set(y[held_out]) == set(y)
    assert len(set(rest)) == len(rest) and len(set(held_out)) == len(held_out)
    assert set(rest) | set(held_out) == set(range(len(y)))
    if rest is not held_out:
        shared = set(rest) & set(held_out)
        assert {y[place] for place in shared} == {label for label, count in enumerate(counts) if count == 1}


def test_rows_of_all_classes_are_split_as_scikit_learn_does() -> None:
    from sklearn.model_selection import train_test_split

    y = np.random.default_rng(0).integers(0, 7, 500)
    for fraction in (0.2, 0.37):
        expected = train_test_split(np.arange(500), test_size=fraction, stratify=y, random_state=4)
        for got, wanted in zip(hold_out(y, fraction, 4), expected, strict=True):
            np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("loo_rows", [1, 5, 40, 46, 48, 1000])
def test_leave_one_out_parts_of_any_size_keep_every_column(loo_rows: int) -> None:
    images, labels = few(disgust=5, fear=5, neutral=5)
    # Few columns: a local SVM solves systems of as many equations for each image.
    images = np.ascontiguousarray(images[:, ::4, ::4])
    for classifier in ("knn", "kernel-ridge", "local-svm"):
        recognizer = make_recipe(f"pixels+{classifier}", classifier__loo_rows=loo_rows).fit(images, labels)
        assert recognizer.predict_proba(images).shape == (len(images), 7)


def test_a_calibration_that_lacks_a_class_is_refused_by_its_name() -> None:
    y = np.array(["happy", "sad", "happy", "sad"])
    with pytest.raises(ValueError, match="class 'angry' has 0 of the 4 training images that the probabilities are"):
        fit_calibration(np.eye(4), y, np.array(["angry", "happy", "sad"]))


def test_one_class_is_refused_by_its_name() -> None:
    with pytest.raises(ValueError, match="at least two classes; got 1 class: 'happy'"):
        SVM().fit(np.eye(3), ["happy"] * 3)
