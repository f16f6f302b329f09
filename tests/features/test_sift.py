"""Dense SIFT descriptors are close to OpenCV's, and codes equal the formulas of the papers."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import multivariate_normal

from ferbench.features import SIFTExtractor, check_extractor
from ferbench.features.checks import check_pictures
from ferbench.features.dense_sift import describe, direction_maps, make_windows

ENCODINGS = ["bag", "presence", "vlad", "fisher"]


def _descriptors(extractor: SIFTExtractor, image: np.ndarray) -> np.ndarray:
    return extractor._turned(extractor._describe(image, extractor._windows()))


@pytest.mark.parametrize("size", [48, 97])
@pytest.mark.parametrize("bin_size", [3, 4])
def test_descriptors_are_close_to_those_of_opencv(size: int, bin_size: int) -> None:
    images = check_pictures(size)[:8]
    windows = make_windows((size, size), bin_size, 2)
    inner, half = [], 2 * bin_size
    first = (size - (windows.shape[0] - 1) * 2 - 2 * half) // 2
    for image in images:
        blurred = cv2.GaussianBlur(image, (0, 0), np.sqrt(1.6**2 - 0.5**2))  # OpenCV blurs before it describes
        ours = describe(direction_maps(blurred), windows, root=False)
        middles = [first + half + 2 * i for i in range(windows.shape[0])]
        # OpenCV puts windows on whole pixels, half a pixel from ours.
        points = [cv2.KeyPoint(x, y, 2 * bin_size / 3, 0) for y in middles for x in middles]
        _, theirs = cv2.SIFT_create().compute(image, points)
        theirs = theirs.reshape(-1, 4, 4, 8)[..., (-np.arange(8)) % 8].transpose(0, 3, 1, 2).reshape(len(ours), -1)
        inner += [np.corrcoef(a, b)[0, 1] for a, b in zip(ours, theirs, strict=True)]
    assert np.median(inner) > 0.9


def test_direction_maps_hold_the_gradient_direction_of_each_pixel() -> None:
    image = np.tile(np.arange(0, 240, 5, dtype=np.uint8), (48, 1))
    for turned, direction in ((image, 0), (image.T, 2), (image[:, ::-1], 4), (image.T[::-1], 6)):
        maps = direction_maps(np.ascontiguousarray(turned))
        assert_allclose(maps[direction, 1:-1, 1:-1], 10, rtol=1e-5)
        assert_allclose(np.delete(maps, direction, axis=0)[:, 1:-1, 1:-1], 0, atol=1e-4)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_keeps_the_contract(encoding: str) -> None:
    check_extractor(SIFTExtractor(encoding=encoding, words=8, bin_sizes=(2, 4), samples=1000))


def test_bag_is_the_mean_share_of_each_word() -> None:
    images = check_pictures(48)
    extractor = SIFTExtractor(words=12, pyramid=(2,), softness=0, sqrt=False).fit(images)
    descriptors = _descriptors(extractor, images[0])
    distances = np.linalg.norm(descriptors[:, np.newaxis] - extractor.words_, axis=2)
    nearest = distances.argmin(axis=1).reshape(19, 19)
    corner = np.bincount(nearest[9:, :9].ravel(), minlength=12) / (10 * 9)
    assert_allclose(extractor.transform(images[:1]).reshape(4, 12)[2], corner, atol=1e-6)
    soft = SIFTExtractor(words=12, pyramid=1, softness=0.5, sqrt=False).fit(images)
    shares = np.exp(-(distances**2) / (0.5 * float(soft.spread_)))
    expected = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
    assert_allclose(soft.transform(images[:1])[0], expected, atol=1e-4)


def test_presence_marks_the_words_that_occur() -> None:
    images = check_pictures(48)
    bag = SIFTExtractor(words=40, softness=0).fit(images).transform(images)
    rows = SIFTExtractor(words=40, encoding="presence").fit(images).transform(images)
    assert_array_equal(rows, bag > 0)


def test_vlad_is_the_difference_from_the_nearest_word() -> None:
    images = check_pictures(48)
    extractor = SIFTExtractor(encoding="vlad", words=5, pyramid=1, softness=0, sqrt=False).fit(images)
    descriptors = _descriptors(extractor, images[0])
    expected = np.zeros((5, 128))
    for descriptor in descriptors:
        word = np.linalg.norm(extractor.words_ - descriptor, axis=1).argmin()
        expected[word] += descriptor - extractor.words_[word]
    expected /= np.linalg.norm(expected)
    assert_allclose(extractor.transform(images[:1])[0], expected.ravel(), atol=1e-4)


def test_fisher_vectors_are_the_derivatives_of_the_likelihood() -> None:
    images = check_pictures(48)
    extractor = SIFTExtractor(encoding="fisher", words=3, pyramid=1, descriptor_components=4, sqrt=False).fit(images)
    descriptors = _descriptors(extractor, images[0]).astype(float)
    weights, variances = extractor.weights_.astype(float), extractor.variances_.astype(float)

    def likelihood(means: np.ndarray, deviations: np.ndarray) -> float:
        parts = [
            weight * multivariate_normal(mean, np.diag(deviation**2)).pdf(descriptors)
            for weight, mean, deviation in zip(weights, means, deviations, strict=True)
        ]
        return float(np.log(np.sum(parts, axis=0)).mean())

    means, deviations, step = extractor.words_.astype(float), np.sqrt(variances), 1e-4
    expected = np.zeros((2, 3, 4))
    for what, word, axis in np.ndindex(expected.shape):
        shift = np.zeros((2, 3, 4))
        shift[what, word, axis] = step * deviations[word, axis]
        rise = likelihood(means + shift[0], deviations + shift[1]) - likelihood(means - shift[0], deviations - shift[1])
        expected[what, word, axis] = rise / (2 * step) / np.sqrt(weights[word] * (1 + what))
    expected /= np.linalg.norm(expected)
    assert_allclose(extractor.transform(images[:1])[0], expected.ravel(), atol=2e-3)


def test_a_local_change_affects_only_the_columns_named_after_its_cell() -> None:
    images = check_pictures(48)
    extractor = SIFTExtractor(words=20, pyramid=[1, 3]).fit(images)
    changed = images[:1].copy()
    changed[:, 42:, :5] ^= 255  # bottom left
    differ = extractor.transform(images[:1])[0] != extractor.transform(changed)[0]
    cells = {name.split("_word")[0] for name in extractor.get_feature_names_out()[differ]}
    assert cells == {"sift_grid1_cell0_0", "sift_grid3_cell2_0"}


def test_several_sizes_share_one_vocabulary() -> None:
    images = check_pictures(48)
    several = SIFTExtractor(words=20, bin_sizes=[2, 4], pyramid=1, sqrt=False).fit(images)
    assert len(_descriptors(several, images[0])) == 21 * 21 + 17 * 17
    assert several.transform(images).shape == (24, 20)
    assert_allclose(several.transform(images).sum(axis=1), 1, atol=1e-5)


def test_rows_are_robust_to_brightness_and_contrast() -> None:
    images = check_pictures(48)
    darker = (images // 2 + 20).astype(np.uint8)
    extractor = SIFTExtractor(words=20).fit(images)
    rows, dark = extractor.transform(images), extractor.transform(darker)
    assert np.corrcoef(rows.ravel(), dark.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_black_images_give_finite_rows(encoding: str) -> None:
    black = np.zeros((30, 48, 48), np.uint8)
    rows = SIFTExtractor(encoding=encoding, words=2, components=3, normalize=True, samples=500)
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        assert np.isfinite(rows.fit(check_pictures(48)).transform(black)).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"bin_sizes": (3, 12)}, r"4 bins of 12 pixels at a stride of 2 needs images of at least 52 x 52 pixels"),
        (
            {"bin_sizes": ()},
            r"bin_sizes must be a whole number of at least 1, or different ones .*; got \(\)",
        ),
        ({"pyramid": [1, 1]}, r"pyramid must be a whole number of at least 1, or different ones .*; got \[1, 1\]$"),
        ({"pyramid": "1,x"}, r"pyramid must be a whole number of at least 1, or different ones .*; got '1,x'$"),
        ({"encoding": "vald"}, r"encoding must be one of 'bag', 'presence', 'vlad', 'fisher'; got 'vald'"),
        ({"softness": -1}, r"softness must be a number of at least 0; got -1"),
        ({"words": 5000}, r"5000 words need at least as many local features .* got 361; pass more images"),
    ],
)
def test_a_dictionary_that_cannot_be_learned_is_refused_in_one_line(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        SIFTExtractor(**params).fit(check_pictures(48)[:1])  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
