"""Make extractors by name: unions, parameters, and extractors of other packages."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import FeatureUnion

from ferbench.features import HOGExtractor, check_extractor, extractors, make_extractor
from ferbench.features.checks import check_pictures

MODULE = """
from ferbench.features import PixelExtractor

class HalfPixels(PixelExtractor):
    def _extract(self, images):
        return super()._extract(images) / 2

class Fussy:
    def __init__(self):
        raise RuntimeError("needs a license\\nsecond line")
"""
ENTRY_POINTS = """
[ferbench.extractors]
half = thirdparty_ferbench_test:HalfPixels
fussy = thirdparty_ferbench_test:Fussy
absent = thirdparty_ferbench_test:Nobody
broken = thirdparty_module_that_is_not_there:Thing
wrong = builtins:dict
hog = builtins:dict
"""

KNOWN = ", ".join(sorted(extractors()))


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package, as `importlib.metadata` sees one, with good and bad entry points."""
    (tmp_path / "thirdparty_ferbench_test.py").write_text(MODULE)
    info = tmp_path / "thirdparty_ferbench-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty-ferbench\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_a_name_makes_that_extractor_with_its_parameters() -> None:
    extractor = make_extractor("hog", cell_size=8, n_jobs=2)
    assert isinstance(extractor, HOGExtractor)
    assert (extractor.cell_size, extractor.n_jobs) == (8, 2)


def test_names_joined_with_plus_make_a_union_in_that_order() -> None:
    images = check_pictures(48)
    union = make_extractor("pixels + hog", hog__cell_size=8)
    assert isinstance(union, FeatureUnion)
    rows = union.fit_transform(images)
    names = union.get_feature_names_out()
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows[:, 48 * 48 :], HOGExtractor(cell_size=8).fit_transform(images))
    assert names[0] == "pixels__pixel_y0_x0"
    assert names[48 * 48].startswith("hog__hog_block0_0")


@pytest.mark.parametrize(
    ("spec", "params", "message"),
    [
        ("hogg", {}, rf"unknown extractor: 'hogg'; expected one of {KNOWN}; did you mean 'hog'\?"),
        ("hog+landmark", {}, r"unknown extractor: 'landmark'; .* did you mean 'landmarks'\?"),
        ("", {}, rf"unknown extractor: ''; expected one of {KNOWN}$"),
        ("hog+", {}, r"unknown extractor: ''"),
        ("hog+pixels+hog", {}, r"extractor 'hog' is repeated in 'hog\+pixels\+hog'"),
        ("hog", {"cellsize": 4}, r"unknown parameter of extractor 'hog': 'cellsize'; .* did you mean 'cell_size'\?"),
        ("hog+pixels", {"cell_size": 4}, r"unknown parameter .* did you mean 'hog__cell_size'\?"),
    ],
)
def test_unknown_names_are_refused_with_the_known_and_the_nearest(
    spec: str, params: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        make_extractor(spec, **params)
    assert len(str(caught.value).splitlines()) == 1


def test_each_call_makes_a_new_extractor() -> None:
    assert make_extractor("hog") is not make_extractor("hog")
    extractors().clear()
    assert "hog" in extractors()


@pytest.mark.usefixtures("third_party")
def test_an_extractor_of_another_package_works_alone_and_in_a_union() -> None:
    check_extractor(make_extractor("half"))
    check_extractor(make_extractor("half+hog"))


@pytest.mark.usefixtures("third_party")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", r"ModuleNotFoundError: No module named 'thirdparty_module_that_is_not_there'; repair or uninstall"),
        ("absent", r"AttributeError: module 'thirdparty_ferbench_test' has no attribute 'Nobody'"),
        ("fussy", r"RuntimeError: needs a license; repair or uninstall thirdparty-ferbench"),
        ("wrong", r"must make a scikit-learn transformer; got dict without fit"),
    ],
)
def test_a_broken_extractor_of_another_package_is_named_and_does_not_affect_others(name: str, message: str) -> None:
    assert {"hog", "half", "broken"} <= set(extractors())
    make_extractor("hog+half")
    with pytest.raises(ImportError, match=message) as caught:
        make_extractor(f"hog+{name}")
    assert f"extractor {name!r} of thirdparty-ferbench" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.usefixtures("third_party")
def test_another_package_cannot_take_a_built_in_name() -> None:
    assert extractors()["hog"] is HOGExtractor
