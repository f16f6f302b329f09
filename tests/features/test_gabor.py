"""Gabor features equal those of scikit-image's kernels, and their names give the right cell."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import correlate
from skimage.filters import gabor_kernel

from ferbench.features import GaborExtractor
from ferbench.features.checks import check_pictures


@pytest.mark.parametrize(("wavelength", "turn"), [(4.0, 0), (6.0, 1), (9.0, 3), (9.0, 4)])
def test_magnitudes_equal_those_of_scikit_image(wavelength: float, turn: int) -> None:
    image = check_pictures(64)[0, :, :50]
    extractor = GaborExtractor(wavelengths=[wavelength], orientations=5, stride=2).fit(image[np.newaxis])
    ours = extractor._bank().magnitudes(image)[..., turn]
    deviation = 0.56 * wavelength
    kernel = gabor_kernel(1 / wavelength, np.pi * turn / 5, sigma_x=deviation, sigma_y=deviation, n_stds=5)
    gaussian = np.abs(kernel)
    kernel = kernel - gaussian * (kernel.sum() / gaussian.sum())  # no answer to brightness
    gray = image.astype(float)
    real, imaginary = (correlate(gray, part, mode="reflect") for part in (kernel.real, kernel.imag))
    theirs = np.hypot(real, imaginary)[0::2, 0::2]
    assert ours.shape == theirs.shape == (32, 25)
    assert_allclose(ours, theirs, atol=0.02 * theirs.max())  # ours end after three deviations


def test_a_grating_has_the_largest_response_at_its_own_wavelength() -> None:
    pixels = np.arange(48)
    images = np.stack(
        [
            np.tile(128 + 100 * np.sin(2 * np.pi * pixels / 6), (48, 1)),  # light changes to the right
            np.tile(128 + 100 * np.sin(2 * np.pi * pixels / 12), (48, 1)).T,  # and downwards
        ]
    ).astype(np.uint8)
    extractor = GaborExtractor(wavelengths=(4, 6, 12), orientations=4, grid=1).fit(images)
    strongest = extractor.get_feature_names_out()[extractor.transform(images).argmax(axis=1)]
    assert strongest.tolist() == ["gabor_cell0_0_wave6_turn0", "gabor_cell0_0_wave12_turn2"]


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_cells_pool_the_magnitudes_inside_them(pooling: str) -> None:
    images = check_pictures(48)
    extractor = GaborExtractor(grid=3, pooling=pooling, sqrt=False).fit(images)
    maps = extractor._bank().magnitudes(images[2])
    part = maps[8:16, 16:].reshape(-1, 32)
    expected = part.mean(axis=0) if pooling == "mean" else part.max(axis=0)
    assert_allclose(extractor.transform(images)[2].reshape(3, 3, 32)[1, 2], expected, rtol=1e-4)
    assert extractor.get_feature_names_out()[5 * 32].startswith("gabor_cell1_2_")


def test_flat_images_give_zeros() -> None:
    flat = np.stack([np.full((48, 48), level, np.uint8) for level in (0, 77, 255)])
    assert not GaborExtractor().fit_transform(flat).any()


def test_features_are_invariant_to_brightness() -> None:
    images = check_pictures(48) // 2
    extractor = GaborExtractor().fit(images)
    assert_allclose(extractor.transform(images + 60), extractor.transform(images), atol=0.02)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"grid": 30}, r"a grid of 30 cells at a stride of 2 needs images of at least 59 x 59 pixels; got 48 x 48"),
        (
            {"wavelengths": 1.5},
            r"wavelengths must be a number of at least 2, or different ones .*; got 1.5",
        ),
        (
            {"wavelengths": [4, 4.0]},
            r"wavelengths must be a number of at least 2, or different ones as a list or as text",
        ),
    ],
)
def test_invalid_parameters_are_refused_in_one_line(params: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        GaborExtractor(**params).fit(check_pictures(48))  # type: ignore[arg-type]
    assert len(str(caught.value).splitlines()) == 1
