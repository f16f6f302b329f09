from .dataset import PointDataset, load_points
from .splits import POINT_SPLITS

__all__ = [
    "POINT_SPLITS",
    "PointDataset",
    "load_points",
]
