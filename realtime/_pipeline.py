"""From a frame to its events: detect, track, recognise, smooth."""

import time
from typing import Literal

import numpy as np

from ferbench.realtime._cadence import Cadence
from ferbench.realtime._detectors import Detection, Detector
from ferbench.realtime._events import FaceEvent, Frame, FrameResult, Probabilities
from ferbench.realtime._recognizer import Recognizer
from ferbench.realtime._smoothing import Smoother
from ferbench.realtime._tracker import Track, Tracker


class Pipeline:
    """What happens to each frame, in order, with the memory of the faces followed.

    Parameters
    ----------
    recognizer : Recognizer
        Names the emotions.
    detector : Detector
        Finds the faces.
    smoothing_s : float
        Time constant of the smoothing in seconds; 0 turns it off.
    min_probability, min_margin : float
        A label is certain if its smoothed probability reaches the one and leads by the other.
    detect_every : "auto" or int
        Search on every k-th frame and follow the faces between; ``"auto"`` chooses k so that live sources are kept up
        with, and a fixed one for files, whose results must not depend on the machine.
    max_gap_s : float
        Seconds for which a face that is out of sight keeps its number.

    Notes
    -----
    `process` and `reset` are for one thread; `switch` may be called from any.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        detector: Detector,
        *,
        smoothing_s: float = 0.5,
        min_probability: float = 0.4,
        min_margin: float = 0.1,
        detect_every: Literal["auto"] | int = "auto",
        max_gap_s: float = 1.0,
    ) -> None:
        _check(min_probability=min_probability, min_margin=min_margin)
        Smoother(smoothing_s)
        self.recognizer, self.detector = recognizer, detector
        self.smoothing_s, self.min_probability, self.min_margin = smoothing_s, min_probability, min_margin
        self.detect_every, self.max_gap_s = detect_every, max_gap_s
        self._next = recognizer
        self.reset()

    def reset(self) -> None:
        """Forget all faces, as at the start of another source."""
        self._cadence = Cadence(self.detect_every)
        self._tracker = Tracker(max_gap_s=self.max_gap_s)
        self._smoothers: dict[int, Smoother] = {}
        self._fps = 0.0
        self._done_s: float | None = None

    def switch(self, recognizer: Recognizer) -> None:
        """Use another recogniser from the next frame on; faces keep their numbers, smoothing starts anew."""
        self._next = recognizer

    def process(self, frame: Frame, *, source_fps: float | None = None) -> FrameResult:
        """Events of one frame.

        Parameters
        ----------
        frame : Frame
            The next frame; photographs (`still`) are taken on their own.
        source_fps : float, optional
            Frame rate of the source, by which ``detect_every="auto"`` chooses.
        """
        started = time.perf_counter()
        if self._next is not self.recognizer:
            self.recognizer = self._next
            self._smoothers.clear()
        events = self._still(frame) if frame.still else self._moving(frame, source_fps)
        if not events:
            no_face = FaceEvent.no_face(
                frame=frame.index, timestamp_s=frame.timestamp_s, classes=self.recognizer.classes_
            )
            events = (no_face,)
        now = time.perf_counter()
        self._count(now)
        latency_ms = 1000 * (now - (started if frame.arrived_s is None else frame.arrived_s))
        return FrameResult(
            *(frame.index, frame.timestamp_s, frame.image, events, latency_ms, self._fps, self.recognizer.name),
            name=frame.name,
        )

    def _still(self, frame: Frame) -> tuple[FaceEvent, ...]:
        faces = self.detector.detect(frame.image)
        rows = self.recognizer.predict_faces(frame.image, [face.box for face in faces])
        return tuple(self._event(frame, None, face, row, row) for face, row in zip(faces, rows, strict=True))

    def _moving(self, frame: Frame, source_fps: float | None) -> tuple[FaceEvent, ...]:
        started = time.perf_counter()
        if searched := self._cadence.due(live=frame.arrived_s is not None, fps=source_fps):
            tracks = self._tracker.update(self.detector.detect(frame.image), frame.timestamp_s)
        else:
            tracks = self._tracker.predict(frame.timestamp_s)
        found = time.perf_counter()
        rows = self.recognizer.predict_faces(frame.image, [track.box for track in tracks])
        self._cadence.took(found - started if searched else None, time.perf_counter() - found)
        events = tuple(
            self._event(frame, track.id, track, row, self._smooth(track, row, frame.timestamp_s))
            for track, row in zip(tracks, rows, strict=True)
        )
        alive = {track.id for track in self._tracker.tracks}
        self._smoothers = {id_: smoother for id_, smoother in self._smoothers.items() if id_ in alive}
        return events

    def _smooth(self, track: Track, row: Probabilities, timestamp_s: float) -> Probabilities:
        smoother = self._smoothers.setdefault(track.id, Smoother(self.smoothing_s))
        return smoother.update(row, timestamp_s)

    def _event(
        self, frame: Frame, id_: int | None, face: Track | Detection, raw: Probabilities, smoothed: Probabilities
    ) -> FaceEvent:
        second, first = np.partition(smoothed, -2)[-2:] if len(smoothed) > 1 else (0.0, smoothed[0])
        certain = bool(first >= self.min_probability and first - second >= self.min_margin)
        classes = self.recognizer.classes_
        label = classes[int(smoothed.argmax())]
        return FaceEvent(
            *(frame.index, frame.timestamp_s, id_, "face", face.box, face.score, raw, smoothed, label, certain, classes)
        )

    def _count(self, now: float) -> None:
        if self._done_s is not None and now > self._done_s:
            rate = 1 / (now - self._done_s)
            self._fps = rate if self._fps == 0 else 0.9 * self._fps + 0.1 * rate
        self._done_s = now


def _check(**fractions: float) -> None:
    for name, value in fractions.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be from 0 to 1; got {value}")
