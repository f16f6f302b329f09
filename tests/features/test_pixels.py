"""Gray levels as features."""

import numpy as np
from numpy.testing import assert_array_equal

from ferbench.features import PixelExtractor


def test_rows_are_the_gray_levels_between_0_and_1_in_reading_order() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    extractor = PixelExtractor().fit(images)
    row = extractor.transform(images)[0]
    assert_array_equal(row, (np.arange(256) / 255).astype(np.float32))
    assert extractor.get_feature_names_out()[17] == "pixel_y1_x1"


def test_equalized_rows_ignore_brightness_and_contrast() -> None:
    image = np.random.default_rng(0).integers(0, 100, (1, 48, 48), dtype=np.uint8)
    brighter = image * 2 + 40
    extractor = PixelExtractor(equalize=True).fit(image)
    assert_array_equal(extractor.transform(image), extractor.transform(brighter))
    assert extractor.transform(image).max() == 1
