"""Define the colors of emotions, which are the same in all outputs and safe for color-blind viewers."""

import colorsys
from collections.abc import Sequence

# Okabe and Ito, "Color Universal Design" (2008): distinct in every common kind of color blindness.
EMOTION_COLORS = {
    "angry": "#D55E00",
    "disgust": "#009E73",
    "fear": "#CC79A7",
    "happy": "#F0E442",
    "neutral": "#56B4E9",
    "sad": "#0072B2",
    "surprise": "#E69F00",
}
UNCERTAIN_COLOR = "#8C8C8C"
# For labels of other models: the muted scheme of Tol, "Color Schemes" (2021).
_OTHERS = ("#44AA99", "#AA4499", "#999933", "#882255", "#88CCEE", "#CC6677", "#117733", "#332288", "#DDCC77")


def color_of(label: str, classes: Sequence[str] = ()) -> str:
    """Return the color of a label as ``#RRGGBB``.

    Parameters
    ----------
    label : str
        An emotion, ``uncertain``, or another label.
    classes : sequence of str, optional
        All labels of the model. The color of an unknown label depends on its position among them.
    """
    if label in EMOTION_COLORS:
        return EMOTION_COLORS[label]
    if label not in classes:
        return UNCERTAIN_COLOR
    others = [name for name in classes if name not in EMOTION_COLORS]
    place = others.index(label)
    return _OTHERS[place] if place < len(_OTHERS) else _further_color(place - len(_OTHERS))


def _further_color(place: int) -> str:
    """A color of its own for each label beyond the schemes: hues by the golden ratio, two levels of lightness."""
    hue = (0.08 + place * 0.618033988749895) % 1.0
    channels = colorsys.hls_to_rgb(hue, 0.36 if place % 2 else 0.64, 0.55)
    return "#" + "".join(f"{round(255 * value):02X}" for value in channels)


def bgr(color: str) -> tuple[int, int, int]:
    """Convert ``#RRGGBB`` to a BGR tuple for OpenCV."""
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return blue, green, red


def ink_on(color: str) -> tuple[int, int, int]:
    """Return black or white, whichever has the higher WCAG 2.2 contrast on the color, as BGR."""
    channels = [value / 255 for value in reversed(bgr(color))]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    dark = (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05)
    return (0, 0, 0) if dark else (255, 255, 255)
