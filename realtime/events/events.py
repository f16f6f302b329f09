"""Define frames, face events and results of the live system, and the interface of sinks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferbench.utils import brief_repr

Box = tuple[int, int, int, int]
Image = NDArray[np.uint8]
Probabilities = NDArray[np.float64]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """Image of a source, with its number and time.

    Attributes
    ----------
    index : int
        Number of the frame in its source, from 0; live sources that drop frames leave gaps.
    timestamp_s : float
        Seconds since the first frame of the source: time of the container for files, of the clock for live sources.
    image : ndarray of shape (height, width, 3), uint8
        Image in BGR order.
    arrived_s : float or None
        Arrival time by :func:`time.perf_counter`; None for frames of files.
    still : bool
        Whether the frame is a separate photograph, which is neither tracked nor smoothed.
    name : str or None
        File name of a photograph.
    """

    index: int
    timestamp_s: float
    image: Image
    arrived_s: float | None = None
    still: bool = False
    name: str | None = None

    __repr__ = brief_repr


@dataclass(frozen=True, slots=True, repr=False)
class FaceEvent:
    """Event for one face in one frame, or for a frame without a face.

    Attributes
    ----------
    frame : int
        Number of the frame, from 0.
    timestamp_s : float
        Time of the frame in seconds.
    track_id : int or None
        Number of the tracked person; None for photographs and frames without a face.
    state : {"face", "no_face"}
        Whether there is a face.
    box : tuple of int or None
        x, y, width and height in pixels of the frame; may extend beyond the border.
    score : float or None
        Score of the detector; scales differ between detectors.
    probabilities, smoothed : ndarray of shape (n_classes,) or None
        Probabilities of this frame, and the same smoothed over time.
    label : str or None
        Most probable class after smoothing.
    certain : bool
        Whether the smoothed probabilities are clear enough to show the label.
    classes : tuple of str
        Order of the probabilities.
    points : ndarray of shape (n_points, 2) or None
        x and y of the key points in pixels of the frame, smoothed over time. The center of the upper left pixel is
        (0, 0). None without a key-point model.
    point_names : tuple of str
        Order of the points; empty without a key-point model.
    compound : str or None
        Mixture of the two most probable emotions, such as ``happily surprised``; derived, not measured. None without
        one, and if the pipeline was not asked for it.

    Examples
    --------
    >>> from ferbench.realtime import FaceEvent
    >>> event = FaceEvent.no_face(frame=3, timestamp_s=0.12, classes=("happy", "sad"))
    >>> event.row()["state"], event.label
    ('no_face', None)
    """

    frame: int
    timestamp_s: float
    track_id: int | None
    state: Literal["face", "no_face"]
    box: Box | None
    score: float | None
    probabilities: Probabilities | None
    smoothed: Probabilities | None
    label: str | None
    certain: bool
    classes: tuple[str, ...]
    points: Points | None = None
    point_names: tuple[str, ...] = ()
    compound: str | None = None

    __repr__ = brief_repr

    @classmethod
    def no_face(
        cls, *, frame: int, timestamp_s: float, classes: tuple[str, ...], point_names: tuple[str, ...] = ()
    ) -> "FaceEvent":
        """Create the event for a frame without a face."""
        return cls(
            frame, timestamp_s, None, "no_face", None, None, None, None, None, False, classes, point_names=point_names
        )

    @staticmethod
    def columns(classes: Sequence[str], point_names: Sequence[str] = ()) -> list[str]:
        """Return the keys of :meth:`row` in their order."""
        fixed = ["frame", "timestamp_s", "track_id", "state", "x", "y", "width", "height", "score", "label", "certain"]
        points = (f"{name}_{axis}" for name in point_names for axis in "xy")
        return [*fixed, *(f"p_{label}" for label in classes), *(f"raw_{label}" for label in classes), *points]

    def row(self) -> dict[str, Any]:
        """Return the event as a dict with the keys of :meth:`columns`; values are None if there is no face.

        Points are rounded to a hundredth of a pixel.
        """
        empty = [None] * len(self.classes)
        values = [
            self.frame,
            self.timestamp_s,
            self.track_id,
            self.state,
            *(self.box or (None,) * 4),
            self.score,
            self.label,
            self.certain,
            *(empty if self.smoothed is None else self.smoothed.tolist()),
            *(empty if self.probabilities is None else self.probabilities.tolist()),
            *self._coordinates(),
        ]
        return dict(zip(self.columns(self.classes, self.point_names), values, strict=True))

    def _coordinates(self) -> list[float | None]:
        if self.points is None:
            return [None] * (2 * len(self.point_names))
        # JSON has no NaN.
        return [round(value, 2) if math.isfinite(value) else None for value in self.points.ravel().tolist()]


@dataclass(frozen=True, slots=True, repr=False)
class FrameResult:
    """Frame with its events, as received by every sink.

    Attributes
    ----------
    frame, timestamp_s, image
        As in :class:`Frame`. The image is shared by all sinks: draw on a copy.
    events : tuple of FaceEvent
        One for each face, or a single ``no_face``. Empty only while waiting for the next frame: such results repeat the
        last image, keep a window responsive, and have a `message` if a camera is lost.
    latency_ms : float
        Milliseconds from the arrival of the frame to its events; for files, from the start of its processing.
    fps : float
        Recent frames per second of the loop; 0 for the first frame.
    model : str
        Name of the recognizer.
    message : str or None
        Message for the viewer, such as ``"camera 0 lost, trying again"``.
    name : str or None
        File name of a photograph.
    """

    frame: int
    timestamp_s: float
    image: Image
    events: tuple[FaceEvent, ...]
    latency_ms: float
    fps: float
    model: str
    message: str | None = None
    name: str | None = None

    __repr__ = brief_repr


class Sink(Protocol):
    """Interface of a receiver of results, such as a window, a file or a web page.

    Both methods are called in the thread that runs the loop. An error in `write` ends the run: all sinks are closed,
    and the error is raised. `close` is called exactly once.
    """

    def write(self, result: FrameResult) -> None:
        """Handle the result of one frame."""

    def close(self) -> None:
        """Finish all output, so that files are valid."""
