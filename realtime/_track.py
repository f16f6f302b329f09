"""One face followed through time."""

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime._detectors import Detection
from ferbench.realtime._events import Box

# Noise as fractions of the face's side: what a detector jitters by, and what a head accelerates by in a second.
JITTER, ACCELERATION = 0.04, 6.0
# How fast a face may be when first seen, in sides a second.
FIRST_SPEED = 2.0


class Track:
    """A face's centre and size with their velocities, kept by a Kalman filter (Kalman 1960).

    Attributes
    ----------
    id : int
        Number of the person, from 1, never used again; 0 before the face is confirmed.
    score : float
        Score of the last detection.
    seen_s : float
        Time of the last detection in seconds.
    visible : bool
        Whether the last search found it.
    hits : int
        Searches that found it.
    """

    def __init__(self, detection: Detection, timestamp_s: float) -> None:
        self.id = 0
        self.score = detection.score
        self.seen_s = self._time_s = timestamp_s
        self.visible = True
        self.hits = 1
        self._place = _centre_and_size(detection.box)
        self._velocity = np.zeros(4)
        # One covariance of position and velocity serves all four numbers: their noise is alike, so their filters
        # would stay equal.
        self._covariance = np.diag([(JITTER * self._side) ** 2, (FIRST_SPEED * self._side) ** 2])

    @property
    def box(self) -> Box:
        """x, y, width and height in pixels, where the face is expected at the time of the last call."""
        x, y, width, height = self._place.tolist()
        return round(x - width / 2), round(y - height / 2), max(1, round(width)), max(1, round(height))

    @property
    def _side(self) -> float:
        return max(1.0, float(self._place[2:].mean()))

    def predict(self, timestamp_s: float) -> None:
        """Move on to a later time at constant velocity; a face out of sight keeps its size."""
        passed = timestamp_s - self._time_s
        if passed <= 0:
            return
        self._time_s = timestamp_s
        if not self.visible:
            self._velocity[2:] = 0.0
        self._place = self._place + passed * self._velocity
        self._place[2:] = np.maximum(self._place[2:], 1.0)
        move = np.array([[1.0, passed], [0.0, 1.0]])
        push = np.array([passed**2 / 2, passed]) * ACCELERATION * self._side
        self._covariance = move @ self._covariance @ move.T + np.outer(push, push)

    def correct(self, detection: Detection) -> None:
        """Take in a detection at the time of the last `predict`."""
        noise = (JITTER * self._side) ** 2
        gain = self._covariance[:, 0] / (self._covariance[0, 0] + noise)
        error = _centre_and_size(detection.box) - self._place
        self._place = self._place + gain[0] * error
        self._velocity = self._velocity + gain[1] * error
        self._covariance = self._covariance - np.outer(gain, self._covariance[0])
        self.score, self.seen_s, self.visible = detection.score, self._time_s, True
        self.hits += 1


def _centre_and_size(box: Box) -> NDArray[np.float64]:
    x, y, width, height = box
    return np.array([x + width / 2, y + height / 2, width, height], np.float64)
