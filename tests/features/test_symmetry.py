"""A symmetric vocabulary: the features of a mirrored image follow from those of the image."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from processors import OTHER_ROUNDING

from ferbench.features import MirrorViews, SIFTExtractor, check_extractor
from ferbench.features.checks import check_pictures
from ferbench.features.dense_sift import describe, descriptor_symmetry, direction_maps, make_windows
from ferbench.features.local import Symmetry, principal_axes

ENCODINGS = ["bag", "presence", "vlad", "fisher"]
SMALL = {"words": 8, "bin_sizes": (2, 4), "samples": 1000, "symmetric": True}


def mirrored(images: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(images[:, :, ::-1])


def test_descriptors_of_mirrored_windows_have_bins_and_directions_exchanged() -> None:
    image, windows = check_pictures(48)[0], make_windows((48, 48), 3, 2)
    ours, theirs = (describe(direction_maps(each), windows, root=True) for each in (image, mirrored(image[None])[0]))
    places = np.arange(len(ours)).reshape(windows.shape)[:, ::-1].ravel()
    assert_allclose(descriptor_symmetry().mirrored(ours)[places], theirs, atol=5e-5 if OTHER_ROUNDING else 1e-5)
    assert np.abs(ours[places] - theirs).max() > 0.05


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("more", [{}, {"descriptor_components": 12}, {"descriptor_components": 12, "components": 7}])
def test_features_of_mirrored_images_follow_from_those_of_the_images(encoding: str, more: dict[str, int]) -> None:
    images = check_pictures(48)
    extractor = SIFTExtractor(encoding=encoding, **SMALL, **more).fit(images)
    seen, other = extractor.transform(images), extractor.transform(mirrored(images))
    told = extractor.mirrored(seen)
    scale = np.abs(seen).max()
    assert told is not None
    # Power normalization enlarges rounding errors of codes that are almost zero.
    assert_allclose(told, other, atol=2e-3 * scale)
    assert np.abs(seen - other).max() > 0.05 * scale
    assert_array_equal(MirrorViews(extractor).fit(images).transform(images), np.hstack([seen, told]))


def test_components_keep_or_change_their_sign_and_belong_to_both_views() -> None:
    images = check_pictures(48)
    extractor = SIFTExtractor(encoding="fisher", components=6, descriptor_components=12, **SMALL).fit(images)
    assert set(extractor.mirror_signs_) == {1.0, -1.0}
    assert_allclose(extractor.components_.T @ extractor.components_, np.eye(6), atol=1e-4)
    plain = SIFTExtractor(encoding="fisher", descriptor_components=12, **SMALL).fit(images)
    codes = np.concatenate([plain.transform(images), plain.transform(mirrored(images))])
    values = np.linalg.svd(codes - codes.mean(axis=0), compute_uv=False)[:6]
    kept = (codes - extractor.mean_) @ extractor.components_
    assert_allclose(np.sqrt((kept**2).sum(axis=0)), values, rtol=1e-2)


def test_axes_are_those_of_samples_and_their_mirror_images() -> None:
    rng = np.random.default_rng(0)
    samples = (rng.normal(size=(500, 6)) * [5, 4, 3, 2, 1, 0.5] @ rng.normal(size=(6, 6))).astype(np.float32)
    symmetry = Symmetry(np.array([1, 0, 3, 2, 5, 4]), np.array([1, 1, -1, -1, 1, 1], np.float32))
    center, axes, signs = principal_axes(samples, 4, symmetry)
    both = np.concatenate([samples, symmetry.mirrored(samples)])
    _, expected, _ = principal_axes(both, 4)
    assert_allclose(center, both.mean(axis=0), atol=1e-5)
    assert_allclose(np.abs(np.einsum("ij,ij->j", axes, expected)), 1, atol=1e-4)
    assert_allclose(symmetry.mirrored(samples - center) @ axes, (samples - center) @ axes * signs, atol=1e-3)


def test_the_number_of_images_for_the_components_can_be_chosen() -> None:
    images = check_pictures(48)
    few, many = (
        SIFTExtractor(words=8, samples=1000, components=3, component_images=number).fit(images) for number in (4, 9)
    )
    assert not np.allclose(few.components_, many.components_)


def test_symmetric_extractors_keep_the_contract() -> None:
    check_extractor(SIFTExtractor(encoding="fisher", **SMALL))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"words": 7}, r"symmetric needs an even number of words; got words=7"),
        ({"bin_sizes": 3, "stride": 3, "pyramid": 1}, None),
        ({"bin_sizes": 2, "stride": 7, "pyramid": 1}, r"must lie in the middle of 48 pixels, and they leave an odd"),
    ],
)
def test_what_has_no_mirror_image_is_refused(more: dict[str, int], message: str | None) -> None:
    extractor = SIFTExtractor(**{**SMALL, **more})
    if message is None:
        extractor.fit(check_pictures(48))
        return
    with pytest.raises(ValueError, match=message):
        extractor.fit(check_pictures(48))


def test_other_extractors_are_asked_for_both_views() -> None:
    images = check_pictures(48)
    extractor = SIFTExtractor(words=8, samples=1000).fit(images)
    assert extractor.mirrored(extractor.transform(images)) is None
    views = MirrorViews(SIFTExtractor(words=8, samples=1000)).fit(images).transform(images)
    assert_array_equal(views[:, 112:], extractor.transform(mirrored(images)))


def test_a_second_fit_forgets_the_symmetry_of_the_first() -> None:
    images = check_pictures(48)
    extractor = SIFTExtractor(components=3, **SMALL).fit(images)
    assert extractor.mirrored(extractor.transform(images)) is not None
    extractor.set_params(symmetric=False).fit(images)
    assert extractor.mirrored(extractor.transform(images)) is None
