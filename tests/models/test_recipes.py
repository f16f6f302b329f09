"""Named recipes: extractor and classifier pairs, the baseline, parameters, and recipes of other packages."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from ferbench.datasets import make_faces
from ferbench.features import extractors
from ferbench.models import Recipe, describe, get_recipe, make_recipe, recipes


def test_every_extractor_and_classifier_pair_is_a_recipe() -> None:
    known = recipes()
    for features in ("pixels", "hog", "landmarks", "hog+landmarks"):
        for classifier in ("logreg", "linear-svm", "svm", "tree"):
            assert known[f"{features}+{classifier}"].family == "classical"
    assert known["cnn"].family == "deep" and known["constant"].family == "constant"


@pytest.mark.parametrize("classifier", ["logreg", "linear-svm", "svm", "tree"])
def test_every_classifier_learns_hog_features(classifier: str) -> None:
    faces = make_faces(400, random_state=0, difficulty=0.2)
    X, y = faces.part("Training")
    recognizer = make_recipe(f"hog+{classifier}").fit(X, y)
    assert isinstance(recognizer, Pipeline) and recognizer.steps[0][0] == "features"
    X_new, y_new = faces.part("PrivateTest")
    proba = recognizer.predict_proba(X_new)
    assert (recognizer.classes_[proba.argmax(axis=1)] == y_new).mean() > 2 / 7
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    said = describe(recognizer)
    library = "SciPy" if classifier == "linear-svm" else "scikit-learn"
    assert library in said["implementation"] and len(said["probabilities"]) > 20


def test_constant_gives_the_class_shares() -> None:
    faces = make_faces(70, random_state=0)
    recognizer = make_recipe("constant").fit(faces.images, faces.labels)
    shares = np.unique(faces.labels, return_counts=True)[1] / len(faces)
    np.testing.assert_allclose(recognizer.predict_proba(faces.images[:2]), [shares, shares])


def test_any_union_of_extractors_is_a_recipe() -> None:
    recipe = get_recipe("pixels+landmarks+tree")
    assert recipe.family == "classical" and "pixels+landmarks+tree" not in recipes()


def test_parameters_are_set_by_name_and_wrong_ones_refused() -> None:
    assert make_recipe("hog+svm", classifier__C=10).get_params()["classifier__C"] == 10
    assert make_recipe("cnn", epochs=2).epochs == 2
    with pytest.raises(
        ValueError, match="recipe hog\\+svm has no parameter 'classifier__c'; did you mean classifier__C"
    ):
        make_recipe("hog+svm", classifier__c=10)


def test_unknown_recipe_names_the_closest() -> None:
    with pytest.raises(ValueError, match=r"there is no recipe 'hog\+svn'; did you mean hog\+svm"):
        get_recipe("hog+svn")


class _Package:
    name = "third-party"


def _third_party(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    point = EntryPoint("nearest", value, "ferbench.recipes")
    vars(point).update(dist=_Package)
    monkeypatch.setattr("ferbench.models.registry.entry_points", lambda group: [point])


def test_a_third_party_recipe_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    _third_party(monkeypatch, f"{__name__}:NEAREST")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    assert make_recipe("nearest").get_params()["strategy"] == "uniform"


def test_a_broken_third_party_recipe_does_not_affect_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    _third_party(monkeypatch, "no_such_module:THING")
    with pytest.warns(RuntimeWarning, match="recipe 'nearest' of package third-party cannot be loaded"):
        assert "hog+svm" in recipes()


def test_listing_recipes_imports_no_tensorflow() -> None:
    code = "import sys, ferbench.models as m; m.recipes(); m.make_recipe('cnn'); sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_extractor_names_and_recipe_names_agree() -> None:
    assert all(f"{name}+svm" in recipes() for name in extractors())


def _nearest() -> object:
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="uniform")


NEAREST = Recipe("nearest", "classical", _nearest)


def test_a_variant_is_the_recipe_under_another_name() -> None:
    variant = get_recipe("hog+svm@strong")
    assert variant.name == "hog+svm@strong" and variant.family == "classical"
    assert variant.build(classifier__C=10)["classifier"].C == 10
    for name in ("hog+svn@strong", "hog+svm@"):
        with pytest.raises(ValueError, match="there is no recipe 'hog"):
            get_recipe(name)
