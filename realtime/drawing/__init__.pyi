from .colors import UNCERTAIN_COLOR, color_of
from .overlay import Overlay

__all__ = [
    "UNCERTAIN_COLOR",
    "Overlay",
    "color_of",
]
