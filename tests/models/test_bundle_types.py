"""Types in bundles: the trusted types of the recipes, their public names, and types of other packages."""

import importlib
import json
import re
import sys
import warnings
import zipfile
from importlib.metadata import EntryPoint, requires
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from skops.io import dumps, get_untrusted_types
from thirdparty_package import install

from ferbench import features, models
from ferbench.datasets import Dataset, make_faces
from ferbench.features import MirrorViews, PixelExtractor, extractors
from ferbench.models import (
    MeanShape,
    Mirrored,
    Stack,
    Vote,
    classifier_steps,
    load_bundle,
    make_recipe,
    save_bundle,
)
from ferbench.models.base import parts_of
from ferbench.models.bundles import digest, file_sha256, trusted
from ferbench.models.bundles.aliases import TYPES
from ferbench.models.bundles.bundle import SCIKIT_LEARN

# Built by scikit-learn in a fit; what recipes consist of before it does not show them.
FITTED_ONLY = {
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
}


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=6, difficulty=0.2)


@pytest.fixture
def bundle(faces: Dataset, tmp_path: Path) -> Path:
    recognizer = make_recipe("pixels+logreg").fit(faces.images, faces.labels)
    return save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48))


def edit(bundle: Path, change: Any, versions: dict[str, str] | None = None) -> None:
    """Rewrite the schema of a bundle's model as somebody would who knows how the bundle is hashed."""
    model = bundle / "model.skops"
    with zipfile.ZipFile(model) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["schema.json"] = change(members["schema.json"].decode()).encode()
    with zipfile.ZipFile(model, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    info = json.loads((bundle / "bundle.json").read_text())
    info["files"]["model.skops"] = file_sha256(model)
    info["versions"] |= versions or {}
    (bundle / "bundle.json").write_text(json.dumps({**info, "sha256": digest(info)}))


def schema_of(bundle: Path) -> str:
    with zipfile.ZipFile(bundle / "model.skops") as archive:
        return archive.read("schema.json").decode()


def test_the_trusted_types_are_those_of_the_registered_recipes() -> None:
    parts: list[Any] = [step for make in classifier_steps().values() for _, step in make()]
    parts += [MeanShape(), MirrorViews(PixelExtractor()), Mirrored(None), Stack([]), Vote([])]
    parts += [make() for make in extractors().values()]
    parts += [make_recipe("constant"), make_recipe("hog+landmarks+svm")]
    names = set().union(*map(trusted.type_names, parts))
    # A file that somebody adds may register types that these lists do not name, unless a folder exports them.
    added = names - (trusted.OWN | trusted.FOREIGN)
    refused = set(get_untrusted_types(data=dumps(parts)))
    assert (added & refused) - set(trusted.trusted_types(added)) == set(), "a recipe cannot travel"
    assert {name.rpartition(".")[2] for name in added} & {*features.__all__, *models.__all__} == set(), "not in OWN"
    assert (trusted.OWN | trusted.FOREIGN) - names == FITTED_ONLY, "a type is trusted that no recipe needs"


@pytest.mark.parametrize("name", sorted(trusted.OWN | set(TYPES.values())))
def test_every_trusted_type_can_be_imported_by_its_public_name(name: str) -> None:
    door, _, kind = name.rpartition(".")
    assert door in ("ferbench.models", "ferbench.features")
    assert isinstance(getattr(importlib.import_module(door), kind), type)


def test_new_bundles_contain_public_names_of_types(bundle: Path) -> None:
    modules = {line.split('"')[3] for line in schema_of(bundle).splitlines() if '"__module__": "ferbench' in line}
    assert modules == {"ferbench.features"}


@pytest.mark.parametrize("name", ["pixels+svm", "hog+knn", "hog+nystroem", "pixels+kernel-ridge", "mirror:pixels+tree"])
def test_bundles_with_old_names_give_the_same_predictions(faces: Dataset, tmp_path: Path, name: str) -> None:
    recognizer = make_recipe(name).fit(faces.images, faces.labels)
    path = save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48))
    expected = load_bundle(path).predict_proba(faces.images)
    older = {new: old for old, new in TYPES.items()}

    def age(text: str) -> str:
        schema = json.loads(text)
        waiting = [schema]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                full = f"{node.get('__module__')}.{node.get('__class__')}"
                if full in older:
                    node["__module__"] = older[full].rpartition(".")[0]
                waiting += node.values()
            elif isinstance(node, list):
                waiting += node
        text = json.dumps(schema)
        return text.replace('"recognizer', '"recogniser').replace('"\\"center\\""', '"\\"centre\\""')

    edit(path, age)
    assert "._" in schema_of(path) and "ferbench.models.SVM" not in schema_of(path)
    loaded = load_bundle(path)
    np.testing.assert_array_equal(loaded.predict_proba(faces.images), expected)
    assert "centre" not in str(loaded.estimator.get_params())
    assert not any(hasattr(loaded.estimator, f"recogniser{end}") for end in ("", "_"))


def test_a_type_of_a_package_that_is_missing_or_unknown_is_named(bundle: Path) -> None:
    edit(bundle, lambda text: text.replace("ferbench.features", "gone_package.faces"))
    with pytest.raises(ValueError, match=r"needs gone_package\.faces\.PixelExtractor, and the package 'gone_package'"):
        load_bundle(bundle)
    edit(bundle, lambda text: text.replace("gone_package.faces", "pytest"))
    with pytest.raises(ValueError, match=r"the type pytest\.PixelExtractor, which ferbench does not.*trusted_types"):
        load_bundle(bundle)


def test_another_package_trusts_its_types_with_an_entry_point(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_faces.py").write_text(
        "from ferbench.models import Tree\nclass Oak(Tree):\n    pass\nTRUSTED = ['their_faces.Oak']\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "their_faces", raising=False)
    recognizer = make_recipe("pixels+tree")
    recognizer.set_params(classifier=importlib.import_module("their_faces").Oak())
    recognizer.fit(faces.images, faces.labels)
    with pytest.raises(ValueError, match=r"their_faces\.Oak, which ferbench does not trust"):
        save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48))
    assert not (tmp_path / "b").exists()

    points = [
        EntryPoint("oak", "their_faces:TRUSTED", trusted.ENTRY_POINTS),
        EntryPoint("broken", "their_faces:NOTHING", trusted.ENTRY_POINTS),
    ]
    real = trusted.entry_points
    monkeypatch.setattr(
        trusted, "entry_points", lambda group: points if group == trusted.ENTRY_POINTS else real(group=group)
    )
    loaded = load_bundle(save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48)))
    np.testing.assert_allclose(loaded.predict_proba(faces.images), recognizer.predict_proba(faces.images), atol=1e-6)


def test_another_minor_version_of_scikit_learn_gives_a_warning(bundle: Path) -> None:
    edit(bundle, str, {"scikit-learn": "1.6.1"})
    with pytest.warns(UserWarning, match=r"made with scikit-learn 1\.6\.1, and this is \d"):
        load_bundle(bundle)
    for version in ("0.24.2", "2.0.0", "1.5.2"):
        edit(bundle, str, {"scikit-learn": version})
        with pytest.raises(ValueError, match=rf"made with scikit-learn {version}, and this is \d.*pip install"):
            load_bundle(bundle)
    edit(bundle, lambda text: text.replace('"coef_"', '"koef_"'), {"scikit-learn": "1.6.1"})
    with (
        warnings.catch_warnings(),
        pytest.raises(ValueError, match=r"coef_ is missing.*made with.* 1\.6\.1"),
    ):
        warnings.simplefilter("ignore", UserWarning)
        load_bundle(bundle)


def test_a_parameter_that_another_scikit_learn_did_not_write_gets_its_default(bundle: Path) -> None:
    before = load_bundle(bundle)
    edit(bundle, lambda text: re.sub(r'"intercept_scaling": \{[^{}]*\},', "", text))
    assert "intercept_scaling" not in schema_of(bundle)
    parts = list(parts_of(load_bundle(bundle).estimator))
    assert [part.intercept_scaling for part in parts if hasattr(part, "intercept_scaling")] == [1]
    assert before.classes_.tolist() == load_bundle(bundle).classes_.tolist()


def test_the_supported_scikit_learn_versions_are_those_of_pyproject() -> None:
    (line,) = (line for line in requires("ferbench") or [] if line.startswith("scikit-learn") and "intelex" not in line)
    first, end = (".".join(map(str, version)) for version in SCIKIT_LEARN)
    assert f">={first}" in line and f"<{end}" in line


def test_a_recipe_of_another_package_makes_a_bundle_that_names_the_package(
    faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from ferbench.models import Recipe, Tree\n"
        "from sklearn.pipeline import Pipeline\nfrom ferbench.features import PixelExtractor\n"
        "class Elm(Tree):\n    pass\n"
        "ELM = Recipe('elm', 'classical', lambda: Pipeline([('features', PixelExtractor()), ('classifier', Elm())]))\n"
        "TRUSTED = ['their_trees.Elm']\n"
    )
    entries = "[ferbench.recipes]\nelm = their_trees:ELM\n[ferbench.trusted_types]\ntrees = their_trees:TRUSTED\n"
    with monkeypatch.context() as installed:
        install(tmp_path / "site", installed, "their_trees", code, entries)
        (tmp_path / "site" / "thirdparty_plugins-1.0.dist-info" / "top_level.txt").write_text("their_trees\n")
        recognizer = make_recipe("elm").fit(faces.images, faces.labels)
        path = save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48))
        expected = recognizer.predict_proba(faces.images)
        np.testing.assert_array_equal(load_bundle(path).predict_proba(faces.images), expected)
        assert json.loads((path / "bundle.json").read_text())["plugins"] == {"their_trees": "thirdparty-plugins==1.0"}
    sys.modules.pop("their_trees", None)
    with pytest.raises(
        ValueError, match=r"needs their_trees\.Elm, .*; pip install 'thirdparty-plugins==1\.0', then load"
    ):
        load_bundle(path)
