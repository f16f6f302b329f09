from .dlib_shape import DlibShape
from .mean_shape import MeanShape
from .points_net import PointNet
from .training import PointTraining

__all__ = [
    "DlibShape",
    "MeanShape",
    "PointNet",
    "PointTraining",
]
