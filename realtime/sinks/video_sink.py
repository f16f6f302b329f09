"""Write annotated frames as a video."""

from pathlib import Path
from typing import Any

from ferbench.realtime.drawing import Overlay
from ferbench.realtime.events import FrameResult
from ferbench.realtime.sinks.clock import FrameClock
from ferbench.realtime.sinks.closing import Closing
from ferbench.realtime.sinks.video import VideoOutput

# Longer gaps in a live video are shortened to this many seconds.
_LONGEST_STILL_S = 10.0


class VideoSink(Closing):
    """Sink that writes annotated frames as a video.

    Parameters
    ----------
    path : str or Path
        Output file: ``.mp4``, ``.m4v``, ``.mov``, ``.mkv`` or ``.avi``.
    fps : float
        Frames per second of the video.
    overlay : Overlay, optional
        Style of the annotations; by default with bars and without frames per second.
    real_time : bool
        Set it for live sources: gaps of more than ten seconds are shortened.
    sound_from : Path, optional
        Video whose sound is added, if ffmpeg is installed.

    Notes
    -----
    Each frame appears at its own time. Frames are repeated or left out to reach a constant rate, so that the video
    lasts as long as the original and stays in sync with its sound. A frame whose time does not increase is appended.
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
        """Draw a frame and append it at its timestamp."""
        if not result.events:
            return
        self._video.sound_start_s = self._clock.begin(result.timestamp_s)
        repeats, fits = self._clock.due(result.timestamp_s)
        self._repeat(repeats)
        if fits:
            self._shown = self._overlay.annotate(result)
            self._repeat(1)

    def close(self) -> None:
        """Repeat the last frame for its duration, and complete the file."""
        try:
            # If the disk is full, only close the file.
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
        """Remark on the sound of the file, available after closing."""
        return self._video.note
