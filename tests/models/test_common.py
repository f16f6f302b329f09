"""Checks that every public estimator and extractor must pass, most of them scikit-learn's own."""

import inspect
import pickle
import re
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_parameters_default_constructible,
    check_set_params,
    check_valid_tag_types,
    parametrize_with_checks,
)
from sklearn.utils.validation import has_fit_parameter

from ferbench.datasets import make_faces
from ferbench.features import (
    HOGExtractor,
    MirrorViews,
    PixelExtractor,
    extractors,
    make_extractor,
)
from ferbench.models import (
    CNN,
    KNN,
    SGD,
    SVM,
    Calibrated,
    Compact,
    DlibShape,
    ForeignModel,
    Forest,
    Joined,
    KernelRidge,
    LocalSVM,
    MeanShape,
    Mirrored,
    NystroemMap,
    Peer,
    PointNet,
    Pretrained,
    Stack,
    TorchScriptModel,
    Tree,
    Vote,
    WeightMean,
    make_recipe,
)

# tests/models/test_estimators.py checks the same invariances at the precision that float32 allows.
FLOAT32 = "float32 matrix products depend on the batch shape by more than the tolerance of 1e-7"
HELD_OUT = "the calibration rows are drawn by row number, so a repeated row differs from a row of weight two"
OUT_OF_BAG = "bootstrap samples are drawn by row number, so a repeated row differs from a row of weight two"
IN_ROWS = "min_samples_leaf counts rows, as in scikit-learn, so a repeated row differs from a row of weight two"
_IN_FLOAT32 = {
    "check_methods_subset_invariance": FLOAT32,
    "check_methods_sample_order_invariance": FLOAT32,
}
_WEIGHTED = {"check_sample_weight_equivalence_on_dense_data": HELD_OUT}

# Estimators of feature rows run all of scikit-learn's checks; the exceptions are listed with their reasons.
ROWS: list[Any] = [
    Calibrated(LogisticRegression()),
    KNN(5),
    LocalSVM(20, n_components=None),
    NystroemMap(10),
    Forest(25, min_samples_leaf=1),
    Tree(),
    SVM("rbf", accelerate=False),
    SVM("linear"),
    SGD("hinge"),
    KernelRidge(alpha=(0.1, 1.0)),
]
EXCEPTIONS: dict[type, dict[str, str]] = {
    Calibrated: {**_IN_FLOAT32, **_WEIGHTED},
    KNN: _IN_FLOAT32,
    LocalSVM: _IN_FLOAT32,
    NystroemMap: _IN_FLOAT32,
    Forest: {
        "check_sample_weight_equivalence_on_dense_data": OUT_OF_BAG,
        "check_sample_weight_equivalence_on_sparse_data": OUT_OF_BAG,
    },
    Tree: {
        "check_sample_weight_equivalence_on_dense_data": IN_ROWS,
        "check_sample_weight_equivalence_on_sparse_data": IN_ROWS,
    },
    SGD: {**_IN_FLOAT32, **_WEIGHTED},
    SVM: {**_IN_FLOAT32, **_WEIGHTED},
    KernelRidge: _IN_FLOAT32,
}
# Estimators of images; scikit-learn's checks of fitting feed two-dimensional arrays, so they get checks of their own.
IMAGES: list[Any] = [
    *(make_extractor(name) for name in sorted(extractors())),
    MirrorViews(HOGExtractor(cell_size=16)),
    Mirrored(make_recipe("pixels+tree")),
    Vote([("a", make_recipe("pixels+tree")), ("b", make_recipe("pixels+knn"))]),
    Stack([("a", make_recipe("pixels+tree")), ("b", make_recipe("pixels+knn"))]),
    Pretrained(),
    Compact(make_recipe("sift+kernel-ridge", features__encoding="fisher", features__words=4, features__samples=2000)),
    Joined(),
    WeightMean(),
    MeanShape(),
    DlibShape(),
    CNN("tiny"),
    PointNet("points-tiny"),
]
# Models made elsewhere: they need a file or an interpreter, so test_foreign.py and test_peers.py check their answers.
OTHERS: list[Any] = [ForeignModel("model.onnx"), TorchScriptModel("model.pt"), Peer("fer")]
# Abstract base classes and mixins.
BASES = {"ImageExtractor", "ImageInput"}
WITHOUT_WEIGHTS = {KNN, LocalSVM, KernelRidge, CNN}
IDS: dict[str, Any] = {"ids": lambda each: type(each).__name__}

without_data = [
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_set_params,
    check_valid_tag_types,
]


def public_estimators() -> dict[str, type]:
    """Estimator classes that the doors of models and features export, and those behind the extractors' names."""
    found: dict[str, type] = {type(make_extractor(name)).__name__: type(make_extractor(name)) for name in extractors()}
    for room in ("features", "models", "models.classifiers", "models.ensembles", "models.keypoints", "models.networks"):
        door = import_module(f"ferbench.{room}")
        for name in door.__all__:
            value = getattr(door, name)
            if inspect.isclass(value) and issubclass(value, BaseEstimator) and hasattr(value, "fit"):
                found[name] = value
    return found


def test_no_public_estimator_is_left_out() -> None:
    covered = {type(estimator).__name__ for estimator in [*ROWS, *IMAGES, *OTHERS]}
    assert set(public_estimators()) - BASES - covered == set()
    assert {"CNN", "SVM", "HOGExtractor", "DeepExtractor", "Vote"} <= set(public_estimators())


@parametrize_with_checks(ROWS, expected_failed_checks=lambda estimator: EXCEPTIONS.get(type(estimator), {}))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    # Whether float32 meets the tolerance depends on the processor, so these checks are skipped, not expected to fail.
    if EXCEPTIONS.get(type(estimator), {}).get(check.func.__name__) == FLOAT32:
        pytest.skip(FLOAT32)
    check(estimator)


@pytest.mark.parametrize("estimator", [*IMAGES, *OTHERS], **IDS)
@pytest.mark.parametrize("check", without_data, ids=lambda check: check.__name__)
def test_scikit_learn_checks_without_data(estimator: Any, check: Any) -> None:
    check(type(estimator).__name__, estimator)


@pytest.mark.parametrize("estimator", [each for each in IMAGES if not isinstance(each, Vote | Stack)], **IDS)
def test_constructors_only_store(estimator: Any) -> None:
    name = type(estimator).__name__
    check_do_not_raise_errors_in_init_or_set_params(name, estimator)
    if not isinstance(estimator, MirrorViews | Mirrored | Compact):
        check_parameters_default_constructible(name, estimator)


@pytest.mark.parametrize("estimator", [*IMAGES, *OTHERS], **IDS)
def test_tags_of_image_estimators_require_three_dimensions(estimator: Any) -> None:
    tags = get_tags(estimator).input_tags
    assert tags.three_d_array and not tags.two_d_array


@pytest.mark.parametrize("estimator", ROWS, **IDS)
def test_tags_of_row_estimators_require_two_dimensions(estimator: Any) -> None:
    tags = get_tags(estimator).input_tags
    assert tags.two_d_array and not tags.three_d_array


@pytest.mark.parametrize("estimator", [*ROWS, *IMAGES, *OTHERS], **IDS)
def test_unfitted_estimators_raise_not_fitted_error(estimator: Any) -> None:
    images = np.zeros((2, 48, 48), np.uint8)
    X = np.zeros((2, 3), np.float32) if estimator in ROWS else images
    for method in ("predict", "predict_proba", "transform", "decision_function", "get_feature_names_out"):
        if hasattr(estimator, method):
            with pytest.raises(NotFittedError):
                getattr(clone(estimator), method)(*([] if method == "get_feature_names_out" else [X]))


@pytest.mark.parametrize("estimator", [*ROWS, *IMAGES], **IDS)
def test_parameters_are_checked_by_one_mechanism(estimator: Any) -> None:
    name = type(estimator).__name__
    if isinstance(estimator, MirrorViews | MeanShape):
        pytest.skip("has no parameters of its own")
    known = ("random_state", "n_jobs", "test_time", "precision", "shares")
    seeds = [each for each in estimator.constraints if each in known]
    assert set(estimator.constraints) <= set(estimator.get_params(deep=False))
    assert seeds, f"{name} declares no constraints"
    X = np.random.default_rng(0).normal(size=(20, 3)) if estimator in ROWS else np.zeros((20, 48, 48), np.uint8)
    y = np.zeros((20, 15, 2)) if is_regressor(estimator) else np.repeat(["happy", "sad"], 10)
    with pytest.raises(ValueError, match=rf"^{name}: {seeds[0]} must be .*; got 'nonsense'$"):
        clone(estimator).set_params(**{seeds[0]: "nonsense"}).fit(X, y)


def quick(estimator: Any) -> Any:
    small = {"words": 20, "samples": 1000, "epochs": 1, "cascades": 2, "trees": 5, "copies": 0}
    known = estimator.get_params(deep=False)
    return clone(estimator).set_params(**{name: value for name, value in small.items() if name in known})


@pytest.mark.parametrize("estimator", IMAGES, **IDS)
def test_estimators_of_images_keep_the_contract(estimator: Any) -> None:
    if isinstance(estimator, CNN | PointNet):
        pytest.importorskip("keras", reason="Keras is not installed")
    faces = make_faces(70, random_state=0)
    images, y = faces.images, faces.labels
    if is_regressor(estimator):
        y = np.full((len(images), 15, 2), 20.0) + np.random.default_rng(0).normal(0, 1, (len(images), 15, 2))
    model = quick(estimator)
    before = str(model.get_params())
    assert model.fit(images, y) is model
    assert str(model.get_params()) == before
    assert tuple(model.image_shape_) == (48, 48)
    method = model.predict_proba if is_classifier(model) else getattr(model, "transform", None) or model.predict
    expected = method(images[:9])
    np.testing.assert_array_equal(method(images[:9]), expected)
    again = pickle.loads(pickle.dumps(model))
    name = "predict_proba" if is_classifier(model) else "transform" if hasattr(model, "transform") else "predict"
    np.testing.assert_allclose(getattr(again, name)(images[:9]), expected, atol=1e-5)
    with pytest.raises(ValueError, match="as in fit"):
        method(images[:, :40, :40])
    if is_classifier(model):
        np.testing.assert_array_equal(model.classes_, np.unique(y))
        assert expected.shape == (9, len(model.classes_))


@pytest.mark.parametrize("estimator", [each for each in ROWS if is_classifier(each)], **IDS)
def test_classifiers_take_sample_weights_or_document_that_they_do_not(estimator: Any) -> None:
    taken = has_fit_parameter(estimator, "sample_weight")
    assert taken == (type(estimator) not in WITHOUT_WEIGHTS)
    assert taken or "`sample_weight`" in (type(estimator).__doc__ or "")


@pytest.mark.parametrize(
    "kind",
    sorted({*WITHOUT_WEIGHTS, Compact, Mirrored, Stack, Vote}, key=lambda kind: kind.__name__),
    ids=lambda kind: kind.__name__,
)
def test_those_that_take_no_sample_weights_say_why(kind: type) -> None:
    assert "sample_weight" not in inspect.signature(kind.fit).parameters  # type: ignore[attr-defined]
    text = " ".join((kind.__doc__ or "").split())
    assert re.search("`sample_weight` is not supported(, since |; `imbalance` weights the classes)", text)


@pytest.mark.parametrize(
    "estimator",
    [Calibrated(LogisticRegression()), Forest(30), Tree(), SVM("rbf", accelerate=False), SVM("linear", C=0.1)],
    **IDS,
)
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_sample_weights_change_the_decision_boundary(estimator: Any) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(0, 1, (300, 2)).astype(np.float32)
    y = np.where(X[:, 0] + rng.normal(0, 1, 300) > 0, "happy", "sad")
    happier = np.where(y == "happy", 20.0, 1.0)
    plain = (clone(estimator).fit(X, y).predict(X) == "happy").mean()
    weighted = (clone(estimator).fit(X, y, sample_weight=happier).predict(X) == "happy").mean()
    same = clone(estimator).fit(X, y, sample_weight=np.ones(300)).predict(X)
    assert weighted > plain + 0.1
    # scikit-learn draws the bootstrap rows of a weighted forest by the weights, in another order than without them.
    needed = 0.9 if isinstance(estimator, Forest) else 1.0
    assert (same == clone(estimator).fit(X, y).predict(X)).mean() >= needed


def test_calibrated_refuses_weights_that_its_classifier_does_not_take() -> None:
    with pytest.raises(ValueError, match="LinearDiscriminantAnalysis takes no sample_weight; leave it out"):
        Calibrated(LinearDiscriminantAnalysis()).fit(np.eye(4), [0, 1, 0, 1], sample_weight=np.ones(4))


@pytest.mark.parametrize(
    "machine", [SVM("rbf", accelerate=False), SVM("linear"), LocalSVM(60, n_components=None)], ids=str
)
def test_decision_values_have_scikit_learn_s_shape_and_rank_the_classes(machine: Any) -> None:
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(c, 0.5, (40, 3)) for c in ([4, 0, 0], [0, 4, 0], [0, 0, 4])]).astype(np.float32)
    y = np.repeat(["happy", "neutral", "sad"], 40)
    three = clone(machine).fit(X, y)
    assert (three.classes_[three.decision_function(X).argmax(axis=1)] == y).all()
    two = clone(machine).fit(X[:80], y[:80])
    decisions = two.decision_function(X[:80])
    assert decisions.shape == (80,)
    assert ((decisions > 0) == (y[:80] == "neutral")).all()


def test_a_pipeline_passes_weights_to_its_classifier() -> None:
    images = np.random.default_rng(0).integers(0, 255, (40, 24, 24), dtype=np.uint8)
    y = np.repeat(["happy", "sad"], 20)
    recognizer = make_recipe("pixels+tree").fit(images, y, classifier__sample_weight=np.ones(40))
    assert isinstance(recognizer[0], PixelExtractor)
    assert recognizer.predict_proba(images).shape == (40, 2)
