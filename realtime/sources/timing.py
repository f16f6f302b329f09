"""The rate at which a video of varying frame rate can be written again without losing a moment."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.sources.capture import open_capture

# Players stutter or refuse below the one; cameras give no more than the other.
LEAST_FPS, MOST_FPS = 5.0, 60.0
# Share of the usual interval by which intervals of a steady video differ, as containers round times.
TOLERANCE = 0.3


def packet_times(path: str) -> NDArray[np.float64]:
    """Times in seconds of a video's pictures in the order of showing, from its packets alone."""
    capture = open_capture(path)
    times = []
    try:
        # Packets instead of pictures: nothing is decoded.
        if capture.isOpened() and capture.set(cv2.CAP_PROP_FORMAT, -1):
            while capture.grab():
                times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    finally:
        capture.release()
    return np.unique(np.array(times, np.float64))


def steady_fps(times: NDArray[np.float64], fps: float) -> float:
    """Frames per second of a constant rate in which each of the times has its frame.

    Parameters
    ----------
    times : ndarray of shape (n_frames,)
        Increasing times of the frames in seconds.
    fps : float
        The rate that the container names.

    Returns
    -------
    float
        `fps` where the intervals are alike, or a multiple where that is very low; else the rate of short intervals.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.realtime.sources.timing import steady_fps
    >>> steady_fps(np.arange(50) / 10, 10.0)
    10.0
    >>> steady_fps(np.array([0, 1, 2, 3, 3.04, 3.08, 3.12]), 2.0)
    25.0
    """
    intervals = np.diff(times)
    if intervals.size:
        usual = float(np.median(intervals))
        if np.mean(np.abs(intervals - usual) > TOLERANCE * usual) > 0.01 or abs(usual * fps - 1) > TOLERANCE:
            fps = max(fps, min(MOST_FPS, round(1 / max(float(np.quantile(intervals, 0.05)), 1e-3), 2)))
    return fps if fps >= LEAST_FPS else fps * math.ceil(LEAST_FPS / fps)
