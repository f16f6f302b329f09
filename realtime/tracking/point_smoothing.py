"""Smoothing in time of one track's key points."""

import math

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.events import Points

# In hertz: what a resting point is smoothed by, and how its speed is. In hertz for each side of the face a second:
# how much quicker a moving point is followed. As much smoothing as costs nothing: on a clip of a talking head, points
# of ferbench-points lay as far from a centerd average (0.7 % of the side) as they came, and trembled by 28 % less.
RESTING_HZ, SPEED_HZ, SPEED_GAIN = 1.5, 1.0, 25.0


class PointSmoother:
    """The 1 € filter (Casiez, Roussel and Vogel 2012): steady while a point rests, quick while it moves.

    Probabilities may lag by half a second, points may not: they would hang behind a face that turns. The cutoff of the
    low-pass filter therefore rises with the point's speed, measured in sides of the face.

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
        """Take in one frame's points and return the smoothed ones.

        Parameters
        ----------
        points : ndarray of shape (n_points, 2)
            In pixels.
        side : float
            Side of the face in pixels, by which speeds are measured.
        timestamp_s : float
            Time of the frame in seconds.

        Returns
        -------
        ndarray of shape (n_points, 2)
        """
        passed, self._time_s = timestamp_s - self._time_s, timestamp_s
        last = self._points
        if last is None or passed <= 0 or not np.isfinite(points).all():
            # The first time, after a clock that steps back, or where a model says what is no number: start anew.
            self._points = points if np.isfinite(points).all() else None
            self._velocity = np.zeros_like(points)
            return points
        self._velocity = self._velocity + _weight(SPEED_HZ, passed) * ((points - last) / passed - self._velocity)
        speed = np.linalg.norm(self._velocity, axis=1, keepdims=True) / max(1.0, side)
        self._points = last + _weight(RESTING_HZ + SPEED_GAIN * speed, passed) * (points - last)
        return self._points


def _weight(cutoff_hz: "float | NDArray[np.float64]", passed_s: float) -> "float | NDArray[np.float64]":
    """How much of a new value a low-pass filter of first order takes in."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * passed_s))
