"""Track faces from frame to frame: match boxes by overlap, predict motion with Kalman filters."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.detection import Detection
from ferbench.realtime.events import Box
from ferbench.realtime.tracking.assignment import assign
from ferbench.realtime.tracking.track import Track

LEAST_OVERLAP = 0.15
# Boxes without overlap are matched up to this distance, in face sides, plus a distance per second without detection.
# Neither box may be more than twice as large as the other.
NEAR, FURTHER_PER_S, LARGEST_RATIO = 0.6, 1.0, 2.0
FORBIDDEN = 1e6
CONFIRM_WITHIN_S = 0.25


class Tracker:
    """Multi-face tracker that gives each person a stable number.

    Parameters
    ----------
    max_gap_s : float
        Seconds for which an undetected face is kept.
    confirm : int
        Number of searches, at most a quarter of a second apart, that must find a new face before it gets a number.
        Faces of the first search need only one.

    Notes
    -----
    Detections and predicted boxes are matched with maximal total overlap (Hungarian method), after Bewley et al.,
    "Simple online and realtime tracking", ICIP 2016. Remaining boxes are matched by distance. False detections usually
    last a single frame, so requiring a second search removes them. Not safe for several threads.

    Examples
    --------
    >>> from ferbench.realtime import Detection, Tracker
    >>> tracker = Tracker()
    >>> [track.id for track in tracker.update([Detection((10, 10, 40, 40), 0.9)], 0.0)]
    [1]
    >>> [track.id for track in tracker.update([Detection((14, 11, 40, 40), 0.9)], 0.04)]
    [1]
    """

    def __init__(self, *, max_gap_s: float = 1.0, confirm: int = 2) -> None:
        if not max_gap_s >= 0:
            raise ValueError(f"max_gap_s must be 0 or more seconds; got {max_gap_s}")
        self.max_gap_s, self.confirm = max_gap_s, confirm
        self.tracks: list[Track] = []
        self._last_id = 0
        self._started = False

    def predict(self, timestamp_s: float) -> list[Track]:
        """Advance all tracks without detections and return the visible ones."""
        for track in self.tracks:
            track.predict(timestamp_s)
        return [track for track in self.tracks if track.visible and track.id]

    def update(self, detections: Sequence[Detection], timestamp_s: float) -> list[Track]:
        """Update the tracks with the detections of a search and return the visible ones."""
        self.predict(timestamp_s)
        pairs = self._match(detections, timestamp_s)
        for track in self.tracks:
            track.visible = False
        for track, detection in pairs:
            track.correct(detection)
        taken = {id(detection) for _, detection in pairs}
        self.tracks += [Track(face, timestamp_s) for face in detections if id(face) not in taken]
        self.tracks = [track for track in self.tracks if self._keeps(track, timestamp_s)]
        self._number()
        return [track for track in self.tracks if track.visible and track.id]

    def _keeps(self, track: Track, timestamp_s: float) -> bool:
        return timestamp_s - track.seen_s <= (self.max_gap_s if track.id else min(CONFIRM_WITHIN_S, self.max_gap_s))

    def _number(self) -> None:
        needed = self.confirm if self._started else 1
        for track in self.tracks:
            if not track.id and track.hits >= needed:
                self._last_id += 1
                track.id = self._last_id
        self._started = True

    def _match(self, detections: Sequence[Detection], timestamp_s: float) -> list[tuple[Track, Detection]]:
        pairs = _pair(self.tracks, detections, overlap, LEAST_OVERLAP)
        tracks = [track for track in self.tracks if all(track is not taken for taken, _ in pairs)]
        faces = [face for face in detections if all(face is not taken for _, taken in pairs)]

        def nearness(boxes: Sequence[Box], others: Sequence[Box]) -> NDArray[np.float64]:
            reach = np.array([NEAR + FURTHER_PER_S * (timestamp_s - track.seen_s) for track in tracks])
            return reach[:, None] - distance(boxes, others)

        return pairs + _pair(tracks, faces, nearness, 0.0)


def overlap(a: Sequence[Box], b: Sequence[Box]) -> NDArray[np.float64]:
    """Return the intersection over union of each box of `a` with each of `b`, ndarray of shape (len(a), len(b))."""
    first, second = np.array(a, np.float64)[:, None], np.array(b, np.float64)[None]
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    return shared / (first[..., 2:].prod(axis=2) + second[..., 2:].prod(axis=2) - shared)


def distance(a: Sequence[Box], b: Sequence[Box]) -> NDArray[np.float64]:
    """Return distances of centers in sides of the larger box, shape (len(a), len(b)); infinite for unlike sizes."""
    first, second = np.array(a, np.float64)[:, None], np.array(b, np.float64)[None]
    offset = first[..., :2] + first[..., 2:] / 2 - second[..., :2] - second[..., 2:] / 2
    sides, others = first[..., 2:].mean(axis=2), second[..., 2:].mean(axis=2)
    alike = np.maximum(sides, others) / np.minimum(sides, others) <= LARGEST_RATIO
    return np.where(alike, np.linalg.norm(offset, axis=2) / np.maximum(sides, others), np.inf)


def _pair(
    tracks: Sequence[Track],
    detections: Sequence[Detection],
    likeness: Callable[[Sequence[Box], Sequence[Box]], NDArray[np.float64]],
    least: float,
) -> list[tuple[Track, Detection]]:
    """Match tracks and detections with maximal total similarity; drop pairs with a similarity below `least`."""
    if not tracks or not detections:
        return []
    alike = likeness([track.box for track in tracks], [face.box for face in detections])
    # All forbidden pairs have the same cost, so that they do not influence the other pairs.
    allowed = alike >= least
    costs = np.where(allowed, -alike, FORBIDDEN)
    return [(tracks[row], detections[column]) for row, column in assign(costs) if allowed[row, column]]
