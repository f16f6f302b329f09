"""Draw one face with OpenCV's anti-aliased polygons at several times its final resolution."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.faces.actions import ACTION_UNITS
from ferbench.datasets.faces.anatomy import GROUPS

FRACTION_BITS = 4  # fractional bits of OpenCV's fixed-point coordinates
_SIDES = ("left", "right")
_UNITS = {unit: column for column, unit in enumerate(ACTION_UNITS)}


class Painter:
    """Painter of one face, from back to front.

    Parameters
    ----------
    curves, points : ndarray of int32, (x, y)
        Curves and control points on the canvas, in fixed point (see :func:`fixed_point`).
    slices : dict of str to slice
        Rows of `curves` by name.
    look : dict of str to float
        Gray levels, widths and switches.
    actions : ndarray of shape (n_action_units, 2)
        Intensities of the action units, for the wrinkles.
    unit : float
        Canvas pixels per half face width.
    """

    def __init__(
        self,
        *,
        canvas: NDArray[np.uint8],
        curves: NDArray[np.int32],
        points: NDArray[np.int32],
        slices: dict[str, slice],
        look: dict[str, float],
        actions: NDArray[np.float64],
        unit: float,
    ) -> None:
        self.canvas, self.curves, self.points, self.slices = canvas, curves, points, slices
        self.look, self.unit = look, unit
        # Plain numbers: NumPy's operations on single ones take most of the time of a small drawing.
        sides = actions.tolist()
        self._au: dict[str, list[float]] = {name: sides[column] for name, column in _UNITS.items()}

    def paint(self) -> None:
        """Paint everything that belongs to the head."""
        look = self.look
        if look["long_hair"]:
            self.fill(look["hair"], "locks_left")
            self.fill(look["hair"], "locks_right")
        if not look["bald"]:
            self.fill(look["hair"], "skull")
        self.fill(look["skin"] * 0.78, "neck")
        self.fill(look["clothes"], "shoulders", to_bottom=True)
        if not look["long_hair"]:
            for side in _SIDES:
                self.fill(look["skin"] * 0.88, f"ears_{side}")
        self.fill(look["skin"], "face")
        self._wrinkles()
        self._eyes()
        self._nose()
        self._hairy_chin()
        self._mouth()
        self._brows()
        if not look["bald"]:
            self.fill(look["hair"], "hair")
        if look["glasses"]:
            self._glasses()

    def fill(self, gray: float, *names: str, to_bottom: bool = False) -> None:
        """Fill the area inside one curve, or between two."""
        contours = [self.curves[self.slices[name]] for name in names]
        if to_bottom:
            end = np.int32(4 * len(self.canvas) << FRACTION_BITS)
            contours[0] = np.vstack([contours[0], [[end, end], [-end, end]]]).astype(np.int32)
        cv2.fillPoly(self.canvas, contours, _level(gray), cv2.LINE_AA, FRACTION_BITS)

    def stroke(self, gray: float, width: float, *names: str) -> None:
        """Draw lines along curves; `width` is in half face widths."""
        contours = [self.curves[self.slices[name]] for name in names]
        self._lines(contours, gray, width)

    def _lines(self, contours: Sequence[NDArray[np.int32]], gray: float, width: float) -> None:
        thickness = max(1, round(width * self.unit))
        cv2.polylines(self.canvas, contours, False, _level(gray), thickness, cv2.LINE_AA, FRACTION_BITS)

    def _disc(self, x: int, y: int, radius: float, gray: float) -> None:
        fixed = max(1, int(radius * self.unit * (1 << FRACTION_BITS)))
        cv2.circle(self.canvas, (x, y), fixed, _level(gray), -1, cv2.LINE_AA, FRACTION_BITS)

    def _crease(self, name: str, depth: float, width: float = 0.025) -> None:
        if depth > 0.04:
            self.stroke(self.look["skin"] * (1 - min(depth, 0.6)), width, name)

    def _wrinkles(self) -> None:
        """Draw wrinkles caused by age and by action units."""
        au, age = self._au, self.look["age"]
        raised = ((au["AU1"][0] + au["AU2"][0]) + (au["AU1"][1] + au["AU2"][1])) / 2
        for name in ("brow_line", "brow_line_2"):
            self._crease(name, 0.22 * raised + 0.14 * max(0, age - 0.5))
        for side, name in enumerate(_SIDES):
            smile = au["AU12"][side] + 0.5 * au["AU6"][side]
            self._crease(
                f"fold_{name}",
                0.10 * age + 0.22 * smile + 0.20 * (au["AU9"][side] + au["AU10"][side]) + 0.25 * au["AU11"][side],
                0.03,
            )
            self._crease(f"frown_{name}", 0.35 * au["AU4"][side] + 0.12 * au["AU9"][side] + 0.08 * max(0, age - 0.6))
            self._crease(f"pouch_{name}", 0.14 * age + 0.20 * au["AU6"][side] + 0.10 * au["AU7"][side], 0.02)
            self._nose_wrinkles(side, 0.35 * au["AU9"][side])
            self._crow_feet(side, 0.25 * au["AU6"][side] + 0.15 * max(0, age - 0.6))
        self._crease("chin_crease", 0.12 + 0.25 * sum(au["AU17"]) / 2, 0.035)

    def _nose_wrinkles(self, side: int, depth: float) -> None:
        self._short_lines(GROUPS["nose_wrinkle"].reshape(2, 2, 2)[side], depth)

    def _crow_feet(self, side: int, depth: float) -> None:
        self._short_lines(GROUPS["crow_feet"].reshape(2, 3, 2)[side], depth)

    def _short_lines(self, ends: NDArray[np.intp], depth: float) -> None:
        if depth > 0.04:
            self._lines([self.points[pair] for pair in ends], self.look["skin"] * (1 - depth), 0.02)

    def _eyes(self) -> None:
        look, skin = self.look, self.look["skin"]
        white = min(248.0, max(skin * 1.05, 120.0) * look["sclera"])
        for side, (x, y) in zip(_SIDES, self.points[GROUPS["irises"]].tolist(), strict=True):
            self.fill(white, f"eye_{side}")
            radius = look["iris_radius"]
            self._disc(x, y, radius, min(look["iris"], skin * 0.8))
            self._disc(x, y, radius * 0.5, 8)
            glint = int(radius * 0.35 * self.unit * (1 << FRACTION_BITS))
            self._disc(x + (glint if look["light_x"] > 0 else -glint), y - glint, radius * 0.24, 235)
            # Skin around the opening of the eye; it also covers parts of the eyeball outside the opening.
            self.fill(skin, f"lid_surround_{side}", f"eye_{side}")
            self._crease(f"lid_crease_{side}", 0.22, 0.022)
            self.stroke(skin * look["lash"], 0.036, f"upper_lid_{side}")
            self.stroke(skin * (0.45 + 0.5 * look["lash"]), 0.018, f"lower_lid_{side}")

    def _nose(self) -> None:
        skin = self.look["skin"]
        for side in _SIDES:
            self._crease(f"wing_{side}", 0.28, 0.024)
            self.fill(skin * 0.36, f"nostrils_{side}")

    def _hairy_chin(self) -> None:
        look = self.look
        if look["beard"]:
            self.fill(look["skin"] + (look["hair"] - look["skin"]) * look["beard"], "beard")
        if look["moustache"]:
            self.fill(look["skin"] + (look["hair"] - look["skin"]) * look["moustache"], "moustache")

    def _mouth(self) -> None:
        look, skin = self.look, self.look["skin"]
        self.fill(min(40.0, skin * 0.25), "mouth")
        opened = float(self.points[66, 1] - self.points[62, 1]) / (1 << FRACTION_BITS) / self.unit
        if opened > 0.02:
            lit = 120 + 0.45 * skin
            self.fill(lit, "upper_teeth")
            if sum(self._au["AU16"]) / 2 > 0.3 or opened > 0.2:
                self.fill(lit * 0.85, "lower_teeth")
        self.fill(skin * look["lip_dark"] * 0.92, "upper_lip")
        self.fill(skin * look["lip_dark"], "lower_lip")
        if opened < 0.03:
            self.stroke(skin * 0.35, 0.022, "mouth_line")

    def _brows(self) -> None:
        look = self.look
        dark = min(look["hair"], look["skin"] * 0.75)
        gray = dark + (look["skin"] - dark) * 0.45 * (1 - look["brow_dark"])
        for side in _SIDES:
            self.fill(gray, f"brow_{side}")

    def _glasses(self) -> None:
        gray, width = self.look["glasses_frame"], 0.02 * self.look["glasses_width"]
        loops = [
            np.vstack([loop, loop[:1]]) for loop in (self.curves[self.slices[f"glasses_{side}"]] for side in _SIDES)
        ]
        self._lines(loops, gray, width)
        self.stroke(gray, width, "bridge", "temples_left", "temples_right")


def _level(gray: float) -> float:
    return min(max(gray, 0.0), 255.0)


def fixed_point(points: NDArray[np.float64], factor: int) -> NDArray[np.int32]:
    """Convert pixels of the final image to fixed-point coordinates of a canvas `factor` times as large."""
    return np.rint(((points + 0.5) * factor - 0.5) * (1 << FRACTION_BITS)).astype(np.int32, order="C")


def paint_cover(canvas: NDArray[np.uint8], look: dict[str, float], points: NDArray[np.float64], unit: float) -> None:
    """Hide a part of the face behind a hand, a strand of hair, a bar or dark glasses.

    `points` are the 68 landmarks on the canvas, `unit` is half the face's width, both in canvas pixels.
    """
    kind, amount = int(look["cover"]), look["cover_size"]
    side = 1.0 if look["cover_x"] > 0 else -1.0
    chin, mouth = points[8], points[62]
    if kind == 1:
        _hand(
            canvas,
            chin + (mouth - chin) * look["cover_y"] * 1.2 + [side * unit * (0.9 - 0.5 * amount), 0.0],
            look,
            unit,
        )
    elif kind == 2:
        brow = points[21 if side < 0 else 22]
        start = brow + np.array([side * 0.2, -1.0]) * unit
        bend, end = brow + np.array([side * 0.25, 0.0]) * unit, points[2 if side < 0 else 14]
        strand = np.stack([start, bend, end])
        _line(canvas, strand, look["hair"], 0.22 * amount * unit)
    elif kind == 3:
        center = points[33] + [look["cover_x"] * unit * 0.6, (look["cover_y"] - 0.5) * 2.2 * unit]
        half = np.array([np.cos(look["cover_turn"]), np.sin(look["cover_turn"])]) * unit * 2
        _line(canvas, np.stack([center - half, center + half]), look["cover_gray"], 0.26 * amount * unit)
    elif kind == 4:
        for eye in (points[36:42], points[42:48]):
            _polygon(canvas, _ellipse(eye.mean(axis=0), (0.32 * unit, 0.25 * unit), 0.0), min(look["cover_gray"], 70.0))
        _line(canvas, points[[39, 42]], min(look["cover_gray"], 70.0), 0.05 * unit)


def _hand(canvas: NDArray[np.uint8], center: NDArray[np.float64], look: dict[str, float], unit: float) -> None:
    """Draw a fist with four fingers, from the side or from below."""
    turn, size = look["cover_turn"], look["cover_size"] * unit
    along = np.array([np.sin(turn), -np.cos(turn)])
    across = np.array([np.cos(turn), np.sin(turn)])
    gray = look["skin"] * 0.93
    _polygon(canvas, _ellipse(center + 0.75 * size * -along, (0.45 * size, 0.6 * size), turn), gray)
    for finger in (-1.5, -0.5, 0.5, 1.5):
        tip = center + finger * 0.2 * size * across
        _line(canvas, np.stack([tip, tip - along * size * 0.6]), gray * (0.97 if finger > 0 else 1.0), 0.18 * size)
        _line(canvas, np.stack([tip, tip - along * size * 0.55]) + 0.1 * size * across, gray * 0.7, 0.025 * size)


def _ellipse(center: NDArray[np.float64], radii: tuple[float, float], turn: float) -> NDArray[np.float64]:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x, y = radii[0] * np.cos(angles), radii[1] * np.sin(angles)
    return center + np.column_stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)])


def _polygon(canvas: NDArray[np.uint8], points: NDArray[np.float64], gray: float) -> None:
    cv2.fillPoly(
        canvas, [np.rint(points * (1 << FRACTION_BITS)).astype(np.int32)], float(gray), cv2.LINE_AA, FRACTION_BITS
    )


def _line(canvas: NDArray[np.uint8], points: NDArray[np.float64], gray: float, width: float) -> None:
    fixed = [np.rint(points * (1 << FRACTION_BITS)).astype(np.int32)]
    cv2.polylines(canvas, fixed, False, float(gray), max(1, round(width)), cv2.LINE_AA, FRACTION_BITS)
