"""Every registered extractor passes the checks, and the checks detect extractors that break the contract."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ferbench.features import PixelExtractor, check_extractor, extractors, make_extractor
from ferbench.features.checks import CHECKS, Check, check_pictures

SPECS = [*sorted(extractors()), "hog+landmarks", "landmarks+pixels+hog", "hog-multi+lbp"]
# What learns a dictionary keeps the same contract with a small one.
QUICK: dict[str, dict[str, Any]] = {
    "patches": {"words": 40, "samples": 2000},
    "sift": {"words": 40, "samples": 2000},
}


def _make(spec: str, **params: Any) -> Any:
    return make_extractor(spec, **QUICK.get(spec, {}), **params)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("spec", SPECS)
def test_extractor_keeps_the_contract(spec: str, check: Check) -> None:
    check(_make(spec), check_pictures(48))


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("size", [24, 97])
def test_extractor_keeps_the_contract_at_other_sizes(spec: str, size: int) -> None:
    check_extractor(_make(spec), size=size)


@pytest.mark.parametrize("name", ["gabor", "hog", "hog-multi", "lbp", "pixels"])
def test_equalized_images_keep_the_contract(name: str) -> None:
    check_extractor(make_extractor(name, equalize=True))


@pytest.mark.parametrize("spec", sorted(extractors()))
def test_two_workers_give_the_rows_of_one(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(_make(spec)), "batch_size", 40)
    images = np.random.default_rng(1).integers(0, 256, (90, 48, 48), dtype=np.uint8)
    serial = _make(spec).fit(images)
    parallel = _make(spec, n_jobs=2).fit(images)
    rows = serial.transform(images)
    assert_array_equal(rows, parallel.transform(images))
    assert_array_equal(rows[-1:], serial.transform(images[-1:]))


def test_images_that_are_not_square() -> None:
    images = check_pictures(60)[:, :48, :]
    for spec in SPECS:
        extractor = _make(spec).fit(images)
        assert extractor.transform(images).shape == (len(images), len(extractor.get_feature_names_out()))


class _Broken(TransformerMixin, BaseEstimator):
    """Pixels, spoilt in a way of choice."""

    def __init__(self, fault: str) -> None:
        self.fault = fault

    def fit(self, X: np.ndarray, y: object = None) -> "_Broken":
        self.inner_ = PixelExtractor().fit(X)
        if self.fault == "fit changes parameters":
            self.fault = "changed"
        return self

    def transform(self, X: np.ndarray) -> np.ndarray:
        if self.fault == "accepts anything":
            return np.zeros((len(X), 48 * 48), np.float32)
        check_is_fitted(self)
        rows = self.inner_.transform(X)
        if self.fault == "float64":
            return rows.astype(np.float64)
        if self.fault == "depends on the batch":
            return rows - rows.mean(axis=0)
        if self.fault == "random":
            return rows + np.float32(np.random.default_rng().random())
        if self.fault == "infinite on black":
            return np.log(np.maximum(rows, 0), where=rows > 0, out=np.full_like(rows, -np.inf))
        if self.fault == "flattens":
            return rows.ravel()
        return rows

    def get_feature_names_out(self, input_features: object = None) -> np.ndarray:
        names = self.inner_.get_feature_names_out()
        if self.fault == "names repeat":
            names[1] = names[0]
        return names[1:] if self.fault == "a name is missing" else names


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("fit changes parameters", "fit changed the parameters"),
        ("accepts anything", "expected NotFittedError; got no error"),
        ("float64", "wrong dtype: expected float32; got float64"),
        ("depends on the batch", "an image alone gives another row"),
        ("random", "a second transform gives other rows"),
        ("infinite on black", "not finite"),
        ("flattens", "wrong shape"),
        ("names repeat", "repeated feature names"),
        ("a name is missing", "wrong number of feature names: expected 2304; got 2303"),
    ],
)
def test_checks_catch_a_broken_extractor(fault: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_extractor(_Broken(fault))


def test_checks_accept_a_correct_extractor_of_another_package() -> None:
    check_extractor(_Broken("none"))
