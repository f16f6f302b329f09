"""Choose how often to detect faces, so that processing keeps up with the source."""

import math
from typing import Literal

# Files: longest interval between searches, in seconds of the video; independent of the speed of the machine.
FILE_INTERVAL_S = 0.08
# Live: longest interval between searches in seconds, and usable fraction of the time between two frames.
LONGEST_INTERVAL_S, SHARE = 0.25, 0.8
# Longest interval between searches for all faces, in seconds; searches in between may look for the known ones only.
ALL_FACES_INTERVAL_S = 0.3


class Cadence:
    """Schedule that chooses the frames in which faces are detected.

    Parameters
    ----------
    every : "auto" or int
        Detect faces on every k-th frame.

    Raises
    ------
    ValueError
        If `every` is neither ``"auto"`` nor a positive whole number.
    """

    def __init__(self, every: Literal["auto"] | int = "auto") -> None:
        if every != "auto" and not (isinstance(every, int) and every >= 1):
            raise ValueError(f'detect_every must be "auto" or a whole number from 1; got {every!r}')
        self.every = every
        self._since = 0
        self._started = False
        self._all_faces_s = -math.inf
        self._search_s = self._rest_s = 0.0

    def due(self, *, live: bool, fps: float | None) -> bool:
        """Whether to detect faces in this frame."""
        self._since += 1
        if self._started and self._since < self._interval(live, fps or 25.0):
            return False
        self._started, self._since = True, 0
        return True

    def all_faces_due(self, timestamp_s: float) -> bool:
        """Whether the search at this time of the video must look for all faces, not only for the known ones."""
        since = timestamp_s - self._all_faces_s
        return self.every != "auto" or not 0 <= since < ALL_FACES_INTERVAL_S

    def searched_all(self, timestamp_s: float) -> None:
        """Record a search for all faces."""
        self._all_faces_s = timestamp_s

    def took(self, search_s: float | None, rest_s: float) -> None:
        """Record the time of the search (None without a search) and of the rest of a frame, in seconds."""
        if search_s is not None:
            self._search_s = _blend(self._search_s, search_s)
        self._rest_s = _blend(self._rest_s, rest_s)

    def _interval(self, live: bool, fps: float) -> int:
        if self.every != "auto":
            return self.every
        if not live:
            return max(1, math.floor(FILE_INTERVAL_S * fps))
        longest = max(1, math.floor(LONGEST_INTERVAL_S * fps))
        spare = SHARE / fps - self._rest_s
        if spare <= self._search_s / longest:
            return longest
        return min(longest, max(1, math.ceil(self._search_s / spare)))


def _blend(old: float, new: float) -> float:
    return new if old == 0 else 0.9 * old + 0.1 * new
