"""What a run did, in numbers of fixed size however long it was."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Samples below which a percentile says nothing (as in the benchmark's timing rules).
LEAST_SAMPLES = {50: 1, 90: 64, 99: 662}


@dataclass(frozen=True, slots=True)
class RunSummary:
    """Counts and times of a run.

    Attributes
    ----------
    frames, faces, no_face_frames : int
        Frames that went to the sinks, face events in them, and how many showed no face.
    dropped : int
        Frames of a live source, or results, that were too old when there was time for them.
    seconds : float
        From the start to the end of the run.
    fps : float
        Frames per second over the whole run.
    latency_ms : dict of int to float
        Percentiles 50, 90 and 99 from frame to event, in milliseconds to 2 %; those with too few frames are left out.
    notes : tuple of str
        What the user should know: a video cut off, images skipped, a camera lost.
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
    """Percentiles of any number of latencies in constant memory: a histogram of logarithmic bins, 2 % wide."""

    GROWTH = 1.02
    LEAST_MS = 0.01

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(1024, np.int64)

    def add(self, milliseconds: float) -> None:
        """Count one."""
        position = math.log(max(milliseconds, self.LEAST_MS) / self.LEAST_MS, self.GROWTH)
        self._counts[min(int(position), len(self._counts) - 1)] += 1

    def percentiles(self) -> dict[int, float]:
        """Milliseconds by percentile, for those with enough samples."""
        cumulative = self._counts.cumsum()
        total = int(cumulative[-1])
        return {
            percent: self._value(int(np.searchsorted(cumulative, percent / 100 * total)))
            for percent, least in LEAST_SAMPLES.items()
            if total >= least
        }

    def _value(self, position: int) -> float:
        """Middle of a bin."""
        return float(self.LEAST_MS * self.GROWTH ** (position + 0.5))
