"""Write video files, with a format chosen by the file extension and optionally the sound of another video."""

import errno
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.sinks.output import check_suffix
from ferbench.utils import PartFile, file_size_limit, move, own_group

# Codecs that the OpenCV wheels can write on all systems; they have no H.264 encoder.
VIDEO_CODECS: Mapping[str, tuple[str, ...]] = {
    ".avi": ("MJPG", "mp4v"),
    ".m4v": ("mp4v",),
    ".mkv": ("mp4v", "MJPG"),
    ".mov": ("mp4v", "MJPG"),
    ".mp4": ("mp4v",),
}
# Encoders for sound that cannot be copied without re-encoding.
_SOUND_CODECS = {".avi": "pcm_s16le"}
_RESERVE = 4 << 20
_INDEX_PER_FRAME = 64
_MUX_SECONDS = 600


class VideoOutput:
    """Writer of a video file, which is valid whenever it is closed.

    Parameters
    ----------
    path : Path
        Output file; its extension selects the format.
    fps : float
        Frames per second.
    sound_from : Path, optional
        Video whose sound is added when the file is closed, if ffmpeg is installed.

    Attributes
    ----------
    n_frames : int
        Frames written so far.
    note : str or None
        Reason for missing sound, after the file is closed.

    Raises
    ------
    ValueError
        If the file extension is unknown.
    OSError
        If the folder is not writable.
    """

    def __init__(self, path: Path, *, fps: float, sound_from: Path | None = None) -> None:
        check_suffix(path, VIDEO_CODECS, "the video")
        self.path = path
        # Cameras and damaged files can report unusable rates, which no player supports.
        self.fps = fps if 1 <= fps <= 240 else 25.0
        self.n_frames = 0
        self.note: str | None = None
        # Time of the first frame in the original, in seconds.
        self.sound_start_s = 0.0
        self._sound_from = sound_from
        self._file = PartFile(path)
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def write(self, image: NDArray[np.uint8]) -> None:
        """Append a frame; it is scaled to the size of the first frame if necessary.

        Raises
        ------
        OSError
            If the disk is nearly full; the file can still be closed correctly.
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
        """Complete and check the file, add the sound, and move it to its final name.

        Raises
        ------
        OSError
            If the file cannot be read back, because OpenCV's writer does not report failed writes.
        """
        if self._writer is None:
            return self._file.discard()
        self._writer.release()
        self._writer = None
        try:
            if not _readable(self._file.part):
                reason = f"the video could not be written ({self.n_frames} frames); check the free disk space"
                raise OSError(errno.EIO, reason, str(self.path))
            try:
                if self._sound_from is not None:
                    seconds = self.n_frames / self.fps
                    self.note = add_sound(self._file.part, self._sound_from, seconds, start_s=self.sound_start_s)
            finally:
                # Also if the user interrupts the processing of the sound.
                self._file.commit()
        finally:
            self._file.discard()

    def _open(self, image: NDArray[np.uint8]) -> None:
        height, width = image.shape[:2]
        # Encoders need even sizes, and OpenCV would drop the odd line.
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
        """Return the number of bytes that can still be written."""
        free = shutil.disk_usage(self.path.parent).free
        limit = file_size_limit()
        return free if limit is None else min(free, limit - self._file.part.stat().st_size)


def add_sound(video: Path, original: Path, seconds: float, *, start_s: float = 0.0) -> str | None:
    """Add the sound of one video to another, atomically.

    Parameters
    ----------
    video : Path
        Video without sound; replaced by one with sound.
    original : Path
        Video with the sound, if it has any.
    seconds : float
        Length of `video`; the sound ends there, also if the run was stopped early.
    start_s : float
        Start time of `video` in the original, in seconds.

    Returns
    -------
    str or None
        Reason why `video` is unchanged, if ffmpeg is missing or fails; otherwise None.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        return "ffmpeg is not installed, so the video has no sound; install it to keep the sound of the original"
    mixed = video.with_name(f".sound{video.name}")
    words = [ffmpeg, "-nostdin", "-loglevel", "error", "-y"]
    # Absolute paths, so that ffmpeg takes no name as an option or a protocol.
    words += ["-i", str(video.absolute()), *(["-ss", f"{start_s:.3f}"] if start_s else [])]
    words += ["-i", str(original.absolute())]
    words += ["-map", "0:v:0", "-map", "1:a?", "-c:v", "copy", "-t", f"{seconds:.3f}", "-c:a"]
    try:
        # Most containers accept a copy of the sound; otherwise it is re-encoded.
        for codec in ("copy", _SOUND_CODECS.get(video.suffix.lower(), "aac")):
            if _succeeds([*words, codec, str(mixed.absolute())]) and _readable(mixed):
                move(mixed, video)
                return None
    finally:
        mixed.unlink(missing_ok=True)
    return "ffmpeg could not add the sound of the original, so the video has no sound"


def _succeeds(words: list[str]) -> bool:
    try:
        # In a separate session, so that Ctrl-C does not stop ffmpeg: the run still waits for its file.
        done = subprocess.run(
            words,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_MUX_SECONDS,
            **own_group(),
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
    """Scale an image to a size and keep its aspect ratio; a missing odd line repeats its neighbor."""
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
