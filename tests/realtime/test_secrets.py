"""A camera's password is told to the camera, and to nobody else: no answer, page, log, table, summary or error."""

import json
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.cli import main
from ferbench.realtime.sources.capture import LiveSource
from ferbench.realtime.sources.video_file import VideoFile

ADDRESS = "rtsp://user:secret@127.0.0.1:9/live?token=secret"
SHOWN = "rtsp://127.0.0.1:9/live?token=***"


class Camera:
    """Gives some frames, and remembers by which address it was opened."""

    def __init__(self, frames: int = 3) -> None:
        self.left = frames
        self.opened: list[Any] = []

    def __call__(self, target: Any) -> "Camera":
        self.opened.append(target)
        return self

    def isOpened(self) -> bool:
        return True

    def get(self, _: int) -> float:
        return 0.0

    def read(self) -> tuple[bool, Any]:
        time.sleep(0.01)
        self.left -= 1
        return self.left >= 0, np.zeros((48, 48, 3), np.uint8) if self.left >= 0 else None

    def release(self) -> None:
        pass


def test_a_source_is_opened_by_its_address_and_named_without_it() -> None:
    camera = Camera()
    source = LiveSource(ADDRESS, opener=camera, first_wait_s=0.01)
    for frame in source:
        if frame.index == 2:
            # The next reading finds it lost.
            camera.left = 0
            source._recover(1.0)
            break
    assert set(camera.opened) == {ADDRESS}
    assert source.name == SHOWN and source.status == f"{SHOWN} lost, trying again"
    assert source.notes == [f"{SHOWN} was lost at 1.0 s"]


def test_errors_of_sources_do_not_tell_it() -> None:
    for make in (LiveSource, VideoFile):
        with pytest.raises((OSError, ValueError)) as caught:
            make(ADDRESS)
        assert "secret" not in str(caught.value) and SHOWN in str(caught.value)


@pytest.mark.parametrize(
    "words",
    [
        ["live", ADDRESS, "--no-window"],
        ["video", ADDRESS, "--events", "OUT.csv"],
        ["image", ADDRESS],
        ["predict", ADDRESS],
        ["live", "0", "--points", ADDRESS],
        ["live", "0", "nonsense", ADDRESS],
        ["run", ADDRESS],
        ["tune", "hog+svm", "--source", ADDRESS],
    ],
)
def test_no_command_prints_it(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        assert main(words) == 2
    except SystemExit as ended:
        assert ended.code == 2
    said = "".join(capfd.readouterr())
    assert said and "secret" not in said
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"secret" in file.read_bytes()]


def test_summaries_and_tables_do_not_hold_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("ferbench.realtime.sources.source.open_capture", Camera(10**9))
    words = ["live", ADDRESS, "--no-window", "--max-frames", "2", "--detector", "haar", "--model", "ferbench-net-xs"]
    assert main([*words, "--events", "events.csv", "--summary", "summary.html", "--output-video", "out.avi"]) == 0
    written = list(tmp_path.iterdir())
    assert len(written) >= 3
    assert not [file.name for file in written if b"secret" in file.read_bytes()]


def test_the_server_does_not_tell_it(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("fastapi", reason="the extra web is not installed")
    client = pytest.importorskip("websockets.sync.client", reason="the extra web is not installed")
    from web_server import NETWORK, quick_httpx, serving

    httpx = quick_httpx()

    with caplog.at_level(logging.DEBUG), serving(NETWORK, source=ADDRESS) as served:
        said = [httpx.get(served.http + path, timeout=30).text for path in ("/api/models", "/api/source.mjpg", "/")]
        with client.connect(f"{served.ws}/ws/source") as opened:
            messages = [str(opened.recv(30)) for _ in range(3)]
    assert json.loads(said[0])["source"] == SHOWN
    assert SHOWN in said[1] and any(SHOWN in message for message in messages)
    assert not [text for text in [*said, *messages, caplog.text] if "secret" in text]


def test_a_source_of_a_server_that_is_misspelled_is_refused_without_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--source", "rtsp:/user:secret@127.0.0.1/live"]) == 2
    error = capsys.readouterr().err
    assert "--source rtsp:/127.0.0.1/live: no such file" in error and "secret" not in error
