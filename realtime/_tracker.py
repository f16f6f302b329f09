"""Who is who from frame to frame: boxes joined by overlap, motion by a Kalman filter."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime._assignment import assign
from ferbench.realtime._detectors import Detection
from ferbench.realtime._events import Box

# Noise as fractions of the face's side: what a detector jitters by, and what a head accelerates by in a second.
JITTER, ACCELERATION = 0.04, 6.0
LEAST_OVERLAP = 0.15


class Track:
    """One face followed: centre and size with their velocities.

    Attributes
    ----------
    id : int
        Number of the track, from 1, never used again.
    score : float
        Score of the last detection.
    seen_s : float
        Time of the last detection in seconds.
    visible : bool
        Whether the last search found it.
    """

    def __init__(self, id_: int, detection: Detection, timestamp_s: float) -> None:
        self.id = id_
        self.score = detection.score
        self.seen_s = timestamp_s
        self.visible = True
        self._time_s = timestamp_s
        self._place = _to_state(detection.box)
        self._velocity = np.zeros(4)
        # One 2 x 2 covariance serves all four numbers: their noise is alike, so their filters would stay equal.
        spread = (JITTER * self._side) ** 2
        self._covariance = np.array([[spread, 0.0], [0.0, (2.0 * self._side) ** 2]])

    @property
    def box(self) -> Box:
        """x, y, width and height in pixels, where the face is expected at the time of the last call."""
        x, y, width, height = self._place
        return round(x - width / 2), round(y - height / 2), max(1, round(width)), max(1, round(height))

    @property
    def _side(self) -> float:
        return max(1.0, float(self._place[2:].mean()))

    def predict(self, timestamp_s: float) -> None:
        """Move on to a later time at constant velocity."""
        passed = timestamp_s - self._time_s
        if passed <= 0:
            return
        self._time_s = timestamp_s
        self._place = self._place + passed * self._velocity
        self._place[2:] = np.maximum(self._place[2:], 1.0)
        move = np.array([[1.0, passed], [0.0, 1.0]])
        push = np.array([passed**2 / 2, passed]) * ACCELERATION * self._side
        self._covariance = move @ self._covariance @ move.T + np.outer(push, push)

    def correct(self, detection: Detection) -> None:
        """Take in a detection at the time of the last `predict`."""
        noise = (JITTER * self._side) ** 2
        gain = self._covariance[:, 0] / (self._covariance[0, 0] + noise)
        error = _to_state(detection.box) - self._place
        self._place = self._place + gain[0] * error
        self._velocity = self._velocity + gain[1] * error
        self._covariance = self._covariance - np.outer(gain, self._covariance[0])
        self.score, self.seen_s, self.visible = detection.score, self._time_s, True


class Tracker:
    """Give detections stable numbers.

    Parameters
    ----------
    max_gap_s : float
        Seconds for which an unseen face is remembered.

    Notes
    -----
    Detections and predicted boxes are joined so that the total overlap is largest (Hungarian method), after
    Bewley et al., "Simple online and realtime tracking", ICIP 2016. For one thread.
    """

    def __init__(self, *, max_gap_s: float = 1.0) -> None:
        self.max_gap_s = max_gap_s
        self.tracks: list[Track] = []
        self._next_id = 1

    def predict(self, timestamp_s: float) -> list[Track]:
        """Move all tracks on and return the visible ones, without a search."""
        for track in self.tracks:
            track.predict(timestamp_s)
        return [track for track in self.tracks if track.visible]

    def update(self, detections: Sequence[Detection], timestamp_s: float) -> list[Track]:
        """Take in what a search found and return the visible tracks."""
        self.predict(timestamp_s)
        pairs = self._match(detections)
        for track in self.tracks:
            track.visible = False
        for row, column in pairs:
            self.tracks[row].correct(detections[column])
        for column in sorted(set(range(len(detections))) - {column for _, column in pairs}):
            self.tracks.append(Track(self._next_id, detections[column], timestamp_s))
            self._next_id += 1
        self.tracks = [track for track in self.tracks if timestamp_s - track.seen_s <= self.max_gap_s]
        return [track for track in self.tracks if track.visible]

    def _match(self, detections: Sequence[Detection]) -> list[tuple[int, int]]:
        if not self.tracks or not detections:
            return []
        overlaps = overlap([track.box for track in self.tracks], [face.box for face in detections])
        return [(row, column) for row, column in assign(-overlaps) if overlaps[row, column] >= LEAST_OVERLAP]


def overlap(a: Sequence[Box], b: Sequence[Box]) -> NDArray[np.float64]:
    """Intersection over union of each box of `a` with each of `b`, ndarray of shape (len(a), len(b))."""
    first, second = np.array(a, np.float64)[:, None], np.array(b, np.float64)[None]
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    return shared / (first[..., 2:].prod(axis=2) + second[..., 2:].prod(axis=2) - shared)


def _to_state(box: Box) -> NDArray[np.float64]:
    x, y, width, height = box
    return np.array([x + width / 2, y + height / 2, width, height], np.float64)
