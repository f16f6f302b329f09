"""Draw face events on a frame: boxes, key points, labels, probabilities, speed."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.drawing.contours import draw_contours
from ferbench.realtime.drawing.places import scaled
from ferbench.realtime.drawing.sketch import Sketch
from ferbench.realtime.events import FrameResult, Points


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
        self,
        result: FrameResult,
        *,
        size: tuple[int, int] | None = None,
        mirror: bool = False,
        table: Sequence[tuple[str, str]] = (),
        hint: str = "",
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
        table : sequence of tuple of str
            Lines of two columns, such as help; they are drawn where they cover the faces least.
        hint : str
            Text for the lower left corner.

        Returns
        -------
        ndarray of shape (height, width, 3), uint8
        """
        canvas = _prepared(result.image, size, mirror)
        height, width = canvas.shape[:2]
        scale = (width / result.image.shape[1], height / result.image.shape[0])
        mirror_width = width if mirror else None
        faces = [event for event in result.events if event.state == "face" and event.box is not None]
        boxes = [scaled(event.box, scale, mirror_width) for event in faces if event.box]
        sketch = Sketch(canvas, boxes)
        if self.status:
            sketch.status(result, found=bool(faces) or not result.events)
        if result.message:
            sketch.message(result.message)
        if hint:
            sketch.hint(hint)
        for event, face, box in zip(faces, sketch.faces, boxes, strict=True):
            sketch.box(event, face)
            if self.points and event.points is not None:
                points = _moved(event.points, scale, mirror_width)
                draw_contours(canvas, points, event.point_names, face_width=box[2] - box[0])
        sketch.labels(faces)
        if self.bars:
            for event, box in zip(faces, boxes, strict=True):
                sketch.bars(event, box)
        sketch.strips()
        if table:
            sketch.table(table)
        return canvas


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


def _moved(points: Points, scale: tuple[float, float], mirror_width: int | None) -> Points:
    """Return the points on the scaled and mirrored image; the half pixel accounts for integer pixel centers."""
    moved = (points + 0.5) * scale - 0.5
    if mirror_width is not None:
        moved[:, 0] = mirror_width - 1 - moved[:, 0]
    return moved
