"""Patch codes equal the formulas of the paper, and their names give the right cell."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from ferbench.features import PatchExtractor
from ferbench.features.checks import check_pictures


def _by_hand(extractor: PatchExtractor, image: np.ndarray) -> np.ndarray:
    """Coates and Ng's features of one image, patch by patch, as the paper has them."""
    size, stride, grid = extractor.patch_size, extractor.stride, extractor.grid
    places = [range(0, side - size + 1, stride) for side in image.shape]
    cells: list[list[np.ndarray]] = [[] for _ in range(grid * grid)]
    for i, y in enumerate(places[0]):
        for j, x in enumerate(places[1]):
            patch = image[y : y + size, x : x + size].astype(float).ravel()
            patch = (patch - patch.mean()) / np.sqrt(patch.var() + extractor.contrast)
            patch = patch @ extractor.whitening_.astype(float) - extractor.offset_
            distances = np.linalg.norm(extractor.words_ - patch, axis=1)
            row = max(k for k in range(grid) if k * len(places[0]) // grid <= i)
            column = max(k for k in range(grid) if k * len(places[1]) // grid <= j)
            cells[row * grid + column].append(np.maximum(0, distances.mean() - distances))
    pool = np.mean if extractor.pooling == "mean" else np.max
    pooled = np.concatenate([pool(cell, axis=0) for cell in cells])
    return np.sqrt(pooled) if extractor.sqrt else pooled


@pytest.mark.parametrize("pooling", ["mean", "max"])
@pytest.mark.parametrize("sqrt", [False, True])
def test_rows_equal_the_formulas_of_the_paper(pooling: str, sqrt: bool) -> None:
    images = check_pictures(48)[:, :40]
    extractor = PatchExtractor(
        patch_size=6, stride=3, words=30, grid=4, pooling=pooling, sqrt=sqrt, equalize=False, samples=2000
    )
    rows = extractor.fit_transform(images)
    for row, image in zip(rows[:4], images, strict=False):
        # A code is the small difference of two distances.
        assert_allclose(row, _by_hand(extractor, image), atol=2e-3 if sqrt else 1e-4)


def test_a_local_change_affects_only_the_columns_named_after_its_cell() -> None:
    images = check_pictures(48)
    extractor = PatchExtractor(words=20, grid=3, equalize=False).fit(images)
    changed = images[:1].copy()
    changed[:, :8, 40:] ^= 255  # top right
    differ = extractor.transform(images[:1])[0] != extractor.transform(changed)[0]
    names = extractor.get_feature_names_out()[differ]
    assert {name.split("_word")[0] for name in names} == {"patches_cell0_2"}


def test_whitening_evens_out_the_variances_of_patches() -> None:
    rng = np.random.default_rng(2)
    images = np.cumsum(rng.integers(-9, 10, (60, 32, 32)), axis=2).clip(-127, 127).astype(np.int16) + 128
    extractor = PatchExtractor(patch_size=4, words=10, whitening=1e-4, equalize=False).fit(images.astype(np.uint8))
    patches = extractor._contrasted(extractor._sample(images.astype(np.uint8)))
    before = np.linalg.eigvalsh(np.cov(patches, rowvar=False))[1:]
    after = np.linalg.eigvalsh(np.cov(patches @ extractor.whitening_ - extractor.offset_, rowvar=False))[1:]
    assert before[-1] / before[0] > 10
    assert_allclose(after, 1, atol=0.05)


def test_components_are_those_of_the_codes() -> None:
    images = check_pictures(48)
    plain = PatchExtractor(words=20, grid=2).fit(images)
    codes = plain.transform(images)
    projected = PatchExtractor(words=20, grid=2, components=6).fit(images)
    rows = projected.transform(images)
    assert list(projected.get_feature_names_out()) == [f"patches_component{i}" for i in range(6)]
    centered = codes - codes.mean(axis=0)
    assert_allclose(rows, centered @ projected.components_, atol=1e-4)
    assert_allclose(np.linalg.norm(rows, axis=0), np.linalg.svd(centered)[1][:6], rtol=1e-3)


def test_components_are_limited_by_the_number_of_images() -> None:
    images = check_pictures(48)[:5]
    assert PatchExtractor(words=20, components=100).fit_transform(images).shape == (5, 5)


def test_rows_of_unit_length_and_black_images() -> None:
    images = check_pictures(48)
    extractor = PatchExtractor(words=20, normalize=True).fit(images)
    assert_allclose(np.linalg.norm(extractor.transform(images), axis=1), 1, atol=1e-5)
    assert np.isfinite(extractor.transform(np.zeros_like(images[:1]))).all()
    black = PatchExtractor(words=20, components=3, normalize=True).fit_transform(np.zeros_like(images))
    assert np.isfinite(black).all(), "a training set of black images"


def test_equalized_rows_are_invariant_to_lighting() -> None:
    images = check_pictures(48)
    images = images[:, :, :].clip(60, 200)
    darker = (images // 2 + 10).astype(np.uint8)
    same = {}
    for equalize in (True, False):
        extractor = PatchExtractor(words=20, equalize=equalize).fit(images)
        bright, dark = extractor.transform(images), extractor.transform(darker)
        same[equalize] = float(np.corrcoef(bright.ravel(), dark.ravel())[0, 1])
    assert same[True] > max(0.98, same[False])


def test_another_seed_learns_another_dictionary() -> None:
    images = check_pictures(48)
    first, second, third = (PatchExtractor(words=20, random_state=seed).fit(images).words_ for seed in (0, 0, 1))
    assert_array_equal(first, second)
    assert not np.array_equal(first, third)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"patch_size": 40, "grid": 5}, r"needs images of at least 48 x 48 pixels; got 48 x 40; choose a smaller"),
        ({"words": 5000}, r"5000 words need at least as many local features .* got 357; pass more images"),
        ({"pooling": "sum"}, r"PatchExtractor: pooling must be one of 'mean', 'max'; got 'sum'"),
        ({"whitening": 0}, r"PatchExtractor: whitening must be a number between 0 and inf"),
        ({"components": 0}, r"PatchExtractor: components must be a whole number of at least 1, or None; got 0"),
        ({"random_state": None}, r"PatchExtractor: random_state must be a whole number of at least 0; got None"),
    ],
)
def test_a_dictionary_that_cannot_be_learned_is_refused_in_one_line(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        PatchExtractor(**params).fit(check_pictures(48)[:1, :, :40])  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
