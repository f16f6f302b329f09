from .class_activation import ClassActivation
from .mean_maps import MIN_FACES, MeanMaps, region_shares, write_mean_maps
from .neighbors import Neighbors, nearest
from .occlusion import occlusion_maps
from .page import Explanation, explain_image, write_explanation
from .regions import REGIONS
from .stored_maps import MEAN_MAPS, StoredMaps, read_mean_maps, store_mean_maps
from .views import extractor_views, heat_on

__all__ = [
    "MEAN_MAPS",
    "MIN_FACES",
    "REGIONS",
    "ClassActivation",
    "Explanation",
    "MeanMaps",
    "Neighbors",
    "StoredMaps",
    "explain_image",
    "extractor_views",
    "heat_on",
    "nearest",
    "occlusion_maps",
    "read_mean_maps",
    "region_shares",
    "store_mean_maps",
    "write_explanation",
    "write_mean_maps",
]
