"""Measure the timing error of annotated videos: when each frame is shown, compared with its time in the source."""

import struct
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.realtime import Pipeline, Recognizer, VideoSink, make_detector, run
from ferbench.realtime.events import Image
from ferbench.realtime.sources import VideoFile, packet_times

# Frames per second of the sources, each with its number of frames.
RATES = {0.5: 8, 1.0: 16, 25.0: 200, 60.0: 300}
# A video of varying rate: numbers of frames and seconds of each.
VARYING = ((6, 1.0), (50, 0.04), (3, 2.0), (30, 0.1))
# Frames carry their number as bits: squares of this side in pixels, black or white.
_BITS, _SIDE = 10, 32
_SIZE = (_BITS * _SIDE, 6 * _SIDE)
_BASE_FPS = 25.0
_CONTAINERS = (b"moov", b"trak", b"mdia", b"minf", b"stbl")


def measure_timing(model: str | None = None, detector: str = "haar") -> list[dict[str, Any]]:
    """Annotate videos of 0.5, 1, 25, 60 and varying frames per second, and find each frame in the result.

    Parameters
    ----------
    model, detector : str, optional
        As in :meth:`Recognizer.load` and :func:`make_detector`; they do not change the timing.

    Returns
    -------
    list of dict
        One row for each video: frames, the rate that was written, the largest and mean error in seconds, the difference
        of the lengths in seconds, frames that are not shown, and whether no error is above one written frame.
    """
    pipeline = Pipeline(Recognizer.load(model), make_detector(detector))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        sources = [(f"{fps:g}", _steady(folder / f"{fps:g}.avi", fps, count)) for fps, count in RATES.items()]
        sources.append(("varying", _varying(folder / "varying.mp4", VARYING)))
        return [_measure(name, source, folder / f"out-{name}.mp4", pipeline) for name, source in sources]


def _measure(name: str, source: Path, target: Path, pipeline: Pipeline) -> dict[str, Any]:
    with VideoFile(source) as video:
        expected = {frame.index: frame.timestamp_s for frame in video}
    with VideoFile(source) as video:
        fps = video.steady_fps()
        pipeline.reset()
        run(video, pipeline, [VideoSink(target, fps=fps)])
    shown: dict[int, float] = {}
    count = 0
    for number in _numbers(target):
        shown.setdefault(number, count / fps)
        count += 1
    errors = [abs(shown[index] - when) for index, when in expected.items() if index in shown]
    times = packet_times(str(source))
    length = times[-1] + (times[-1] - times[-2])
    return {
        "frames_per_s": name,
        "frames": len(expected),
        "written_fps": round(fps, 3),
        "largest_error_s": round(max(errors), 4),
        "mean_error_s": round(float(np.mean(errors)), 4),
        "length_error_s": round(abs(count / fps - float(length)), 4),
        "frames_not_shown": len(expected) - len(errors),
        "within_one_frame": bool(len(errors) == len(expected) and max(errors) <= 1 / fps + 1e-3),
    }


def _picture(number: int) -> Image:
    image: NDArray[np.uint8] = np.full((_SIZE[1], _SIZE[0], 3), 128, np.uint8)
    for bit in range(_BITS):
        image[-2 * _SIDE : -_SIDE, bit * _SIDE : (bit + 1) * _SIDE] = 255 if number >> bit & 1 else 0
    return image


def _numbers(path: Path) -> Iterator[int]:
    """Yield the number that each frame of a video carries."""
    video = cv2.VideoCapture(str(path))
    try:
        while (read := video.read())[0]:
            row = read[1][-2 * _SIDE + _SIDE // 2, _SIDE // 2 :: _SIDE, 1]
            yield sum(1 << bit for bit, level in enumerate(row[:_BITS]) if level > 128)
    finally:
        video.release()


def _steady(path: Path, fps: float, count: int, codec: str = "MJPG") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, _SIZE)
    for number in range(count):
        writer.write(_picture(number))
    writer.release()
    return path


def _varying(path: Path, parts: Sequence[tuple[int, float]]) -> Path:
    """Write an MP4 of constant rate, and replace the table of its durations."""
    _steady(path, _BASE_FPS, sum(count for count, _ in parts), "mp4v")
    path.write_bytes(b"".join(_boxes(path.read_bytes(), parts, [1])))
    return path


def _boxes(data: bytes, parts: Sequence[tuple[int, float]], scale: list[int]) -> Iterator[bytes]:
    """Yield the boxes of an MP4 with other durations; `scale` keeps the units per second of the video track."""
    place = 0
    while place + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, place)
        body = data[place + 8 : place + (size or len(data) - place)]
        if kind in _CONTAINERS:
            body = b"".join(_boxes(body, parts, scale))
        elif kind == b"mdhd":
            scale[0] = struct.unpack_from(">I", body, 12)[0]
            body = _with_length(body, 16, parts, scale[0])
        elif kind == b"mvhd":
            body = _with_length(body, 16, parts, struct.unpack_from(">I", body, 12)[0])
        elif kind == b"stts":
            entries = [struct.pack(">II", count, round(seconds * scale[0])) for count, seconds in parts]
            body = struct.pack(">II", 0, len(entries)) + b"".join(entries)
        elif kind == b"edts":  # its length would be that of the constant rate
            kind, body = b"free", bytes(len(body))
        yield struct.pack(">I4s", 8 + len(body), kind) + body
        place += size or len(data)


def _with_length(body: bytes, place: int, parts: Iterable[tuple[int, float]], scale: int) -> bytes:
    *_, length = accumulate(count * seconds for count, seconds in parts)
    return body[:place] + struct.pack(">I", round(length * scale)) + body[place + 4 :]
