"""Process frames into face events: detect, track, recognize, smooth."""

import time
from collections.abc import Sequence
from typing import Any, Literal

from ferbench.realtime.detection import Detection, Detector
from ferbench.realtime.events import FaceEvent, Frame, FrameResult, Points
from ferbench.realtime.recognition import KeyPoints, PointsChoice, Recognizer, load_points
from ferbench.realtime.tracking import (
    Cadence,
    Certainty,
    PointSmoother,
    Smoother,
    Track,
    Tracker,
    face_event,
    with_compound,
)
from ferbench.utils import renamed_keywords

DEFAULT_CERTAINTY = Certainty()
# Share of its last size that a known face may shrink to before the next search.
SHRUNK = 0.8


class Pipeline:
    """Detector, tracker, recognizer and smoothing for the frames of one source.

    Parameters
    ----------
    recognizer : Recognizer
        Predicts the emotions.
    detector : Detector
        Finds the faces.
    smoothing_s : float
        Time constant of the smoothing in seconds; 0 turns off the smoothing of probabilities and points.
    min_probability, min_margin : float
        A label is certain if its smoothed probability is at least `min_probability` and exceeds the next one by at
        least `min_margin`. By default these are the threshold that the bundle states and 0; without such a threshold,
        or with another `min_probability`, 0.4 and 0.1.
    detect_every : "auto" or int
        Detect faces on every k-th frame and track them in between. For live sources, ``"auto"`` chooses the smallest k
        that keeps up with the frame rate. For files it depends only on the frame rate, so that results do not depend on
        the machine. With ``"auto"``, searches for known faces alone, which take less time, come between those for all.
    max_gap_s : float
        Seconds for which a face out of view keeps its track number.
    points : KeyPoints, str, Path or bool, optional
        Key-point model for the same faces: True for the shipped one, or the folder of a bundle. By default the one of
        the recognizer, if it has one.
    compound : bool, default=False
        Also name the mixture where two basic emotions share the probability (Du, Tao and Martinez, 2014). It is derived
        from the probabilities, not measured.

    Raises
    ------
    ValueError
        If a number is out of range, or `points` is not a key-point bundle.
    FileNotFoundError
        If the key-point bundle does not exist.

    Notes
    -----
    Call `process` and `reset` from one thread at a time; `switch` and `switch_points` may be called from any thread.
    Several pipelines may share a recognizer, a key-point model and a detector.

    Examples
    --------
    >>> from ferbench.realtime import Pipeline, Recognizer, make_detector, open_source
    >>> pipeline = Pipeline(Recognizer.load(), make_detector("haar"))  # doctest: +SKIP
    >>> with open_source("clip.mp4") as source:  # doctest: +SKIP
    ...     results = [pipeline.process(frame) for frame in source]
    """

    @renamed_keywords(recogniser="recognizer")
    def __init__(
        self,
        recognizer: Recognizer,
        detector: Detector,
        *,
        smoothing_s: float = 0.5,
        min_probability: float | None = None,
        min_margin: float | None = None,
        detect_every: Literal["auto"] | int = "auto",
        max_gap_s: float = 1.0,
        points: PointsChoice = None,
        compound: bool = False,
    ) -> None:
        self._thresholds = (min_probability, min_margin)
        self.certainty = self._certainty(recognizer)
        self.certainty.check()
        Smoother(smoothing_s)
        self.recognizer, self.detector = recognizer, detector
        self.smoothing_s, self.detect_every, self.max_gap_s = smoothing_s, detect_every, max_gap_s
        self._next, self.compound = recognizer, compound
        self.points = self._next_points = recognizer.points if points is None else load_points(points)
        self.reset()

    def _certainty(self, recognizer: Recognizer) -> Certainty:
        """Thresholds as given; without a probability those that the recognizer's bundle states."""
        least, margin = self._thresholds
        own = getattr(recognizer, "certainty", DEFAULT_CERTAINTY) if least is None else DEFAULT_CERTAINTY
        given = {"min_probability": least, "min_margin": margin}
        return own._replace(**{name: value for name, value in given.items() if value is not None})

    @property
    def uncertain(self) -> str:
        """Which labels are uncertain; if the bundle's threshold applies, also the coverage that it states."""
        stated = getattr(self.recognizer, "uncertain", None)
        if stated is not None and self.certainty == self.recognizer.certainty:
            return str(stated)
        return f"uncertain: probability below {self.certainty.min_probability:.2f}, or a lead below " + (
            f"{self.certainty.min_margin:.2f}"
        )

    @property
    def track_ids(self) -> frozenset[int]:
        """Numbers of the faces that are followed, of those out of view for a moment too."""
        return frozenset(track.id for track in self._tracker.tracks if track.id)

    def reset(self) -> None:
        """Forget all tracked faces; call it before another source."""
        self._cadence = Cadence(self.detect_every)
        self._tracker = Tracker(max_gap_s=self.max_gap_s)
        self._smoothers: dict[int, Smoother] = {}
        self._point_smoothers: dict[int, PointSmoother] = {}
        self._done_s: float | None = None
        self._interval_s = 0.0

    def switch(self, recognizer: Recognizer) -> None:
        """Use another recognizer from the next frame on. Faces keep their numbers; smoothing restarts."""
        self._next = recognizer

    def switch_points(self, points: KeyPoints | None) -> None:
        """Use another key-point model from the next frame on; None turns key points off."""
        self._next_points = points

    def process(self, frame: Frame, *, source_fps: float | None = None) -> FrameResult:
        """Return the events of one frame.

        Parameters
        ----------
        frame : Frame
            The next frame. Photographs (`still`) are processed independently of other frames.
        source_fps : float, optional
            Frame rate of the source, used by ``detect_every="auto"``; 25 if it is unknown.
        """
        started = time.perf_counter()
        if self._next is not self.recognizer:
            self.recognizer = self._next
            self.certainty = self._certainty(self.recognizer)
            self._smoothers.clear()
        if self._next_points is not self.points:
            self.points = self._next_points
            self._point_smoothers.clear()
        events = self._still(frame) if frame.still else self._moving(frame, source_fps)
        if not events:
            events = (self._no_face(frame),)
        if self.compound:
            events = tuple(map(with_compound, events))
        now = time.perf_counter()
        return FrameResult(
            frame=frame.index,
            timestamp_s=frame.timestamp_s,
            image=frame.image,
            events=events,
            latency_ms=1000 * (now - (started if frame.arrived_s is None else frame.arrived_s)),
            fps=self._rate(now),
            model=self.recognizer.name,
            name=frame.name,
        )

    def _still(self, frame: Frame) -> tuple[FaceEvent, ...]:
        return tuple(self.recognizer.recognize(frame, self.detector, self.certainty, self.points))

    def _moving(self, frame: Frame, source_fps: float | None) -> tuple[FaceEvent, ...]:
        started = time.perf_counter()
        if searched := self._cadence.due(live=frame.arrived_s is not None, fps=source_fps):
            tracks = self._tracker.update(self._search(frame), frame.timestamp_s)
        else:
            tracks = self._tracker.predict(frame.timestamp_s)
        found = time.perf_counter()
        events = self._recognize(frame, tracks)
        self._cadence.took(found - started if searched else None, time.perf_counter() - found)
        alive = self.track_ids
        for smoothers in (self._smoothers, self._point_smoothers):
            for gone in smoothers.keys() - alive:
                del smoothers[gone]
        return events

    def _search(self, frame: Frame) -> list[Detection]:
        """Look for the known faces alone if that is enough at this time, and for all if one of them is not found."""
        known = self._tracker.tracks
        if known and all(track.visible for track in known) and not self._cadence.all_faces_due(frame.timestamp_s):
            least = SHRUNK * min(max(track.box[2:]) for track in known)
            found = self.detector.detect_large(frame.image, least)
            if len(found) >= len(known):
                return found
        self._cadence.searched_all(frame.timestamp_s)
        return self.detector.detect(frame.image)

    def _recognize(self, frame: Frame, tracks: list[Track]) -> tuple[FaceEvent, ...]:
        faces = [Detection(track.box, track.score) for track in tracks]
        rows = self.recognizer.predict_faces(frame.image, [face.box for face in faces])
        located = self._locate(frame, tracks)
        common: dict[str, Any] = {"classes": self.recognizer.classes_, "point_names": self._point_names}
        common["certainty"] = self.certainty
        events = []
        for track, face, row, points in zip(tracks, faces, rows, located, strict=True):
            if track.id not in self._smoothers:
                self._smoothers[track.id] = Smoother(self.smoothing_s)
            smoothed = self._smoothers[track.id].update(row, frame.timestamp_s)
            event = face_event(*(frame, face, row, smoothed), track_id=track.id, points=points, **common)
            events.append(event)
        return tuple(events)

    def _locate(self, frame: Frame, tracks: list[Track]) -> Sequence[Points | None]:
        """Return the smoothed points of each face."""
        if self.points is None:
            return [None] * len(tracks)
        located = self.points.locate(frame.image, [track.box for track in tracks])
        if self.smoothing_s == 0:
            return list(located)
        smoothed = []
        for track, points in zip(tracks, located, strict=True):
            smoother = self._point_smoothers.setdefault(track.id, PointSmoother())
            smoothed.append(smoother.update(points, max(track.box[2:]), frame.timestamp_s))
        return smoothed

    def _no_face(self, frame: Frame) -> FaceEvent:
        return FaceEvent.no_face(
            frame=frame.index,
            timestamp_s=frame.timestamp_s,
            classes=self.recognizer.classes_,
            point_names=self._point_names,
        )

    @property
    def _point_names(self) -> tuple[str, ...]:
        return () if self.points is None else self.points.names

    def _rate(self, now: float) -> float:
        """Return frames per second, from the mean of recent intervals."""
        if self._done_s is not None:
            passed = now - self._done_s
            self._interval_s = passed if self._interval_s == 0 else 0.95 * self._interval_s + 0.05 * passed
        self._done_s = now
        return 1 / self._interval_s if self._interval_s else 0.0
