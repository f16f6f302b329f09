"""Apply a function to every frame of a video and write the result as a new video."""

from collections.abc import Callable
from pathlib import Path

from ferbench.realtime.events import Frame, Image
from ferbench.realtime.sinks import FrameClock, VideoOutput
from ferbench.realtime.sources import VideoFile
from ferbench.utils import check_outputs


def process_video(
    source: str | Path,
    target: str | Path,
    callback: Callable[[Frame], Image],
    *,
    rate: float | None = None,
    start_s: float = 0.0,
    stop_s: float | None = None,
) -> int:
    """Apply a function to every frame of a video and write a new video with the same timing and sound.

    Parameters
    ----------
    source : str or Path
        A video file.
    target : str or Path
        The new video: ``.mp4``, ``.m4v``, ``.mov``, ``.mkv`` or ``.avi``.
    callback : callable
        Gets each :class:`Frame` and returns the image to write, in BGR order.
    rate, start_s, stop_s : float, optional
        As in :func:`open_source`.

    Returns
    -------
    int
        Number of processed frames.

    Raises
    ------
    ValueError
        If the source is not a video, or the target is the source or has an unknown file extension.
    FileNotFoundError
        If the source does not exist.
    OSError
        If the target cannot be written.

    Examples
    --------
    >>> from ferbench.realtime import process_video
    >>> process_video("party.mp4", "gray.mp4", lambda frame: frame.image // 2)  # doctest: +SKIP
    """
    path, new = Path(source), Path(target)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such video file")
    check_outputs(path, [new])
    with VideoFile(path, rate=rate, start_s=start_s, stop_s=stop_s) as video:
        output = VideoOutput(new, fps=video.steady_fps(), sound_from=path)
        try:
            return _write_all(video, output, callback)
        finally:
            output.close()


def _write_all(video: VideoFile, output: VideoOutput, callback: Callable[[Frame], Image]) -> int:
    clock, n_frames = FrameClock(output.fps), 0
    shown: Image | None = None

    def write(image: Image | None, n: int) -> None:
        for _ in range(n if image is not None else 0):
            output.write(image)  # type: ignore[arg-type]
            clock.written += 1

    for frame in video:
        output.sound_start_s = clock.begin(frame.timestamp_s)
        repeats, fits = clock.due(frame.timestamp_s)
        write(shown, repeats)
        shown = callback(frame)
        write(shown, int(fits))
        n_frames += 1
    write(shown, clock.rest())
    return n_frames
