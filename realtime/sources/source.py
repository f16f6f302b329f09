"""Open a frame source: a camera, a video, a stream, an image or a folder of images."""

from pathlib import Path
from typing import Any

from ferbench.realtime.sources.base import Source
from ferbench.realtime.sources.capture import LiveSource, is_finite, open_capture
from ferbench.realtime.sources.photos import PhotoSource, is_image, is_single
from ferbench.realtime.sources.video_file import VideoFile
from ferbench.utils import check_regular
from ferbench.utils.pictures import HANDED

# URL schemes that are always streams, whatever length they report.
STREAMS = ("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "udp", "tcp")


def open_source(
    source: str | int | Path,
    *,
    live: bool | None = None,
    rate: float | None = None,
    start_s: float = 0.0,
    stop_s: float | None = None,
) -> Source:
    """Open a camera, a video, a stream, an image or a folder of images.

    Parameters
    ----------
    source : str, int or Path
        Number of a camera (also as text, ``"0"``), file, folder, or URL (``rtsp://…``, ``http://…``).
    live : bool, optional
        Whether to drop frames that are not processed in time. The default is True for cameras and streams, and False
        for files, also for files at a URL. A video file that is opened live runs at its original speed.
    rate : float, optional
        For video files: maximum frames per second.
    start_s, stop_s : float, optional
        For video files: time range in seconds.

    Raises
    ------
    FileNotFoundError
        If the file or folder does not exist.
    ValueError
        If the file is not a video or image, is empty or damaged, or an image is too large. Also if `rate`, `start_s` or
        `stop_s` is out of range, or given for another source than a video file.
    OSError
        If a camera or stream cannot be opened.

    Examples
    --------
    >>> from ferbench.realtime import open_source
    >>> open_source("no_such.mp4")
    Traceback (most recent call last):
    ...
    FileNotFoundError: no_such.mp4: no such file or folder; give a camera's number, a file, a folder or a URL
    """
    part = {"rate": rate, "start_s": start_s, "stop_s": stop_s}
    opened = _open(source, live, part)
    if not isinstance(opened, VideoFile) and part != {"rate": None, "start_s": 0.0, "stop_s": None}:
        opened.close()
        raise ValueError(f"{opened.name}: rate, start and stop are only for video files; leave them out here")
    return opened


def _open(source: str | int | Path, live: bool | None, part: dict[str, Any]) -> Source:
    text = str(source)
    if isinstance(source, int) or text.isdecimal():
        return LiveSource(int(text))
    if is_single(text) and live is not True:
        return PhotoSource(text)
    if "://" in text:
        return _open_url(text, live, part)
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder; give a camera's number, a file, a folder or a URL")
    if path.is_dir() or is_image(path):
        return PhotoSource(path)
    if not text.startswith(HANDED):
        check_regular(path, "a video file; a camera is given by its number")
    return VideoFile(path, live=bool(live), **part)


def _open_url(url: str, live: bool | None, part: dict[str, Any]) -> Source:
    """Return a video file if the content at the URL has an end, otherwise a stream."""
    capture = open_capture(url)
    streams = url.partition("://")[0].lower() in STREAMS or (capture.isOpened() and not is_finite(capture))
    if live is False or (capture.isOpened() and not streams):
        return VideoFile(url, live=bool(live), capture=capture, **part)
    return LiveSource(url, capture=capture)
