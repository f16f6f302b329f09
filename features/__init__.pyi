from .base import ImageExtractor, Rows
from .checks import check_extractor
from .gabor import GaborExtractor
from .hog import HOGExtractor
from .hog_multi import MultiHOGExtractor
from .image_input import ImageInput
from .landmarks import LandmarkExtractor
from .lbp import LBPExtractor
from .mirror_views import MirrorViews, mirror
from .patches import PatchExtractor
from .pixels import PixelExtractor
from .point_geometry import point_feature_names, point_features
from .registry import BUILT_IN, Transformer, extractors, make_extractor
from .shared import MIRRORED, POINT_NAMES, check_images, derive_points, mark_offset
from .sift import SIFTExtractor

__all__ = [
    "BUILT_IN",
    "MIRRORED",
    "POINT_NAMES",
    "GaborExtractor",
    "HOGExtractor",
    "ImageExtractor",
    "ImageInput",
    "LBPExtractor",
    "LandmarkExtractor",
    "MirrorViews",
    "MultiHOGExtractor",
    "PatchExtractor",
    "PixelExtractor",
    "Rows",
    "SIFTExtractor",
    "Transformer",
    "check_extractor",
    "check_images",
    "derive_points",
    "extractors",
    "make_extractor",
    "mark_offset",
    "mirror",
    "point_feature_names",
    "point_features",
]
