"""Local binary patterns equal scikit-image's, and are counted in the right cells."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage.feature import local_binary_pattern

from ferbench.features import LBPExtractor
from ferbench.features.checks import check_pictures
from ferbench.features.lbp import BINS, binary_patterns, uniform_bins


@pytest.mark.parametrize("radius", [1, 2, 3])
def test_patterns_are_those_of_scikit_image(radius: int) -> None:
    images = np.random.default_rng(5).integers(0, 256, (6, 40, 52), dtype=np.uint8)
    ours = binary_patterns(images, radius)
    theirs = np.stack([local_binary_pattern(image, 8, radius, "default") for image in images]).astype(np.uint8)
    inner = (slice(None), slice(radius, -radius), slice(radius, -radius))  # beyond the edge scikit-image sees black
    # An interpolated neighbor may differ from its center by less than our rounding allows for.
    assert (ours[inner] == theirs[inner]).mean() > 0.999


def test_uniform_patterns_are_those_of_scikit_image() -> None:
    images = np.random.default_rng(6).integers(0, 256, (6, 40, 52), dtype=np.uint8)
    theirs = np.stack([local_binary_pattern(image, 8, 1, "nri_uniform") for image in images]).astype(int)
    ours = uniform_bins()[binary_patterns(images, 1)]
    pairs = set(zip(ours[:, 1:-1, 1:-1].ravel().tolist(), theirs[:, 1:-1, 1:-1].ravel().tolist(), strict=True))
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs) == 59, "one to one"


def test_each_cell_counts_the_patterns_of_its_pixels() -> None:
    images = check_pictures(50)[:, :, :47]
    rows = LBPExtractor(radii=[1, 2], grid=3, sqrt=False).fit_transform(images).reshape(len(images), 2, 3, 3, BINS)
    patterns = uniform_bins()[binary_patterns(images, 2)]
    # 50 rows fall into cells that end at 16, 33 and 50; 47 columns into such that end at 15, 31 and 47.
    part = patterns[4, 16:33, 31:]
    assert_allclose(rows[4, 1, 1, 2], np.bincount(part.ravel(), minlength=BINS) / part.size, rtol=1e-6)
    assert_allclose(rows.sum(axis=-1), 1, rtol=1e-5)
    assert_allclose(LBPExtractor(radii=[1, 2], grid=3).fit_transform(images) ** 2, rows.reshape(24, -1), atol=1e-6)


def test_a_local_change_affects_only_the_columns_named_after_its_cell() -> None:
    images = check_pictures(48)
    extractor = LBPExtractor(radii=1, grid=4).fit(images)
    changed = images[:1].copy()
    changed[:, 2:8, 38:44] ^= 255
    differ = extractor.transform(images[:1])[0] != extractor.transform(changed)[0]
    names = extractor.get_feature_names_out()[differ]
    assert {name.split("_pattern")[0] for name in names} == {"lbp_radius1_cell0_3"}


def test_rows_are_invariant_to_monotonic_changes_of_gray_levels() -> None:
    images = check_pictures(48) // 3
    lighter = (images.astype(int) ** 2 // 60 + images).astype(np.uint8)
    extractor = LBPExtractor(radii=1).fit(images)
    straight = binary_patterns(images, 1) & 0b01010101, binary_patterns(lighter, 1) & 0b01010101
    assert_array_equal(*straight)  # neighbors that lie on pixels: no interpolation
    assert np.corrcoef(extractor.transform(images).ravel(), extractor.transform(lighter).ravel())[0, 1] > 0.95


def test_flat_images_of_any_level_have_one_pattern() -> None:
    flat = np.stack([np.full((48, 48), level, np.uint8) for level in (0, 77, 255)])
    rows = LBPExtractor(radii=(1, 2, 3)).fit_transform(flat)
    assert_array_equal(rows, np.stack([rows[0]] * 3))
    assert np.count_nonzero(rows[0]) == 3 * 64


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"grid": 60}, r"a grid of 60 cells needs images of at least 60 x 60 pixels; got 48 x 48; choose a smaller"),
        (
            {"radii": [0]},
            r"radii must be a whole number of at least 1, or different ones .*; got \[0\]",
        ),
    ],
)
def test_invalid_parameters_are_refused_in_one_line(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        LBPExtractor(**params).fit(check_pictures(48))  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
