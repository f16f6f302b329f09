"""Feature extractors: transformers from face images to float32 rows."""

from ferbench.features._base import ImageExtractor
from ferbench.features._checks import check_extractor
from ferbench.features._hog import HOGExtractor
from ferbench.features._images import check_images
from ferbench.features._landmarks import LandmarkExtractor
from ferbench.features._pixels import PixelExtractor
from ferbench.features._registry import extractors, make_extractor

__all__ = [
    "HOGExtractor",
    "ImageExtractor",
    "LandmarkExtractor",
    "PixelExtractor",
    "check_extractor",
    "check_images",
    "extractors",
    "make_extractor",
]
