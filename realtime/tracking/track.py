"""Track one face with a Kalman filter."""

import math

from ferbench.realtime.detection import Detection
from ferbench.realtime.events import Box

# Noise as fractions of the face's side: jitter of the detector, and acceleration of the head per second.
JITTER, ACCELERATION = 0.04, 6.0
# Standard deviation of the initial speed, in face sides per second.
FIRST_SPEED = 2.0
# Time in which an undetected face loses 63 % of its speed, in seconds.
SLOWING_S = 0.5


class Track:
    """Track of one face: center, size and their velocities, estimated by a Kalman filter (Kalman 1960).

    Attributes
    ----------
    id : int
        Number of the person, from 1, never reused; 0 until the face is confirmed.
    score : float
        Score of the last detection.
    seen_s : float
        Time of the last detection in seconds.
    visible : bool
        Whether the last search found the face.
    hits : int
        Number of searches that found the face.
    """

    def __init__(self, detection: Detection, timestamp_s: float) -> None:
        self.id = 0
        self.score = detection.score
        self.seen_s = self._time_s = timestamp_s
        self.visible = True
        self.hits = 1
        # Plain Python numbers, because NumPy takes ten times as long for four numbers.
        self._place = _center_and_size(detection.box)
        self._velocity = [0.0] * 4
        # All four numbers have the same noise, so they share one covariance of position and velocity. Its three
        # entries are the variance of the position, the covariance, and the variance of the velocity.
        self._covariance = ((JITTER * self._side) ** 2, 0.0, (FIRST_SPEED * self._side) ** 2)

    @property
    def box(self) -> Box:
        """Expected x, y, width and height in pixels, at the time of the last call."""
        x, y, width, height = self._place
        return round(x - width / 2), round(y - height / 2), max(1, round(width)), max(1, round(height))

    @property
    def _side(self) -> float:
        return max(1.0, (self._place[2] + self._place[3]) / 2)

    def predict(self, timestamp_s: float) -> None:
        """Advance to a later time at constant velocity; an undetected face slows down and keeps its size."""
        passed = timestamp_s - self._time_s
        if passed <= 0:
            return
        self._time_s = timestamp_s
        if not self.visible:
            slower = math.exp(-passed / SLOWING_S)
            self._velocity = [slower * self._velocity[0], slower * self._velocity[1], 0.0, 0.0]
        self._place = [place + passed * speed for place, speed in zip(self._place, self._velocity, strict=True)]
        self._place[2:] = [max(1.0, size) for size in self._place[2:]]
        position, both, velocity = self._covariance
        push = (ACCELERATION * self._side) ** 2
        self._covariance = (
            position + 2 * passed * both + passed**2 * velocity + push * passed**4 / 4,
            both + passed * velocity + push * passed**3 / 2,
            velocity + push * passed**2,
        )

    def correct(self, detection: Detection) -> None:
        """Update the track with a detection at the time of the last `predict`."""
        position, both, velocity = self._covariance
        certainty = position + (JITTER * self._side) ** 2
        gain, speed_gain = position / certainty, both / certainty
        errors = [seen - place for seen, place in zip(_center_and_size(detection.box), self._place, strict=True)]
        self._place = [place + gain * error for place, error in zip(self._place, errors, strict=True)]
        self._velocity = [speed + speed_gain * error for speed, error in zip(self._velocity, errors, strict=True)]
        self._covariance = ((1 - gain) * position, (1 - gain) * both, velocity - speed_gain * both)
        self.score, self.seen_s, self.visible = detection.score, self._time_s, True
        self.hits += 1


def _center_and_size(box: Box) -> list[float]:
    x, y, width, height = box
    return [x + width / 2, y + height / 2, float(width), float(height)]
