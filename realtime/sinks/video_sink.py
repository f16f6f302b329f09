"""A sink that writes the annotated frames as a video."""

from pathlib import Path
from typing import Any

from ferbench.realtime.drawing import Overlay
from ferbench.realtime.events import FrameResult
from ferbench.realtime.sinks.clock import FrameClock
from ferbench.realtime.sinks.closing import Closing
from ferbench.realtime.sinks.video import VideoOutput

# A live video that stood still longer than this is shortened: nobody watches ten minutes of one frame.
_LONGEST_STILL_S = 10.0


class VideoSink(Closing):
    """Writes the annotated frames as a video.

    Parameters
    ----------
    path : str or Path
        The file; ``.mp4``, ``.m4v``, ``.mov``, ``.mkv`` or ``.avi``.
    fps : float
        Frames per second of the video.
    overlay : Overlay, optional
        How to draw; by default with bars and without frames per second.
    real_time : bool
        For live sources: what stood still for more than ten seconds is shortened.
    sound_from : Path, optional
        A video whose sound is kept, where ffmpeg is installed.

    Notes
    -----
    Each frame appears at its own time: frames are repeated or left out to fill the constant rate, so that the video
    lasts as long as the original and stays in step with its sound. A frame whose time does not go forward is appended.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        fps: float,
        overlay: Overlay | None = None,
        real_time: bool = False,
        sound_from: Path | None = None,
    ) -> None:
        self._video = VideoOutput(Path(path), fps=fps, sound_from=sound_from)
        self._overlay = overlay or Overlay(status=False)
        self._real_time = real_time
        self._clock = FrameClock(self._video.fps, longest_s=_LONGEST_STILL_S if real_time else None)
        self._shown: Any = None
        self._failed = False

    def write(self, result: FrameResult) -> None:
        """Draw a frame and append it at its time."""
        if not result.events:
            return
        self._video.sound_start_s = self._clock.begin(result.timestamp_s)
        repeats, fits = self._clock.due(result.timestamp_s)
        self._repeat(repeats)
        if fits:
            self._shown = self._overlay.annotate(result)
            self._repeat(1)

    def close(self) -> None:
        """Show the last frame for its time, and finish the file."""
        try:
            # Where the disk is full, only closing the file is left to do.
            if not self._real_time and not self._failed:
                self._repeat(self._clock.rest())
        finally:
            self._video.close()

    def _repeat(self, n: int) -> None:
        for _ in range(n):
            self._failed = True
            self._video.write(self._shown)
            self._failed = False
            self._clock.written += 1

    @property
    def note(self) -> str | None:
        """What the user should know of the file's sound, once it is closed."""
        return self._video.note
