from .dlib_shape import DlibShape
from .mean_shape import MeanShape
from .points_net import PointNet

__all__ = [
    "DlibShape",
    "MeanShape",
    "PointNet",
]
