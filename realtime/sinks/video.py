"""Write annotated videos: a format chosen by the file's ending, played in real time, with the sound of the original."""

import errno
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.sinks.output import check_suffix
from ferbench.utils import PartFile, move

# What OpenCV's wheels can write everywhere: they have no H.264 encoder.
VIDEO_CODECS: Mapping[str, tuple[str, ...]] = {
    ".avi": ("MJPG", "mp4v"),
    ".m4v": ("mp4v",),
    ".mkv": ("mp4v", "MJPG"),
    ".mov": ("mp4v", "MJPG"),
    ".mp4": ("mp4v",),
}
# For where the sound cannot be copied as it is.
_SOUND_CODECS = {".avi": "pcm_s16le"}
_RESERVE = 4 << 20
_INDEX_PER_FRAME = 64
_MUX_SECONDS = 600


class VideoOutput:
    """A video file being written, valid whenever it is closed.

    Parameters
    ----------
    path : Path
        The file; its ending says the format.
    fps : float
        Frames per second.
    sound_from : Path, optional
        A video whose sound is laid under the written one when it is closed, where ffmpeg is installed.

    Attributes
    ----------
    n_frames : int
        Frames written so far.
    note : str or None
        Why there is no sound, once the file is closed.

    Raises
    ------
    ValueError
        If the ending is unknown.
    OSError
        If the folder cannot be written to.
    """

    def __init__(self, path: Path, *, fps: float, sound_from: Path | None = None) -> None:
        check_suffix(path, VIDEO_CODECS, "the video")
        self.path = path
        # Cameras and damaged files give odd rates; what no player plays would only hide that.
        self.fps = fps if 1 <= fps <= 240 else 25.0
        self.n_frames = 0
        self.note: str | None = None
        # Where in the original the first frame lies, in seconds.
        self.sound_start_s = 0.0
        self._sound_from = sound_from
        self._file = PartFile(path)
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append a frame; one of another size than the first is fitted into it.

        Raises
        ------
        OSError
            If the disk is nearly full: early enough for the file to be closed in order.
        """
        if self._writer is None:
            self._open(image)
        if self._room() < _RESERVE + _INDEX_PER_FRAME * self.n_frames + image.nbytes:
            raise OSError(
                errno.ENOSPC, f"the disk is full; the video ends after {self.n_frames} frames", str(self.path)
            )
        assert self._writer is not None
        self._writer.write(_fitted(image, self._size))
        self.n_frames += 1

    def close(self) -> None:
        """Finish the file, check it, lay the sound under it, and give it its name.

        Raises
        ------
        OSError
            If the file cannot be read back: OpenCV's writer says nothing of failed writes.
        """
        if self._writer is None:
            return self._file.discard()
        self._writer.release()
        self._writer = None
        try:
            if not _readable(self._file.part):
                reason = f"the video could not be written (tried {self.n_frames} frames); is there room on the disk?"
                raise OSError(errno.EIO, reason, str(self.path))
            try:
                if self._sound_from is not None:
                    seconds = self.n_frames / self.fps
                    self.note = add_sound(self._file.part, self._sound_from, seconds, start_s=self.sound_start_s)
            finally:
                # Also where an impatient user interrupts the sound.
                self._file.commit()
        finally:
            self._file.discard()

    def _open(self, image: NDArray[np.uint8]) -> None:
        height, width = image.shape[:2]
        # Encoders take even sizes only, and OpenCV would cut the odd line off.
        self._size = (width + width % 2, height + height % 2)
        for code in VIDEO_CODECS[self.path.suffix.lower()]:
            fourcc = cv2.VideoWriter.fourcc(*code)
            writer = cv2.VideoWriter(str(self._file.part), cv2.CAP_FFMPEG, fourcc, self.fps, self._size)
            if writer.isOpened():
                self._writer = writer
                return
        self._file.discard()
        raise OSError(
            errno.EINVAL, f"OpenCV cannot write {self.path.suffix} of {width} × {height} here; try .avi", str(self.path)
        )

    def _room(self) -> int:
        """Bytes that may still be written."""
        free = shutil.disk_usage(self.path.parent).free
        limit = _file_size_limit()
        return free if limit is None else min(free, limit - self._file.part.stat().st_size)


def add_sound(video: Path, original: Path, seconds: float, *, start_s: float = 0.0) -> str | None:
    """Lay the sound of one video under another, whole or not at all.

    Parameters
    ----------
    video : Path
        The silent video; replaced by one with sound.
    original : Path
        The video with the sound, if it has any.
    seconds : float
        Length of the silent video: where a run was stopped early, the sound stops with it.
    start_s : float
        Where in the original the silent video begins, in seconds.

    Returns
    -------
    str or None
        Why `video` stays as it was, where ffmpeg is not installed or fails.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return "ffmpeg is not installed, so the video has no sound; install it to keep the sound of the original"
    mixed = video.with_name(f".sound{video.name}")
    words = [ffmpeg, "-nostdin", "-loglevel", "error", "-y"]
    # Absolute, so that no name passes for an option or a protocol.
    words += ["-i", str(video.absolute()), *(["-ss", f"{start_s:.3f}"] if start_s else [])]
    words += ["-i", str(original.absolute())]
    words += ["-map", "0:v:0", "-map", "1:a?", "-c:v", "copy", "-t", f"{seconds:.3f}", "-c:a"]
    try:
        # Most containers take the sound as it is; where not, it is encoded anew.
        for codec in ("copy", _SOUND_CODECS.get(video.suffix.lower(), "aac")):
            if _succeeds([*words, codec, str(mixed.absolute())]) and _readable(mixed):
                move(mixed, video)
                return None
    finally:
        mixed.unlink(missing_ok=True)
    return "ffmpeg could not lay the sound of the original under the video, which has none"


def _succeeds(words: list[str]) -> bool:
    try:
        # In a session of its own: Ctrl-C ends the run, and the run then waits for its file.
        done = subprocess.run(
            words,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_MUX_SECONDS,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _readable(path: Path) -> bool:
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        return bool(capture.isOpened() and capture.read()[0])
    finally:
        capture.release()


def _fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Scale an image into the size without changing its proportions; a missing odd line repeats its neighbor."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    if size[0] - width in (0, 1) and size[1] - height in (0, 1):
        inner, kind, top, left = image, cv2.BORDER_REPLICATE, 0, 0
    else:
        scale = min(size[0] / width, size[1] / height)
        fitting = max(1, round(width * scale)), max(1, round(height * scale))
        inner, kind = np.asarray(cv2.resize(image, fitting), np.uint8), cv2.BORDER_CONSTANT
        top, left = (size[1] - inner.shape[0]) // 2, (size[0] - inner.shape[1]) // 2
    bottom, right = size[1] - inner.shape[0] - top, size[0] - inner.shape[1] - left
    return np.asarray(cv2.copyMakeBorder(inner, top, bottom, left, right, kind), np.uint8)


def _file_size_limit() -> int | None:
    """Return the process's limit for one file in bytes, where there is one."""
    try:
        import resource
    except ImportError:  # Windows has none.
        return None
    soft = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if soft == resource.RLIM_INFINITY else soft
