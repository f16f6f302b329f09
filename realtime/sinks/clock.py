"""Choose the frames of a constant-rate video so that each image appears at its own time."""


class FrameClock:
    """Clock that counts how many frames are due at the time of each image.

    Parameters
    ----------
    fps : float
        Frames per second of the video.
    longest_s : float, optional
        Longer gaps are shortened to this many seconds; None keeps them.

    Attributes
    ----------
    written : int
        Frames written so far; updated by the caller.
    """

    def __init__(self, fps: float, *, longest_s: float | None = None) -> None:
        self.fps, self.written = fps, 0
        self._longest = None if longest_s is None else round(longest_s * fps)
        self._offset: float | None = None
        self._last = self._first = 0.0
        self._step = 1 / fps

    def begin(self, moment: float) -> float:
        """Return the time of the first image; the first call sets it to `moment`."""
        if self._offset is None:
            self._offset = self._first = moment
            self._last = moment - self._step
        return self._first

    def due(self, moment: float) -> tuple[int, bool]:
        """Return how often to repeat the previous image, and whether to write the image of this moment."""
        offset = self._offset or 0.0
        if moment <= self._last:
            # Its time does not increase, so it directly follows the previous image.
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
        """Return how often to repeat the last image, which lasts as long as the one before it."""
        if not self.written or self._offset is None:
            return 0
        return max(0, round((self._last + self._step - self._offset) * self.fps) - self.written)
