"""Sources: what can be opened is read to its end; what cannot is refused in one line that says what to do."""

import os
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from live_parts import Collector, ScriptedDetector, brightness_recognizer, one_face

from ferbench.realtime import Pipeline, open_source, run
from ferbench.realtime.sources import VideoFile
from ferbench.realtime.sources.capture import LiveSource
from ferbench.utils.pictures import EXPECTED


def write_video(file: Path, n_frames: int = 30, *, fps: float = 25.0, codec: str = "MJPG") -> Path:
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*codec), fps, (64, 48))  # type: ignore[attr-defined]
    for number in range(n_frames):
        writer.write(np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8))
    writer.release()
    return file


def png(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header promises a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + end


class FakeCamera:
    """A camera that sends `n` pictures and then nothing, as if it had been unplugged."""

    def __init__(self, n: int, *, opens: bool = True) -> None:
        self.left, self.opens, self.released = n, opens, False

    def isOpened(self) -> bool:
        return self.opens

    def get(self, prop: int) -> float:
        return {cv2.CAP_PROP_FPS: 30.0, cv2.CAP_PROP_FRAME_WIDTH: 64.0, cv2.CAP_PROP_FRAME_HEIGHT: 48.0}.get(prop, 0.0)

    def read(self) -> tuple[bool, Any]:
        self.left -= 1
        time.sleep(0.01)
        return (True, np.full((48, 64, 3), 200, np.uint8)) if self.left >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


def test_a_video_gives_all_its_frames_with_their_times(tmp_path: Path) -> None:
    with open_source(write_video(tmp_path / "a.avi", 30, fps=10.0)) as source:
        assert (source.fps, source.size, source.n_frames, source.live) == (10.0, (64, 48), 30, False)
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(30))
    assert [frame.timestamp_s for frame in frames] == pytest.approx([n / 10 for n in range(30)], abs=1e-3)
    assert frames[0].image.shape == (48, 64, 3) and frames[0].arrived_s is None
    assert not source.notes


def test_a_video_opened_live_runs_at_its_own_pace(tmp_path: Path) -> None:
    with open_source(write_video(tmp_path / "a.avi", 10, fps=20.0), live=True) as source:
        assert source.live
        started = time.perf_counter()
        frames = list(source)
    assert time.perf_counter() - started >= 0.44
    assert all(frame.arrived_s is not None for frame in frames)


def test_a_cut_off_video_ends_with_what_could_be_read_and_says_so(tmp_path: Path) -> None:
    file = write_video(tmp_path / "a.avi", 60)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    sink = Collector()
    summary = run(open_source(file), Pipeline(brightness_recognizer(), ScriptedDetector(one_face)), [sink])
    assert 10 < summary.frames < 40
    (note,) = summary.notes
    assert str(file) in note and "cut off or damaged" in note and "of 60 frames" in note


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.png", b"", "the file is empty; expected JPEG"),
        ("empty.mp4", b"", "the file is empty; expected a video or an image"),
        ("empty", b"", "the file is empty"),
        ("notes.txt", b"one line\n" * 100, "a text file; expected a video or an image"),
        ("film.mp4", b"one line\n" * 100, "a text file"),
        ("noise.avi", bytes(range(256)) * 400, "no video or image that can be read"),
        ("noise.png", bytes(range(256)) * 400, "not an image, or a damaged one"),
        ("bomb.png", png(20_000, 20_000), "20,000 x 20,000 pixels are too many; expected at most 50,000,000"),
        ("bomb", png(20_000, 20_000), "20,000 x 20,000 pixels are too many"),
        (
            "large.png",
            png(8_000, 8_000),
            "8,000 x 8,000 pixels are too many; expected at most 50,000,000 pixels; make it",
        ),
        ("cut.png", png(50, 50), "a damaged image"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line_with_its_name(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        open_source(tmp_path / name)
    assert str(caught.value).startswith(str(tmp_path / name)) and "\n" not in str(caught.value)
    # OpenCV and FFmpeg have nothing to add.
    assert "FFMPEG" not in capfd.readouterr().err


def test_a_cut_off_jpeg_is_refused(tmp_path: Path) -> None:
    data = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8))[1].tobytes()
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match="a damaged JPEG, cut off before its end"):
        open_source(tmp_path / "a.jpg")


def test_what_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file or folder; give a camera's number"):
        open_source(tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="the folder holds no images"):
        open_source(tmp_path)


def test_an_image_is_one_still_frame_whatever_it_is_called(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((30, 40, 3), 7, np.uint8))
    (tmp_path / "upload").write_bytes((tmp_path / "a.png").read_bytes())
    for name in ("a.png", "upload"):
        with open_source(str(tmp_path / name)) as source:
            (frame,) = source
        assert (frame.still, frame.name, source.size, source.n_frames) == (True, name, (40, 30), 1)
        assert frame.image.shape == (30, 40, 3) and (frame.image == 7).all()


def test_a_folder_gives_its_images_by_name_and_notes_those_it_cannot_read(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", "d.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "c.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not an image")
    with open_source(tmp_path) as source:
        frames = list(source)
    assert [(frame.index, frame.name) for frame in frames] == [(0, "a.png"), (1, "b.png"), (2, "d.png")]
    assert source.notes == [
        f"{tmp_path}: 1 of 4 images could not be read",
        f"{tmp_path}: left out: 1 .txt",
        f"skipped {tmp_path / 'c.png'}: the file is empty; {EXPECTED}",
    ]


def test_a_folder_of_damaged_images_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "c.png").write_bytes(b"")
    with pytest.raises(ValueError, match="none of its 1 images can be read"):
        list(open_source(tmp_path))


def test_a_camera_that_is_not_there_is_refused_at_once() -> None:
    with pytest.raises(OSError, match="camera 37 cannot be opened; is it plugged in"):
        open_source("37")


def test_an_address_that_does_not_answer_is_refused_without_its_password() -> None:
    with pytest.raises(OSError, match=r"rtsp://127.0.0.1:9/live cannot be opened; check the address") as caught:
        open_source("rtsp://user:secret@127.0.0.1:9/live")
    assert "secret" not in str(caught.value)


def test_a_camera_that_is_unplugged_and_back_goes_on() -> None:
    cameras = [FakeCamera(10), FakeCamera(0, opens=False), FakeCamera(0, opens=False), FakeCamera(10)]
    opened: list[FakeCamera] = []

    def opener(target: str | int) -> FakeCamera:
        opened.append(cameras[len(opened)])
        return opened[-1]

    source = LiveSource(0, opener=opener, first_wait_s=0.25)
    sink = Collector()
    run(source, Pipeline(brightness_recognizer(), ScriptedDetector(one_face)), [sink], max_frames=15)
    assert len(opened) == 4 and all(camera.released for camera in opened)
    numbers = [result.frame for result in sink.results]
    assert numbers == sorted(numbers) and numbers[-1] >= 10
    # The window was kept alive with the last picture and the reason.
    assert any(result.message == "camera 0 lost, trying again" for result in sink.quiet)
    assert all(result.message is None for result in sink.results)
    assert source.notes[0].startswith("camera 0 was lost at")
    times = [result.timestamp_s for result in sink.results]
    assert times == sorted(times) and times[-1] > 0.7


def test_a_lost_camera_does_not_keep_the_run_from_ending() -> None:
    import threading

    calls = []

    def opener(target: str | int) -> FakeCamera:
        calls.append(target)
        return FakeCamera(3 if len(calls) == 1 else 0, opens=len(calls) == 1)

    stop = threading.Event()
    threading.Timer(1.0, stop.set).start()
    started = time.monotonic()
    run(
        LiveSource(0, opener=opener, first_wait_s=30.0),
        Pipeline(brightness_recognizer(), ScriptedDetector(one_face)),
        [],
        stop=stop,
    )
    assert time.monotonic() - started < 10


def test_pauses_before_trying_again_grow_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    source = LiveSource(0, opener=lambda target: FakeCamera(0), first_wait_s=0.5)
    waits: list[float] = []
    monkeypatch.setattr(source, "_reopen", lambda: False)
    monkeypatch.setattr(source._stopped, "wait", lambda timeout: waits.append(timeout) or len(waits) == 7)
    source._recover(0.0)
    assert waits == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


@pytest.mark.data
def test_the_clip_is_read_whole(shared_data: Path) -> None:
    with VideoFile(shared_data / "clip_talking_head.avi") as source:
        frames = list(source)
    assert len(frames) == 202 and frames[-1].timestamp_s == pytest.approx(201 / 25, abs=1e-3)


@pytest.mark.skipif(not hasattr(os, "listdir") or not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_no_file_stays_open(tmp_path: Path) -> None:
    file = write_video(tmp_path / "a.avi", 5)
    for _ in range(3):
        with open_source(file) as source:
            next(iter(source))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        with open_source(file) as source:
            next(iter(source))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
