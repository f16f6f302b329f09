from .calibrated import Calibrated
from .compact import Compact
from .joined import Joined
from .mirrored import Mirrored
from .pretrained import Pretrained
from .stack import Stack
from .vote import Vote
from .weight_mean import WeightMean

__all__ = [
    "Calibrated",
    "Compact",
    "Joined",
    "Mirrored",
    "Pretrained",
    "Stack",
    "Vote",
    "WeightMean",
]
