"""Summarize a run: counts, speed and latency percentiles in constant memory."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Minimum number of samples for each percentile (as in the timing rules of the benchmark).
LEAST_SAMPLES = {50: 1, 90: 64, 99: 662}


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Counts and times of a run.

    Attributes
    ----------
    frames, faces, no_face_frames : int
        Frames sent to the sinks, faces in them, and frames without a face.
    dropped : int
        Frames and results of a live source that were replaced by newer ones.
    seconds : float
        Duration of the run.
    fps : float
        Frames per second over the whole run.
    latency_ms : dict of int to float
        Percentiles 50, 90 and 99 of the latency, in milliseconds, with 2 % precision. Percentiles with too few frames
        are left out.
    notes : tuple of str
        Remarks for the user, such as a truncated video, skipped images or a lost camera.
    """

    frames: int
    faces: int
    no_face_frames: int
    dropped: int
    seconds: float
    fps: float
    latency_ms: dict[int, float]
    notes: tuple[str, ...]


class Latencies:
    """Percentiles of latencies in constant memory, from a histogram with logarithmic bins, 2 % wide."""

    GROWTH = 1.02
    LEAST_MS = 0.01

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(1024, np.int64)

    def add(self, milliseconds: float) -> None:
        """Count one."""
        position = math.log(max(milliseconds, self.LEAST_MS) / self.LEAST_MS, self.GROWTH)
        self._counts[min(int(position), len(self._counts) - 1)] += 1

    def percentiles(self) -> dict[int, float]:
        """Return milliseconds by percentile, for percentiles with enough samples."""
        cumulative = self._counts.cumsum()
        total = int(cumulative[-1])
        return {
            percent: self._value(int(np.searchsorted(cumulative, percent / 100 * total)))
            for percent, least in LEAST_SAMPLES.items()
            if total >= least
        }

    def _value(self, position: int) -> float:
        """Return the center of a bin."""
        return float(self.LEAST_MS * self.GROWTH ** (position + 0.5))
