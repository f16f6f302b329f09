"""Draw the parts of an annotated frame, and remember which places are taken."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.drawing.captions import padding, place_captions, values
from ferbench.realtime.drawing.colors import UNCERTAIN_COLOR, bgr, color_of, ink_on
from ferbench.realtime.drawing.places import Rect, face_rect, hidden, hits, inside, within
from ferbench.realtime.drawing.text import draw_text, text_size
from ferbench.realtime.events import FaceEvent, FrameResult

DARK, LIGHT, WARNING = (24, 24, 24), (255, 255, 255), (0, 94, 213)
_UNCERTAIN_BAR = "#C4C4C4"


class Sketch:
    """Drawing state of one frame; keeps the occupied areas, so that annotations do not cover each other.

    Parameters
    ----------
    canvas : ndarray of shape (height, width, 3), uint8
        Image in BGR order, which is changed.
    boxes : sequence of Rect
        Squares that the recognizer sees, one for each face.
    """

    def __init__(self, canvas: NDArray[np.uint8], boxes: Sequence[Rect]) -> None:
        self.canvas = canvas
        self.boxes = boxes
        self.faces = [face_rect(box) for box in boxes]
        self.taken: list[Rect] = []
        self.size = max(9, round(min(canvas.shape[:2]) / 32), min(11, round(min(canvas.shape[:2]) / 16)))
        self.pad = padding(self.size)
        self.line = max(1, round(self.size / 9))
        self._strips: list[tuple[str, tuple[int, int, int], float, Rect]] = []

    def status(self, result: FrameResult, *, found: bool) -> None:
        """Reserve a line for speed and model; :meth:`strips` draws it."""
        parts = [f"{result.fps:.0f} fps", f"{result.latency_ms:.0f} ms", result.model]
        if not found:
            parts.append("no face")
        self._reserve(" · ".join(parts), DARK, 0.72)

    def message(self, text: str) -> None:
        """Reserve a line for a message."""
        self._reserve(text, WARNING, 0.9)

    def hint(self, text: str) -> None:
        """Reserve the lower left corner for a text."""
        width, height = text_size(text, self.size)
        top = self.canvas.shape[0] - height - self.pad
        self._strips.append((text, DARK, 0.6, (0, top, width + 2 * self.pad, self.canvas.shape[0])))
        self.taken.append(self._strips[-1][-1])

    def strips(self) -> None:
        """Draw the reserved lines, above everything else."""
        for text, color, strength, place in self._strips:
            self.panel(place, color, strength)
            draw_text(self.canvas, text, (self.pad, place[1] + self.pad // 2), self.size, LIGHT)

    def box(self, event: FaceEvent, rect: Rect) -> None:
        """Draw the box of a face."""
        color = bgr(_color(event))
        corners = (rect[0], rect[1]), (rect[2] - 1, rect[3] - 1)
        # The dark outline keeps the box visible on a background of the same color.
        cv2.rectangle(self.canvas, *corners, DARK, self.line + 2, cv2.LINE_AA)
        cv2.rectangle(self.canvas, *corners, color, self.line, cv2.LINE_AA)

    def labels(self, events: Sequence[FaceEvent]) -> None:
        """Draw the labels of all faces."""
        captions = place_captions(events, self.faces, self.taken, self.canvas, self.size)
        for event, (text, size, place) in zip(events, captions, strict=True):
            color, pad = _color(event), padding(size)
            self.panel(place, bgr(color), 1.0)
            draw_text(self.canvas, text, (place[0] + pad, place[1] + pad // 2), size, ink_on(color))
            self.taken.append(place)

    def bars(self, event: FaceEvent, rect: Rect) -> None:
        """Draw the probabilities of a face beside its box, where they cover neither a face nor a label."""
        if event.smoothed is None:
            return
        names = [text_size(name, self.size)[0] for name in event.classes]
        figure, row = text_size("100 %", self.size)[0], text_size("0", self.size)[1]
        bar = 4 * self.size
        width = max(names) + bar + figure + 5 * self.pad
        height = row * len(names) + 2 * self.pad
        gap = self.pad
        places = [
            within((left, top, left + width, top + height), self.canvas)
            for left, top in (
                (rect[2] + gap, rect[1]),
                (rect[0] - gap - width, rect[1]),
                (rect[0], rect[3] + gap + row + self.pad),
                (rect[0], rect[1] - gap - height - row - self.pad),
            )
        ]
        blocked = [*self.taken, *self.boxes]
        place = next((spot for spot in places if inside(spot, self.canvas) and not hits(spot, blocked)), None)
        if place is None:
            return
        self.panel(place, DARK, 0.72)
        self._rows(event, place, max(names), bar, row)
        self.taken.append(place)

    def _rows(self, event: FaceEvent, place: Rect, names: int, bar: int, row: int) -> None:
        start = place[0] + 3 * self.pad + names
        for number, (name, value) in enumerate(zip(event.classes, values(event), strict=True)):
            top = place[1] + self.pad + number * row
            draw_text(self.canvas, name, (place[0] + self.pad, top), self.size, LIGHT)
            lane = (start, top + row // 4, start + bar, top + row - row // 4)
            self.panel(lane, LIGHT, 0.22)
            color = color_of(name, event.classes) if event.certain else _UNCERTAIN_BAR
            self.panel((lane[0], lane[1], lane[0] + round(bar * value), lane[3]), bgr(color), 1.0)
            figure = f"{100 * value:.0f} %"
            right = place[2] - self.pad - text_size(figure, self.size)[0]
            draw_text(self.canvas, figure, (right, top), self.size, LIGHT)

    def table(self, rows: Sequence[tuple[str, str]]) -> None:
        """Draw two columns of text on a dark ground, where they cover the faces least: a side or a corner."""
        columns = [max(text_size(row[place], self.size)[0] for row in rows) for place in (0, 1)]
        width, line = sum(columns) + 10 * self.pad, text_size("0", self.size)[1] + self.pad
        height = line * len(rows) + 4 * self.pad
        rights, bottoms = self.canvas.shape[1] - width - self.pad, self.canvas.shape[0] - height - self.pad
        lefts, tops = (self.pad, rights, rights // 2), (self.pad, bottoms, bottoms // 2)
        spots = [(left, top, left + width, top + height) for left in lefts for top in tops]
        place = min(spots, key=lambda spot: hidden(spot, self.faces))
        self.panel(place, DARK, 0.88)
        for number, row in enumerate(rows):
            y = place[1] + 2 * self.pad + number * line
            starts = (place[0] + 3 * self.pad, place[0] + 7 * self.pad + columns[0])
            for text, x in zip(row, starts, strict=True):
                draw_text(self.canvas, text, (x, y), self.size, LIGHT)

    def _reserve(self, text: str, color: tuple[int, int, int], strength: float) -> None:
        """Take a line at the left border, below earlier ones."""
        width, height = text_size(text, self.size)
        top = max((strip[-1][3] for strip in self._strips), default=0)
        place = (0, top, width + 2 * self.pad, top + height + self.pad)
        self._strips.append((text, color, strength, place))
        self.taken.append(place)

    def panel(self, rect: Rect, color: tuple[int, int, int], strength: float) -> None:
        """Fill a rectangle with a color, by its strength from 0 to 1."""
        left, top, right, bottom = (max(0, value) for value in rect)
        region = self.canvas[top:bottom, left:right]
        if region.size:
            cv2.addWeighted(region, 1 - strength, np.full_like(region, color), strength, 0, dst=region)


def _color(event: FaceEvent) -> str:
    return color_of(event.label, event.classes) if event.certain and event.label else UNCERTAIN_COLOR
