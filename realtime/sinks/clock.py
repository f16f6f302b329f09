"""Which frames a video of constant rate needs for each picture to appear at its own time."""


class FrameClock:
    """Counts the frames that are due by the times of the pictures.

    Parameters
    ----------
    fps : float
        Frames per second of the video.
    longest_s : float, optional
        Standstills are shortened to so many seconds; None keeps them.

    Attributes
    ----------
    written : int
        Frames written so far; the caller counts.
    """

    def __init__(self, fps: float, *, longest_s: float | None = None) -> None:
        self.fps, self.written = fps, 0
        self._longest = None if longest_s is None else round(longest_s * fps)
        self._offset: float | None = None
        self._last = self._first = 0.0
        self._step = 1 / fps

    def begin(self, moment: float) -> float:
        """Time of the first picture, which `moment` is when it is the first."""
        if self._offset is None:
            self._offset = self._first = moment
            self._last = moment - self._step
        return self._first

    def due(self, moment: float) -> tuple[int, bool]:
        """How often the picture before is repeated, and whether the one of this moment has a place then."""
        offset = self._offset or 0.0
        if moment <= self._last:
            # Without a time of its own: it follows the one before.
            moment = self._last + 1 / self.fps
            self._offset = offset = moment - self.written / self.fps
        if self.written:
            self._step = moment - self._last
        self._last = moment
        gap = round((moment - offset) * self.fps) - self.written
        if self._longest is not None and gap >= self._longest:
            self._offset = offset + (gap + 1 - self._longest) / self.fps
            gap = self._longest - 1
        return max(0, gap), gap >= 0

    def rest(self) -> int:
        """How often the last picture is repeated: it lasts as long as the one before it did."""
        if not self.written or self._offset is None:
            return 0
        return max(0, round((self._last + self._step - self._offset) * self.fps) - self.written)
