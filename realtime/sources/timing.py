"""Find a constant frame rate that keeps all frames of a video with variable rate."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.sources.capture import open_capture

# Players have problems below the lower limit; cameras do not exceed the upper one.
LEAST_FPS, MOST_FPS = 5.0, 60.0
# Tolerance of intervals in a video with constant rate, relative to the median; containers round times.
TOLERANCE = 0.3


def packet_times(path: str) -> NDArray[np.float64]:
    """Return the times of the frames in seconds, in display order, from the packets of the video."""
    capture = open_capture(path)
    times = []
    try:
        # Reading packets needs no decoding.
        if capture.isOpened() and capture.set(cv2.CAP_PROP_FORMAT, -1):
            while capture.grab():
                times.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    finally:
        capture.release()
    return np.unique(np.array(times, np.float64))


def steady_fps(times: NDArray[np.float64], fps: float) -> float:
    """Return a constant frame rate in which each time has its own frame.

    Parameters
    ----------
    times : ndarray of shape (n_frames,)
        Increasing times of the frames in seconds.
    fps : float
        The rate that the container names.

    Returns
    -------
    float
        `fps` if the intervals are similar, or a multiple of a very low `fps`; otherwise the rate of the short
        intervals.

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
