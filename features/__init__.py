"""Feature extractors: transformers from face images to float32 rows."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferbench.features._base import ImageExtractor
    from ferbench.features._checks import check_extractor
    from ferbench.features._gabor import GaborExtractor
    from ferbench.features._hog import HOGExtractor
    from ferbench.features._hog_multi import MultiHOGExtractor
    from ferbench.features._images import check_images
    from ferbench.features._landmarks import LandmarkExtractor
    from ferbench.features._lbp import LBPExtractor
    from ferbench.features._mark_offset import mark_offset
    from ferbench.features._mirror import MirrorViews
    from ferbench.features._patches import PatchExtractor
    from ferbench.features._pixels import PixelExtractor
    from ferbench.features._points import MIRRORED, POINT_NAMES, derive_points
    from ferbench.features._registry import extractors, make_extractor
    from ferbench.features._sift import SIFTExtractor

__all__ = [
    "MIRRORED",
    "POINT_NAMES",
    "GaborExtractor",
    "HOGExtractor",
    "ImageExtractor",
    "LBPExtractor",
    "LandmarkExtractor",
    "MirrorViews",
    "MultiHOGExtractor",
    "PatchExtractor",
    "PixelExtractor",
    "SIFTExtractor",
    "check_extractor",
    "check_images",
    "derive_points",
    "extractors",
    "make_extractor",
    "mark_offset",
]

# Where each name lives. It is imported when it is first used: running a network's bundle live must not wait for
# scikit-learn, which most of these modules need.
_HOMES = {
    "GaborExtractor": "_gabor",
    "HOGExtractor": "_hog",
    "ImageExtractor": "_base",
    "LBPExtractor": "_lbp",
    "LandmarkExtractor": "_landmarks",
    "MIRRORED": "_points",
    "MirrorViews": "_mirror",
    "MultiHOGExtractor": "_hog_multi",
    "POINT_NAMES": "_points",
    "PatchExtractor": "_patches",
    "PixelExtractor": "_pixels",
    "SIFTExtractor": "_sift",
    "check_extractor": "_checks",
    "check_images": "_images",
    "derive_points": "_points",
    "extractors": "_registry",
    "make_extractor": "_registry",
    "mark_offset": "_mark_offset",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
