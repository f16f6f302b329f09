"""What passes through the live system: frames in, face events out, and what a sink is."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
Image = NDArray[np.uint8]
Probabilities = NDArray[np.float64]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source.

    Attributes
    ----------
    index : int
        Number of the frame in its source, from 0; live sources that drop frames leave gaps.
    timestamp_s : float
        Seconds since the source's first frame: the container's time for files, the clock's for live sources.
    image : ndarray of shape (height, width, 3), uint8
        Colors in the order blue, green, red.
    arrived_s : float or None
        When the frame arrived, by :func:`time.perf_counter`; None where frames wait in a file until they are read.
    still : bool
        Whether the frame is a photograph that does not continue the one before: it is neither tracked nor smoothed.
    name : str or None
        File name of a photograph.
    """

    index: int
    timestamp_s: float
    image: Image
    arrived_s: float | None = None
    still: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FaceEvent:
    """One face in one frame, or the statement that a frame shows none.

    Attributes
    ----------
    frame : int
        Number of the frame, from 0.
    timestamp_s : float
        Time of the frame in seconds.
    track_id : int or None
        Number of the person followed from frame to frame; None on photographs and where there is no face.
    state : {"face", "no_face"}
        Whether there is a face.
    box : tuple of int or None
        x, y, width and height in pixels of the frame; a face at the border may reach beyond it.
    score : float or None
        How sure the detector was; scales differ between detectors.
    probabilities, smoothed : ndarray of shape (n_classes,) or None
        Probabilities of this frame alone, and smoothed over the track's recent past.
    label : str or None
        Most probable class after smoothing.
    certain : bool
        Whether the smoothed probabilities are clear enough to show the label.
    classes : tuple of str
        Order of the probabilities.
    points : ndarray of shape (n_points, 2) or None
        x and y of the face's key points in pixels of the frame, smoothed over the track's recent past; the center of
        the upper left pixel is (0, 0). None where no key-point model is in use.
    point_names : tuple of str
        Order of the points; empty where no key-point model is in use.

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

    @classmethod
    def no_face(
        cls, *, frame: int, timestamp_s: float, classes: tuple[str, ...], point_names: tuple[str, ...] = ()
    ) -> "FaceEvent":
        """Say that a frame shows no face."""
        return cls(
            frame, timestamp_s, None, "no_face", None, None, None, None, None, False, classes, point_names=point_names
        )

    @staticmethod
    def columns(classes: Sequence[str], point_names: Sequence[str] = ()) -> list[str]:
        """Keys of :meth:`row` in their order."""
        fixed = ["frame", "timestamp_s", "track_id", "state", "x", "y", "width", "height", "score", "label", "certain"]
        points = (f"{name}_{axis}" for name in point_names for axis in "xy")
        return [*fixed, *(f"p_{label}" for label in classes), *(f"raw_{label}" for label in classes), *points]

    def row(self) -> dict[str, Any]:
        """Return plain numbers and strings under the names of :meth:`columns`; None where there is no face.

        Points are rounded to a hundredth of a pixel.
        """
        empty = [None] * len(self.classes)
        values = [
            *(self.frame, self.timestamp_s, self.track_id, self.state),
            *(self.box or (None,) * 4),
            *(self.score, self.label, self.certain),
            *(empty if self.smoothed is None else self.smoothed.tolist()),
            *(empty if self.probabilities is None else self.probabilities.tolist()),
            *self._coordinates(),
        ]
        return dict(zip(self.columns(self.classes, self.point_names), values, strict=True))

    def _coordinates(self) -> list[float | None]:
        if self.points is None:
            return [None] * (2 * len(self.point_names))
        # JSON has no word for what is not a number.
        return [round(value, 2) if math.isfinite(value) else None for value in self.points.ravel().tolist()]


@dataclass(frozen=True, slots=True)
class FrameResult:
    """A frame with its events: what every sink receives.

    Attributes
    ----------
    frame, timestamp_s, image
        As in :class:`Frame`. The image is shared by all sinks: draw on a copy.
    events : tuple of FaceEvent
        One for each face, or a single ``no_face``. Empty only while the next frame is waited for: such results
        let a window answer, repeat the last picture, and carry a `message` where a camera is lost.
    latency_ms : float
        From the arrival of the frame to its events; for files from the moment the frame is taken up.
    fps : float
        Frames per second that the loop recently got through; 0 before there are two.
    model : str
        Name of the recognizer.
    message : str or None
        What the viewer should know, such as ``"camera 0 lost, trying again"``.
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


class Sink(Protocol):
    """Where results go: a window, a file, a web page.

    Both methods are called from the thread that runs the loop. Raising from `write` ends the run with that error after
    all sinks are closed. `close` is called once, whatever happened.
    """

    def write(self, result: FrameResult) -> None:
        """Take one frame's result."""

    def close(self) -> None:
        """Finish what was begun, so that files are valid."""
