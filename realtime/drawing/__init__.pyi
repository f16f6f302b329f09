from .colors import UNCERTAIN_COLOR, color_of
from .overlay import Overlay, draw_panel

__all__ = [
    "UNCERTAIN_COLOR",
    "Overlay",
    "color_of",
    "draw_panel",
]
