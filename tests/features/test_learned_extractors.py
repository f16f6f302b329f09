"""Learned extractors in recipes: fitted on Training only, saved in bundles without pickle, and cached."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ferbench.benchmarks.fit.features_cache import CachedExtractor
from ferbench.benchmarks.tune.space import Choices, default_space
from ferbench.features import make_extractor
from ferbench.features.checks import check_pictures
from ferbench.models import get_recipe, load_bundle, make_recipe, save_bundle
from ferbench.utils.blas import multiply, one_blas_thread

SMALL: dict[str, dict[str, Any]] = {
    "gabor": {"wavelengths": [4, 8], "grid": 4},
    "hog-multi": {"cell_sizes": [8, 12]},
    "lbp": {"grid": 4},
    "patches": {"words": 20, "grid": 2, "components": 8},
    "sift": {"words": 20, "pyramid": [1, 2], "descriptor_components": 16, "components": 8, "normalize": True},
}
LABELS = np.where(np.arange(24) % 2, "happy", "sad")


@pytest.mark.parametrize(
    ("name", "more"), [*((name, {}) for name in SMALL), *(("sift", {"encoding": e}) for e in ("vlad", "fisher"))]
)
def test_a_bundle_gives_the_same_probabilities(name: str, more: dict[str, str], tmp_path: Path) -> None:
    images = check_pictures(48)
    parameters = {f"features__{key}": value for key, value in (SMALL[name] | more).items()}
    recognizer = make_recipe(f"{name}+logreg", **parameters).fit(images, LABELS)
    save_bundle(tmp_path / "bundle", recognizer, image_shape=(48, 48))
    loaded = load_bundle(tmp_path / "bundle")
    assert_array_equal(loaded.predict_proba(images), recognizer.predict_proba(images))
    assert loaded.estimator["features"].get_params() == recognizer["features"].get_params()


def test_a_union_of_them_is_a_recipe_and_a_bundle(tmp_path: Path) -> None:
    images = check_pictures(48)
    parameters = {
        f"features__{name}__{key}": value for name in ("hog-multi", "lbp") for key, value in SMALL[name].items()
    }
    recognizer = make_recipe("hog-multi+lbp+linear-svm", **parameters).fit(images, LABELS)
    save_bundle(tmp_path / "bundle", recognizer, image_shape=(48, 48))
    assert_array_equal(load_bundle(tmp_path / "bundle").predict(images), recognizer.predict(images))


@pytest.mark.parametrize("name", sorted(SMALL))
def test_the_cache_stores_extractors_fitted_on_training_images(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERBENCH_CACHE", str(tmp_path))
    images, others = check_pictures(48), check_pictures(48)[::-1, ::-1]
    extractor = make_extractor(name, **SMALL[name])
    expected = make_extractor(name, **SMALL[name]).fit(images).transform(others)
    first = CachedExtractor(extractor, "a-fingerprint", images, LABELS)
    assert_array_equal(first.features("PublicTest", others), expected)
    monkeypatch.setattr(type(extractor), "fit", _never)
    monkeypatch.setattr(type(extractor), "transform", _never)
    again = CachedExtractor(make_extractor(name, **SMALL[name]), "a-fingerprint", images, LABELS)
    assert_array_equal(again.features("PublicTest", others), expected)
    with pytest.raises(AssertionError, match="is not called"):
        CachedExtractor(extractor, "another-fingerprint", images, LABELS)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_every_learned_extractor_has_a_search_space(name: str) -> None:
    space = default_space(get_recipe(f"{name}+logreg"))
    extractor = make_extractor(name)
    searched = {key.removeprefix("features__"): values for key, values in space.items() if key.startswith("features__")}
    assert searched
    for key, values in searched.items():
        assert isinstance(values, Choices)
        assert all(extractor.constraints[key].accepts(value) for value in values.values)


def test_lists_can_be_given_as_text() -> None:
    images = check_pictures(48)
    for name, key, text, numbers in [
        ("hog-multi", "cell_sizes", "6, 12", [6, 12]),
        ("lbp", "radii", "2", 2),
        ("gabor", "wavelengths", "4.5,8", (4.5, 8)),
    ]:
        as_text = make_extractor(name, **{key: text}).fit(images).transform(images)
        assert_array_equal(as_text, make_extractor(name, **{key: numbers}).fit(images).transform(images))


def _never(*_: object, **__: object) -> None:
    raise AssertionError("is not called: what it gives is in the cache")


def test_products_of_rows_do_not_depend_on_the_batch() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(70, 900)).astype(np.float32)
    matrix = rng.normal(size=(900, 130)).astype(np.float32)
    with one_blas_thread():
        product = multiply(rows, matrix)
        alone = np.concatenate([multiply(rows[[i]], matrix) for i in range(70)])
    assert_array_equal(product, alone)
    np.testing.assert_allclose(product, rows.astype(float) @ matrix, atol=1e-3)


def test_concurrent_blas_limits_restore_the_setting(blas_threads: Callable[[], list[int]]) -> None:
    before = blas_threads()
    outer, inner = one_blas_thread(), one_blas_thread()
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)  # the first one leaves before the second
    assert set(blas_threads()) == {1}
    inner.__exit__(None, None, None)
    assert blas_threads() == before


@pytest.fixture
def blas_threads() -> Callable[[], list[int]]:
    """Threads of each BLAS library that is loaded."""
    from threadpoolctl import threadpool_info

    return lambda: [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
