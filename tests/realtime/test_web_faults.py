"""`ferbench serve` as a process: a taken port, clients that do not read, foreign pages, and its end."""

import contextlib
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from web_server import NETWORK, Process, command, drawn_bundles, encoded, portrait, quick_httpx, served_process

httpx = quick_httpx()
pytest.importorskip("fastapi", reason="the extra web is not installed")
client = pytest.importorskip("websockets.sync.client", reason="the extra web is not installed")
exceptions = pytest.importorskip("websockets.exceptions", reason="the extra web is not installed")

MIB = 2**20


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return drawn_bundles(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("album")
    (folder / "one.jpg").write_bytes(encoded(portrait()))
    return folder


@pytest.fixture(scope="module")
def served(bundles: dict[str, Path], album: Path) -> Iterator[Process]:
    with served_process(bundles, "--source", str(album)) as process:
        yield process


def ask(process: Process) -> str:
    return str(httpx.get(f"{process.http}/healthz", timeout=30).json()["status"])


def test_a_second_server_on_the_port_says_so_and_ends(served: Process, bundles: dict[str, Path]) -> None:
    line = command(bundles, "--port", str(served.port))
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2 and done.stdout == ""
    (error,) = done.stderr.strip().splitlines()
    assert error.startswith(f"ferbench: error: port {served.port} on 127.0.0.1 is already in use")
    assert f"--port {served.port + 1}" in error
    assert ask(served) == "ok"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "--token"),
        (["--host", "203.0.113.7", "--token", "long enough"], "give an address of this machine"),
        (["--host", "no.such.host.invalid", "--token", "long enough"], "--host no.such.host.invalid"),
        (["--port", "99999"], "--port must be"),
        (["--source", "no_such.mp4"], "no_such.mp4"),
        (["--tls-cert", "cert.pem"], "--tls-key"),
    ],
    ids=["open", "foreign", "unknown", "port", "source", "tls"],
)
def test_a_server_that_cannot_start_says_why_in_one_line(
    bundles: dict[str, Path], arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from ferbench.cli import main

    assert main([*command(bundles)[3:], *arguments]) == 2
    captured = capsys.readouterr()
    assert words in captured.err and len(captured.err.strip().splitlines()) == 1 and captured.out == ""


def test_pages_of_others_are_refused(served: Process) -> None:
    for address in ("/", "/api/models", "/api/source.mjpg"):
        answer = httpx.get(served.http + address, headers={"Origin": "http://evil.example"}, timeout=30)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin")
    with pytest.raises(exceptions.InvalidStatus, match="403"):
        client.connect(served.http.replace("http", "ws") + "/ws/camera", origin="http://evil.example").__enter__()


class Camera(threading.Thread):
    """A client of its own thread that sends frames; counts the answers, or reads none."""

    def __init__(self, process: Process, frame: bytes, wanted: int, *, reads: bool) -> None:
        super().__init__(daemon=True)
        self.address = process.http.replace("http", "ws") + "/ws/camera"
        self.frame, self.wanted, self.reads = frame, wanted, reads
        self.answered = 0
        self.problem: Exception | None = None
        self.over = threading.Event()

    def run(self) -> None:
        options = {"max_queue": 32 if self.reads else 1, "close_timeout": 1, "open_timeout": 120}
        try:
            with client.connect(self.address, ping_interval=None, **options) as socket:
                self.talk(socket) if self.reads else self.babble(socket)
        except Exception as error:
            self.problem = error

    def talk(self, socket: Any) -> None:
        socket.recv(120)
        while self.answered < self.wanted:
            socket.send(self.frame)
            message = json.loads(socket.recv(120))
            assert message["type"] == "events" and message["events"]
            self.answered += 1

    def babble(self, socket: Any) -> None:
        while not self.over.wait(0.05):
            socket.send(self.frame)


def test_clients_that_do_not_read_take_nothing_from_the_others(served: Process) -> None:
    ask(served)
    frame = encoded(portrait().resize((160, 120)))
    before = served.memory
    deaf = [Camera(served, frame, 0, reads=False) for _ in range(10)]
    others = [Camera(served, frame, 5, reads=True) for _ in range(40)]
    for camera in [*deaf, *others]:
        camera.start()
    for camera in others:
        camera.join(240)
    assert [camera.problem for camera in others] == [None] * 40
    assert [camera.answered for camera in others] == [5] * 40
    assert ask(served) == "ok"
    assert served.memory - before < 150 * MIB
    for camera in deaf:
        camera.over.set()
    for camera in deaf:
        camera.join(30)
    # Whatever they sent, their connections are gone, and nothing is kept.
    for _ in range(150):
        if len(connections(served)) == 0:
            return
        time.sleep(0.2)
    raise AssertionError(f"still connected: {connections(served)}")


def connections(process: Process) -> list[Any]:
    every = psutil.Process(process.popen.pid).net_connections("tcp")
    return [one for one in every if one.status == psutil.CONN_ESTABLISHED]


def test_nothing_is_written(served: Process) -> None:
    answer = httpx.post(f"{served.http}/api/predict", content=encoded(portrait()), timeout=60)
    assert answer.json()["events"]
    written = [file.path for file in psutil.Process(served.popen.pid).open_files() if set(file.mode) & set("wa+")]
    assert written == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_with_viewers_watching(album: Path, number: int) -> None:
    with served_process(NETWORK, "--source", str(album)) as process, contextlib.ExitStack() as stack:
        ws = process.http.replace("http", "ws")
        camera = stack.enter_context(client.connect(f"{ws}/ws/camera", close_timeout=1, open_timeout=120))
        camera.send(encoded(portrait()))
        assert camera.recv(60)
        stack.enter_context(client.connect(f"{ws}/ws/source", close_timeout=1, open_timeout=120)).recv(60)
        stream = stack.enter_context(httpx.stream("GET", f"{process.http}/api/source.mjpg", timeout=60))
        assert next(stream.iter_raw())
        process.popen.send_signal(number)
        out, err = process.popen.communicate(timeout=60)
        assert (process.popen.returncode, err) == (0, "") and out == "ferbench: stopped\n"
        with socket.create_server(("127.0.0.1", process.port)):
            pass
