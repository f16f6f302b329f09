"""Videos as they are: varying and slow rates, damage, addresses, parts of them, and streams that give nothing."""

import contextlib
import functools
import http.server
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import Collector, ScriptedDetector, brightness_recognizer, one_face
from live_results import result

from ferbench.realtime import Pipeline, VideoSink, open_source, process_video, run
from ferbench.realtime.sources import VideoFile, capture
from ferbench.realtime.sources.ending import is_cut_off
from ferbench.realtime.sources.timing import packet_times, steady_fps


def write_video(file: Path, n_frames: int = 30, *, fps: float = 25.0, codec: str = "MJPG", step: int = 5) -> Path:
    """Frames whose brightness is `step` times their number."""
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*codec), fps, (64, 48))
    for number in range(n_frames):
        writer.write(np.full((48, 64, 3), step * number % 256, np.uint8))
    writer.release()
    return file


def shown(file: Path) -> tuple[float, list[int]]:
    """Frame rate and brightness of each frame."""
    video = cv2.VideoCapture(str(file))
    fps, levels = video.get(cv2.CAP_PROP_FPS), []
    while (read := video.read())[0]:
        levels.append(round(float(read[1].mean())))
    video.release()
    return fps, levels


def test_each_frame_appears_at_its_time_and_the_last_one_stays(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "o.avi", fps=25) as sink:
        for number, moment in enumerate([0.0, 1.0, 2.0, 2.04, 2.08]):
            sink.write(result(number, moment, image=np.full((48, 64, 3), 50 * number, np.uint8)))
    _, levels = shown(tmp_path / "o.avi")
    assert len(levels) == 53
    # The picture before stays until the next one's moment.
    assert levels[24] < 10 and abs(levels[25] - 50) < 10 and abs(levels[49] - 50) < 10 and abs(levels[50] - 100) < 10


def test_a_slow_video_keeps_its_length(tmp_path: Path) -> None:
    source = write_video(tmp_path / "slow.avi", 8, fps=0.5, step=30)
    assert process_video(source, tmp_path / "o.avi", lambda frame: frame.image) == 8
    fps, levels = shown(tmp_path / "o.avi")
    assert fps >= 5 and len(levels) / fps == pytest.approx(16.0, abs=1 / fps)
    # The last picture comes at 14 s.
    assert levels[round(13.5 * fps)] < levels[round(14.5 * fps)]


def test_a_steady_video_keeps_its_frames(tmp_path: Path) -> None:
    source = write_video(tmp_path / "in.avi", 30, fps=12.5)
    process_video(source, tmp_path / "o.avi", lambda frame: 255 - frame.image)
    fps, levels = shown(tmp_path / "o.avi")
    assert (fps, len(levels)) == (12.5, 30) and levels[0] > 245


def test_a_varying_rate_is_written_at_the_rate_of_its_short_intervals() -> None:
    times = np.concatenate([np.arange(6.0), 6 + np.arange(50) / 25])
    assert steady_fps(times, 7.03) == pytest.approx(25.0, abs=0.1)
    assert steady_fps(np.round(np.arange(90) / 30, 3), 30.0) == 30.0
    assert steady_fps(np.empty(0), 25.0) == 25.0


def test_times_are_read_from_packets(tmp_path: Path) -> None:
    times = packet_times(str(write_video(tmp_path / "a.avi", 20, fps=10.0)))
    assert times == pytest.approx(np.arange(20) / 10, abs=1e-3)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_sound_and_picture_stay_in_step(tmp_path: Path) -> None:
    import subprocess

    graph = (
        "[0:v]split[a][b];[a]trim=0:3,setpts=PTS-STARTPTS,fps=1[p];[b]trim=3:4,setpts=PTS-STARTPTS[q];[p][q]concat[v]"
    )
    words = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=4"]
    words += ["-f", "lavfi", "-i", "sine=d=4", "-filter_complex", graph, "-map", "[v]", "-map", "1:a"]
    subprocess.run([*words, "-fps_mode", "vfr", str(tmp_path / "vfr.mp4")], check=True)
    process_video(tmp_path / "vfr.mp4", tmp_path / "o.mp4", lambda frame: frame.image)
    fps, levels = shown(tmp_path / "o.mp4")
    assert len(levels) / fps == pytest.approx(4.0, abs=2 / fps)
    said = subprocess.run(["ffmpeg", "-i", str(tmp_path / "o.mp4")], capture_output=True, text=True, check=False).stderr
    assert "Audio:" in said and ("00:00:03.9" in said or "00:00:04.0" in said)


def test_a_part_and_a_lower_rate(tmp_path: Path) -> None:
    file = write_video(tmp_path / "a.avi", 50, fps=25.0)
    with open_source(file, rate=5, start_s=0.4, stop_s=1.2) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == [10, 15, 20, 25]
    assert [frame.timestamp_s for frame in frames] == pytest.approx([0.4, 0.6, 0.8, 1.0], abs=1e-3)
    assert [round(float(frame.image.mean())) for frame in frames] == pytest.approx([50, 75, 100, 125], abs=4)
    assert source.fps == 5 and not source.notes


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"rate": 0}, "rate must be more than 0"),
        ({"start_s": -1}, "start must be at least 0"),
        ({"start_s": 2, "stop_s": 1}, "stop must be later than the start"),
    ],
)
def test_a_part_that_is_none_is_refused(tmp_path: Path, part: dict[str, float], message: str) -> None:
    file = write_video(tmp_path / "a.avi", 5)
    with pytest.raises(ValueError, match=message):
        open_source(file, **part)  # type: ignore[arg-type]
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(ValueError, match="are only for video files"):
        open_source(tmp_path / "a.png", rate=3)
    with open_source(file, start_s=60) as source, pytest.raises(ValueError, match="has no frame after 60 s"):
        list(source)


def test_a_missing_end_is_told_by_the_container(tmp_path: Path) -> None:
    file = write_video(tmp_path / "a.mp4", 20, codec="mp4v")
    assert is_cut_off(file) is False
    (tmp_path / "cut.mp4").write_bytes(file.read_bytes()[:-200])
    assert is_cut_off(tmp_path / "cut.mp4") is True


def test_frames_behind_a_damaged_stretch_are_read_and_the_video_is_not_cut_off(tmp_path: Path) -> None:
    file = write_video(tmp_path / "a.avi", 100)
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 20] = bytes(len(data) // 20)
    file.write_bytes(data)
    with open_source(file) as source:
        frames = list(source)
    # AVI counts its frames: those behind the damage come earlier by what is missing.
    assert 70 < len(frames) < 100 and round(float(frames[-1].image.mean())) == pytest.approx(5 * 99 % 256, abs=4)
    assert any("damaged" in note for note in source.notes)
    assert not any("cut off" in note for note in source.notes)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_video_behind_an_address_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    write_video(tmp_path / "a.mp4", 60, codec="mp4v")
    sink = Collector()
    with served(tmp_path) as url:
        source = open_source(f"{url}/a.mp4")
        assert isinstance(source, VideoFile) and not source.live and source.n_frames == 60
        summary = run(source, Pipeline(brightness_recognizer(), ScriptedDetector(one_face)), [sink])
    assert (summary.frames, summary.dropped, summary.notes) == (60, 0, ())
    assert sink.results[-1].timestamp_s == pytest.approx(59 / 25, abs=1e-3)


class Silent:
    """A stream that opens and gives nothing."""

    def isOpened(self) -> bool:
        return True

    def get(self, prop: int) -> float:
        return 0.0

    def read(self) -> tuple[bool, None]:
        time.sleep(0.2)
        return False, None

    def release(self) -> None:
        pass


def test_a_stream_that_gives_nothing_ends_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    assert capture.FIRST_FRAME_S <= 8
    monkeypatch.setattr(capture, "FIRST_FRAME_S", capture.FIRST_FRAME_S / 10)
    monkeypatch.setattr(capture, "NETWORK_TIMEOUT_MS", capture.NETWORK_TIMEOUT_MS / 10)
    began = time.monotonic()
    source = capture.LiveSource("http://somewhere/stream", opener=lambda target: Silent())
    with pytest.raises(OSError, match=r"http://somewhere/stream opens but gives no picture .*another program"):
        run(source, Pipeline(brightness_recognizer(), ScriptedDetector(one_face)), [])
    assert time.monotonic() - began < 10


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert capture.NETWORK_TIMEOUT_MS <= 4000
    monkeypatch.setattr(capture, "NETWORK_TIMEOUT_MS", 500)
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        with pytest.raises(OSError, match="cannot be opened; check the address"):
            open_source(f"http://127.0.0.1:{server.getsockname()[1]}/stream")
        assert time.monotonic() - began < 10
