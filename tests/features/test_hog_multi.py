"""Multi-scale HOG features are the concatenated features of single scales."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ferbench.features import HOGExtractor, MultiHOGExtractor
from ferbench.features.checks import check_pictures


@pytest.mark.parametrize("common", [{}, {"gamma_correction": True, "equalize": True}, {"block_size": 1}])
def test_rows_are_those_of_each_hog(common: dict[str, object]) -> None:
    images = check_pictures(50)[:, :, :45]
    rows = MultiHOGExtractor(cell_sizes=[5, 12], **common).fit_transform(images)  # type: ignore[arg-type]
    single = [
        HOGExtractor(cell_size=cell, bins=bins, signed=signed, **common).fit_transform(images)  # type: ignore[arg-type]
        for cell in (5, 12)
        for bins, signed in ((9, False), (16, True))
    ]
    assert_array_equal(rows, np.concatenate(single, axis=1))


def test_names_contain_cell_size_and_kind_of_direction() -> None:
    images = check_pictures(48)
    extractor = MultiHOGExtractor(cell_sizes=(6, 8)).fit(images)
    names = extractor.get_feature_names_out()
    starts = list(dict.fromkeys(name.split("_hog")[0] for name in names))
    assert starts == ["cells6", "signed_cells6", "cells8", "signed_cells8"]
    only = MultiHOGExtractor(cell_sizes=8, bins=None, signed_bins=12).fit(images)
    assert {name.split("_hog")[0] for name in only.get_feature_names_out()} == {"signed_cells8"}
    assert only.transform(images).shape == (24, 5 * 5 * 4 * 12)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"cell_sizes": (6, 30)}, r"2 cells of 30 pixels needs images of at least 60 x 60 pixels; got 48 x 48"),
        (
            {"cell_sizes": [6, 6]},
            r"cell_sizes must be a whole number of at least 2, or different ones as a list or as text",
        ),
        ({"bins": None, "signed_bins": None}, r"bins and signed_bins must not both be None; set one of them"),
    ],
)
def test_invalid_parameters_are_refused_in_one_line(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        MultiHOGExtractor(**params).fit(check_pictures(48))  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
