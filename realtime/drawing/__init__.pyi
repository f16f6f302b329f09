from .colors import UNCERTAIN_COLOUR, colour_of
from .overlay import Overlay, draw_panel

__all__ = [
    "UNCERTAIN_COLOUR",
    "Overlay",
    "colour_of",
    "draw_panel",
]
