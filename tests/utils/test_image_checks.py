"""Invalid image batches give a one-line error with the expected input, the actual input and the remedy."""

import numpy as np
import pytest

from ferbench.features import HOGExtractor, LandmarkExtractor, PixelExtractor, check_images

GOOD = np.random.default_rng(0).integers(0, 256, (4, 20, 30), dtype=np.uint8)
HOLED = np.where(np.arange(4)[:, None, None] == 2, np.nan, GOOD / 255)


def test_good_images_pass_without_a_copy(tmp_path) -> None:
    np.save(tmp_path / "x.npy", GOOD)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert check_images(GOOD) is GOOD
    assert np.shares_memory(check_images(mapped), mapped)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (HOLED, r"got float64 of shape \(4, 20, 30\); row 2 holds NaN"),
        (GOOD / 255, r"got float64 .*convert with \(X \* 255\)"),
        (GOOD.astype(np.int32), r"got int32 .*X.astype\(np.uint8\)"),
        (GOOD.tolist(), r"got int64"),
        (GOOD[0], r"got uint8 of shape \(20, 30\); pass one image as X\[np.newaxis\]"),
        (GOOD[..., None].repeat(3, axis=-1), r"shape \(4, 20, 30, 3\); turn color images gray"),
        (GOOD[0, 0], r"shape \(30,\); pass a batch"),
        (GOOD[:0], r"shape \(0, 20, 30\); pass at least one image"),
        (GOOD[:, :0], r"shape \(4, 0, 30\); pass at least one image of at least one pixel"),
        ([GOOD[0], GOOD[1, :5]], r"got images of different sizes"),
        (["a.jpg", "b.jpg"], r"pass numbers"),
        (None, r"got object"),
    ],
)
def test_wrong_images_are_refused_with_the_remedy(X: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        check_images(X)
    assert len(str(caught.value).splitlines()) == 1
    assert "uint8 array of shape (n_samples, height, width)" in str(caught.value)


@pytest.mark.parametrize(
    ("extractor", "message"),
    [
        (HOGExtractor(bins=0), "HOGExtractor: bins must be a whole number of at least 2; got 0"),
        (HOGExtractor(cell_size=6.0), "HOGExtractor: cell_size must be a whole number of at least 2; got 6.0"),
        (HOGExtractor(block_size=True), "HOGExtractor: block_size must be a whole number of at least 1; got True"),
        (HOGExtractor(signed="yes"), "HOGExtractor: signed must be True or False; got 'yes'"),
        (HOGExtractor(window_sigma=0), "window_sigma must be a number between 0 and inf, both excluded, or None"),
        (HOGExtractor(n_jobs=0), "n_jobs must be None, a number of workers, or -1 for all cores; got 0"),
        (PixelExtractor(equalize=None), "PixelExtractor: equalize must be True or False; got None"),
        (LandmarkExtractor(margin=0.5), "LandmarkExtractor: margin must be a number between -0.5 and 0.5"),
        (LandmarkExtractor(model=3), "LandmarkExtractor: model must be the path of a .dat file, or None; got 3"),
    ],
)
def test_parameters_out_of_range_are_refused_in_fit(extractor, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        extractor.fit(GOOD)
    assert message in str(caught.value)


def test_numpy_numbers_are_numbers() -> None:
    HOGExtractor(cell_size=np.int64(6), signed=np.bool_(True), window_sigma=np.float32(2)).fit(GOOD)
