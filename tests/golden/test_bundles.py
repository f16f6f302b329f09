"""Bundles that an older ferbench wrote give the same answers, and recipes fitted anew learn the same."""

import json
from typing import Any

import numpy as np
import pytest
from golden_recognizers import (
    BUNDLES,
    CLASSICAL,
    HERE,
    N_ASKED,
    ON_NETWORKS,
    PRETRAINED,
    SIZES,
    asked,
    faces,
    make,
    marked,
    training,
)
from processors import OTHER_ROUNDING

from ferbench.models import load_bundle, make_recipe

# Another release of scikit-learn warns, and gives the same answers.
pytestmark = pytest.mark.filterwarnings("ignore:.*was made with scikit-learn")
TOLERANCE = 5e-3 if OTHER_ROUNDING else 1e-4
FOLDERS = sorted(path.name for path in BUNDLES.iterdir() if path.is_dir())


@pytest.fixture(scope="module")
def images() -> dict[str, np.ndarray]:
    return asked()


@pytest.fixture(scope="module")
def expected() -> dict[str, np.ndarray]:
    with np.load(BUNDLES / "expected.npz") as file:
        return dict(file)


def test_every_kind_has_a_bundle() -> None:
    networks = {"cnn", "cnn-flip", "points-net", "dlib-shape", "mean-shape", "remembers"}
    assert set(FOLDERS) == {*CLASSICAL, *ON_NETWORKS, *networks}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_bundle_gives_the_same_answers(
    name: str, images: dict[str, np.ndarray], expected: dict[str, np.ndarray]
) -> None:
    bundle: Any = load_bundle(BUNDLES / name)
    X = images[str(bundle.image_shape[0])]
    if "points" in bundle.info:
        np.testing.assert_allclose(bundle.predict(X), expected[name], rtol=0, atol=1e-3)
        return
    np.testing.assert_allclose(bundle.predict_proba(X), expected[name], rtol=0, atol=1e-5)
    assert list(bundle.predict(X)) == expected[f"{name}/labels"].tolist()
    answers = bundle.out_of_sample(training(24)[0][:N_ASKED])
    assert (answers is None) == (f"{name}/out-of-sample" not in expected)
    if answers is not None:
        np.testing.assert_allclose(answers, expected[f"{name}/out-of-sample"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", PRETRAINED)
def test_bundles_as_a_recognizer(name: str, images: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    members, parameters = PRETRAINED[name]
    recognizer = make_recipe("pretrained", bundles=[str(BUNDLES / member) for member in members], **parameters)
    recognizer.fit(*training(24))
    np.testing.assert_allclose(
        recognizer.predict_proba(images["24"]), expected[f"pretrained/{name}"], rtol=0, atol=1e-5
    )


def test_drawn_faces_are_the_same(images: dict[str, np.ndarray]) -> None:
    kept = json.loads((HERE / "faces.json").read_text())
    if not OTHER_ROUNDING:
        assert {str(size): faces(size).fingerprint for size in SIZES} | {"points": marked().fingerprint} == kept
    for size in SIZES:
        drawn, before = (array.astype(int) for array in (faces(size).images[-N_ASKED:], images[str(size)]))
        assert np.abs(drawn - before).max() <= OTHER_ROUNDING and (drawn == before).mean() > 0.99


@pytest.mark.parametrize("name", CLASSICAL)
def test_fitting_again_gives_the_same(
    name: str, images: dict[str, np.ndarray], expected: dict[str, np.ndarray]
) -> None:
    recognizer, size = make(name)
    recognizer.fit(*training(size))
    np.testing.assert_allclose(recognizer.predict_proba(images[str(size)]), expected[name], rtol=0, atol=TOLERANCE)
