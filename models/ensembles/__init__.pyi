from .calibrated import Calibrated
from .mirrored import Mirrored
from .pretrained import Pretrained
from .stack import Stack
from .vote import Vote

__all__ = [
    "Calibrated",
    "Mirrored",
    "Pretrained",
    "Stack",
    "Vote",
]
