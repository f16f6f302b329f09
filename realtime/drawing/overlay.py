"""Draw face events on a frame: boxes, key points, labels, probabilities, speed."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.drawing.colors import UNCERTAIN_COLOR, bgr, color_of, ink_on
from ferbench.realtime.drawing.text import draw_text, text_size
from ferbench.realtime.events import FaceEvent, FrameResult, Points

# Left, top, right and bottom in pixels.
Rect = tuple[int, int, int, int]
_DARK, _LIGHT, _WARNING = (24, 24, 24), (255, 255, 255), (0, 94, 213)
_UNCERTAIN, _UNCERTAIN_BAR = "uncertain", "#C4C4C4"
_POINT = (250, 250, 235)
# Points are drawn with a precision of 1/16 pixel, because rounding to whole pixels makes them jitter.
_FINE_BITS = 4
_FINE = 1 << _FINE_BITS


class Overlay:
    """Annotator that draws face events on a frame.

    Parameters
    ----------
    bars : bool
        Draw the probabilities of each face as bars, where they cover neither a face nor a label.
    status : bool
        Draw frames per second, latency and the model's name in the upper left corner.
    points : bool
        Draw the key points, if the events have them.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.realtime import FaceEvent, FrameResult, Overlay
    >>> image = np.zeros((240, 320, 3), np.uint8)
    >>> nobody = FaceEvent.no_face(frame=0, timestamp_s=0.0, classes=("happy", "sad"))
    >>> result = FrameResult(0, 0.0, image, (nobody,), latency_ms=8.0, fps=60.0, model="ferbench-net-l")
    >>> Overlay().annotate(result).shape, int(image.max())
    ((240, 320, 3), 0)
    """

    def __init__(self, *, bars: bool = True, status: bool = True, points: bool = True) -> None:
        self.bars = bars
        self.status = status
        self.points = points

    def annotate(
        self, result: FrameResult, *, size: tuple[int, int] | None = None, mirror: bool = False
    ) -> NDArray[np.uint8]:
        """Draw a result on a copy of its image.

        Parameters
        ----------
        result : FrameResult
            The frame and its events.
        size : tuple of int, optional
            Width and height to scale the image to before drawing, so that text stays sharp.
        mirror : bool
            Mirror the image, but not the text.

        Returns
        -------
        ndarray of shape (height, width, 3), uint8
        """
        canvas = _prepared(result.image, size, mirror)
        height, width = canvas.shape[:2]
        scale = (width / result.image.shape[1], height / result.image.shape[0])
        faces = [event for event in result.events if event.state == "face" and event.box is not None]
        boxes = [_scaled(event.box, scale, width if mirror else None) for event in faces if event.box]
        drawing = _Drawing(canvas, boxes)
        if self.status:
            drawing.status(result, found=bool(faces) or not result.events)
        if result.message:
            drawing.message(result.message)
        for event, box in zip(faces, boxes, strict=True):
            drawing.box(event, box)
            if self.points and event.points is not None:
                drawing.points(_moved(event.points, scale, width if mirror else None), box)
        for event, box in zip(faces, boxes, strict=True):
            drawing.label(event, box)
        if self.bars:
            for event, box in zip(faces, boxes, strict=True):
                drawing.bars(event, box)
        return canvas


def draw_panel(image: NDArray[np.uint8], rows: Sequence[tuple[str, str]]) -> None:
    """Write two columns of text in the middle of an image, on a dark background."""
    drawing = _Drawing(image, ())
    columns = [max(text_size(row[place], drawing.size)[0] for row in rows) for place in (0, 1)]
    width, line = sum(columns) + 10 * drawing.pad, text_size("0", drawing.size)[1] + drawing.pad
    height = line * len(rows) + 4 * drawing.pad
    left, top = (image.shape[1] - width) // 2, (image.shape[0] - height) // 2
    drawing.panel((left, top, left + width, top + height), _DARK, 0.88)
    for number, row in enumerate(rows):
        y = top + 2 * drawing.pad + number * line
        for text, x in zip(row, (left + 3 * drawing.pad, left + 7 * drawing.pad + columns[0]), strict=True):
            draw_text(image, text, (x, y), drawing.size, _LIGHT)


class _Drawing:
    """Drawing state of one frame; keeps the occupied areas, so that annotations do not cover each other."""

    def __init__(self, canvas: NDArray[np.uint8], faces: Sequence[Rect]) -> None:
        self.canvas = canvas
        self.faces = faces
        self.taken: list[Rect] = []
        self.size = max(9, round(min(canvas.shape[:2]) / 32), min(11, round(min(canvas.shape[:2]) / 16)))
        self.pad = max(2, self.size // 4)
        self.line = max(1, round(self.size / 9))

    def status(self, result: FrameResult, *, found: bool) -> None:
        parts = [f"{result.fps:.0f} fps", f"{result.latency_ms:.0f} ms", result.model]
        if not found:
            parts.append("no face")
        self._strip(" · ".join(parts), _DARK, 0.72)

    def message(self, text: str) -> None:
        self._strip(text, _WARNING, 0.9)

    def box(self, event: FaceEvent, rect: Rect) -> None:
        color = bgr(_color(event))
        corners = (rect[0], rect[1]), (rect[2] - 1, rect[3] - 1)
        # The dark outline keeps the box visible on a background of the same color.
        cv2.rectangle(self.canvas, *corners, _DARK, self.line + 2, cv2.LINE_AA)
        cv2.rectangle(self.canvas, *corners, color, self.line, cv2.LINE_AA)

    def points(self, points: Points, rect: Rect) -> None:
        radius = max(1.0, min((rect[2] - rect[0]) / 60, self.size / 4))
        reach = max(self.canvas.shape)
        # Light with a dark rim: visible on any skin, and different from all emotion colors.
        for extra, color in ((max(0.8, 0.45 * radius), _DARK), (0.0, _POINT)):
            for point in points[(np.abs(points) < reach).all(axis=1)]:
                x, y = (round(float(value) * _FINE) for value in point)
                size = round((radius + extra) * _FINE)
                cv2.circle(self.canvas, (x, y), size, color, cv2.FILLED, cv2.LINE_AA, _FINE_BITS)

    def label(self, event: FaceEvent, rect: Rect) -> None:
        others = [face for face in self.faces if face != rect]
        places: list[tuple[str, Rect]] = []
        for text in _captions(event):
            places = [(text, place) for place in self._label_places(text, rect)]
            for _, place in places:
                if _inside(place, self.canvas) and not _hits(place, [*self.taken, *others]):
                    return self._label(text, place, _color(event))
        # There is no free place even for the short text: cover as little as possible, and other labels last.
        text, place = min(places, key=lambda spot: _hidden(spot[1], self.taken) * 4 + _hidden(spot[1], others))
        return self._label(text, place, _color(event))

    def _label_places(self, text: str, rect: Rect) -> list[Rect]:
        width, height = text_size(text, self.size)
        width, height = width + 2 * self.pad, height + self.pad
        tops = (rect[1] - height, rect[3], rect[1] + self.line, rect[3] - self.line - height)
        return [_within((rect[0], top, rect[0] + width, top + height), self.canvas) for top in tops]

    def _label(self, text: str, place: Rect, color: str) -> None:
        self.panel(place, bgr(color), 1.0)
        draw_text(self.canvas, text, (place[0] + self.pad, place[1] + self.pad // 2), self.size, ink_on(color))
        self.taken.append(place)

    def bars(self, event: FaceEvent, rect: Rect) -> None:
        if event.smoothed is None:
            return
        names = [text_size(name, self.size)[0] for name in event.classes]
        figure, row = text_size("100 %", self.size)[0], text_size("0", self.size)[1]
        bar = 4 * self.size
        width = max(names) + bar + figure + 5 * self.pad
        height = row * len(names) + 2 * self.pad
        gap = self.pad
        places = [
            _within((left, top, left + width, top + height), self.canvas)
            for left, top in (
                (rect[2] + gap, rect[1]),
                (rect[0] - gap - width, rect[1]),
                (rect[0], rect[3] + gap + row + self.pad),
                (rect[0], rect[1] - gap - height - row - self.pad),
            )
        ]
        blocked = [*self.taken, *self.faces]
        place = next((spot for spot in places if _inside(spot, self.canvas) and not _hits(spot, blocked)), None)
        if place is None:
            return
        self.panel(place, _DARK, 0.72)
        self._rows(event, place, max(names), bar, row)
        self.taken.append(place)

    def _rows(self, event: FaceEvent, place: Rect, names: int, bar: int, row: int) -> None:
        start = place[0] + 3 * self.pad + names
        for number, (name, value) in enumerate(zip(event.classes, _values(event), strict=True)):
            top = place[1] + self.pad + number * row
            draw_text(self.canvas, name, (place[0] + self.pad, top), self.size, _LIGHT)
            lane = (start, top + row // 4, start + bar, top + row - row // 4)
            self.panel(lane, _LIGHT, 0.22)
            color = color_of(name, event.classes) if event.certain else _UNCERTAIN_BAR
            self.panel((lane[0], lane[1], lane[0] + round(bar * value), lane[3]), bgr(color), 1.0)
            figure = f"{100 * value:.0f} %"
            right = place[2] - self.pad - text_size(figure, self.size)[0]
            draw_text(self.canvas, figure, (right, top), self.size, _LIGHT)

    def _strip(self, text: str, color: tuple[int, int, int], strength: float) -> None:
        """Draw a line of text at the left border, below earlier ones."""
        width, height = text_size(text, self.size)
        top = max((rect[3] for rect in self.taken), default=0)
        place = (0, top, width + 2 * self.pad, top + height + self.pad)
        self.panel(place, color, strength)
        draw_text(self.canvas, text, (self.pad, top + self.pad // 2), self.size, _LIGHT)
        self.taken.append(place)

    def panel(self, rect: Rect, color: tuple[int, int, int], strength: float) -> None:
        left, top, right, bottom = (max(0, value) for value in rect)
        region = self.canvas[top:bottom, left:right]
        if region.size:
            cv2.addWeighted(region, 1 - strength, np.full_like(region, color), strength, 0, dst=region)


def _prepared(image: NDArray[np.uint8], size: tuple[int, int] | None, mirror: bool) -> NDArray[np.uint8]:
    """Return a copy of the image, scaled and mirrored."""
    canvas = image
    if size is not None and size != (image.shape[1], image.shape[0]):
        shrinks = size[0] < image.shape[1]
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        canvas = np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
    if mirror:
        canvas = np.asarray(cv2.flip(canvas, 1), np.uint8)
    return canvas.copy() if canvas is image else canvas


def _scaled(box: tuple[int, int, int, int], scale: tuple[float, float], mirror_width: int | None) -> Rect:
    x, y, width, height = box
    left, right = round(x * scale[0]), round((x + width) * scale[0])
    if mirror_width is not None:
        left, right = mirror_width - right, mirror_width - left
    return left, round(y * scale[1]), right, round((y + height) * scale[1])


def _moved(points: Points, scale: tuple[float, float], mirror_width: int | None) -> Points:
    """Return the points on the scaled and mirrored image; the half pixel accounts for integer pixel centers."""
    moved = (points + 0.5) * scale - 0.5
    if mirror_width is not None:
        moved[:, 0] = mirror_width - 1 - moved[:, 0]
    return moved


def _color(event: FaceEvent) -> str:
    return color_of(event.label, event.classes) if event.certain and event.label else UNCERTAIN_COLOR


def _values(event: FaceEvent) -> Iterable[float]:
    # Invalid probabilities of a third-party model must not stop the drawing.
    return np.clip(np.nan_to_num(np.asarray(event.smoothed, float)), 0, 1).tolist()


def _captions(event: FaceEvent) -> tuple[str, ...]:
    """Return the caption of a face, and shorter versions for limited space."""
    person = "" if event.track_id is None else f"#{event.track_id} "
    if event.compound is not None:
        return f"{person}{event.compound} (derived)", event.compound
    if not event.certain or event.label is None:
        return f"{person}{_UNCERTAIN}", _UNCERTAIN
    share = f" {100 * max(_values(event)):.0f} %" if event.smoothed is not None else ""
    return f"{person}{event.label}{share}", event.label


def _within(rect: Rect, canvas: NDArray[np.uint8]) -> Rect:
    """Move a rectangle into the image, as far as it fits."""
    height, width = canvas.shape[:2]
    left = max(0, min(rect[0], width - (rect[2] - rect[0])))
    top = max(0, min(rect[1], height - (rect[3] - rect[1])))
    return left, top, left + rect[2] - rect[0], top + rect[3] - rect[1]


def _inside(rect: Rect, canvas: NDArray[np.uint8]) -> bool:
    return rect[0] >= 0 and rect[1] >= 0 and rect[2] <= canvas.shape[1] and rect[3] <= canvas.shape[0]


def _hidden(rect: Rect, others: Iterable[Rect]) -> int:
    """Return how many pixels of the other rectangles a rectangle covers."""
    return sum(
        max(0, min(rect[2], other[2]) - max(rect[0], other[0]))
        * max(0, min(rect[3], other[3]) - max(rect[1], other[1]))
        for other in others
    )


def _hits(rect: Rect, others: Iterable[Rect]) -> bool:
    return _hidden(rect, others) > 0
