"""A loaded bundle is a scikit-learn classifier that cannot be fitted again, and needs few imports."""

import copy
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from ferbench.datasets import Dataset, make_faces
from ferbench.models import LoadedBundle, Pretrained, load_bundle, make_recipe, pretrained, save_bundle


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=5, difficulty=0.2)


@pytest.fixture(scope="module")
def loaded(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> LoadedBundle:
    recognizer = make_recipe("pixels+tree").fit(faces.images, faces.labels)
    folder = tmp_path_factory.mktemp("bundles") / "a <b>"
    return load_bundle(save_bundle(folder, recognizer, image_shape=(48, 48), info={"recipe": {"name": "pixels+tree"}}))


def test_score_is_the_accuracy(faces: Dataset, loaded: LoadedBundle) -> None:
    predicted = loaded.predict(faces.images)
    assert loaded.score(faces.images, faces.labels) == accuracy_score(faces.labels, predicted)
    weights = np.arange(len(faces.labels)) + 1.0
    expected = accuracy_score(faces.labels, predicted, sample_weight=weights)
    assert loaded.score(faces.images, faces.labels, weights) == pytest.approx(expected)
    with pytest.raises(ValueError, match="y must hold one label for each of the 140 images; got shape"):
        loaded.score(faces.images, faces.labels[:3])
    with pytest.raises(ValueError, match="sample_weight must be as long as y, 140"):
        loaded.score(faces.images, faces.labels, [1.0])


def test_scikit_learn_treats_it_as_a_fitted_classifier_of_images(loaded: LoadedBundle) -> None:
    assert is_classifier(loaded)
    check_is_fitted(loaded)
    tags = get_tags(loaded)
    assert tags.input_tags.three_d_array and not tags.input_tags.two_d_array
    assert not tags.requires_fit


def test_errors_of_cloning_pickling_and_fitting_name_the_remedy(faces: Dataset, loaded: LoadedBundle) -> None:
    with pytest.raises(TypeError, match=r"cannot be cloned.*Pretrained\('.*'\).*make_recipe\('pixels\+tree'\)"):
        clone(loaded)
    with pytest.raises(TypeError, match=r"cannot be pickled.*load_bundle\("):
        pickle.dumps(loaded)
    with pytest.raises(ValueError, match=r"cannot be fitted again.*make_recipe"):
        loaded.fit(faces.images, faces.labels)
    assert copy.deepcopy(loaded) is loaded


def test_repr_shows_name_labels_and_size(loaded: LoadedBundle) -> None:
    assert repr(loaded) == "LoadedBundle(pixels+tree, 7 labels, images of 48 x 48 pixels)"
    html = loaded._repr_html_()
    assert "pixels+tree" in html and "a &lt;b&gt;" in html and "<b>" not in html


def test_what_ships_shows_the_name_under_which_it_ships(tmp_path: Path) -> None:
    shipped = load_bundle(pretrained()["ferbench-net-l"])
    assert (shipped.name, shipped.recipe) == ("ferbench-net-l", "weight-mean@net-l")
    assert "LoadedBundle(ferbench-net-l, " in repr(shipped)
    html = shipped._repr_html_()
    assert "<td>ferbench-net-l</td>" in html and "<td>weight-mean@net-l</td>" in html
    copy_of_it = load_bundle(shutil.copytree(shipped.path, tmp_path / "mine"))
    assert copy_of_it.name == copy_of_it.recipe == "weight-mean@net-l", "a folder of one's own does not ship"


def test_errors_of_saving_name_the_remedy(faces: Dataset, loaded: LoadedBundle, tmp_path: Path) -> None:
    recipe_of_bundles = Pretrained(loaded.path).fit(faces.images, faces.labels)
    unfitted = make_recipe("pixels+tree")
    for recognizer, message in [
        (loaded, r"this is a bundle already; copy its folder .*a <b>"),
        (recipe_of_bundles, r"a Pretrained of bundles cannot be saved again; copy the folders .*a <b>"),
        (object(), r"object is no recognizer, since it has no predict_proba; give a fitted classifier"),
        (unfitted, r"this Pipeline is not fitted; call fit before save_bundle"),
        (LogisticRegression(), r"this LogisticRegression is not fitted"),
    ]:
        with pytest.raises(ValueError, match=message) as caught:
            save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48))
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "b").exists()


def test_live_mode_and_a_first_prediction_import_no_scikit_learn() -> None:
    path = pretrained()["ferbench-net-xs"]
    code = (
        "import sys, numpy as np, ferbench.realtime\nfrom ferbench.models import load_bundle\n"
        f"loaded = load_bundle({str(path)!r})\nfaces = np.zeros((2, 48, 48), np.uint8)\n"
        "loaded.predict(faces), loaded.score(faces, ['happy', 'sad']), repr(loaded), loaded._repr_html_()\n"
        "print([name for name in ('sklearn', 'scipy', 'skops', 'pandas', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_key_points_are_a_regressor_without_an_accuracy() -> None:
    points = load_bundle(pretrained("keypoints")["ferbench-points"])
    assert get_tags(points).estimator_type == "regressor" and "15 points" in repr(points)
    with pytest.raises(ValueError, match="bundle of key points, which have no accuracy"):
        points.score(np.zeros((1, 96, 96), np.uint8), ["happy"])
