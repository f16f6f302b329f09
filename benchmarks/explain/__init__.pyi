from .class_activation import ClassActivation
from .mean_maps import MIN_FACES, REGIONS, MeanMaps, region_shares, write_mean_maps
from .neighbors import Neighbors, nearest
from .occlusion import occlusion_maps
from .page import Explanation, explain_image, write_explanation
from .views import extractor_views, heat_on

__all__ = [
    "MIN_FACES",
    "REGIONS",
    "ClassActivation",
    "Explanation",
    "MeanMaps",
    "Neighbors",
    "explain_image",
    "extractor_views",
    "heat_on",
    "nearest",
    "occlusion_maps",
    "region_shares",
    "write_explanation",
    "write_mean_maps",
]
