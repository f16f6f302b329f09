"""A served page for the tests of the web: bundles fitted on drawn faces, and the server as a thread or a process."""

import contextlib
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import psutil
import pytest
from PIL import Image

from ferbench.datasets import LABELS, make_faces
from ferbench.models import make_recipe, save_bundle

MODELS = ("pixels+logreg", "pixels+tree")
# A network, for servers of which any model will do: theirs start in a third of the time, without scikit-learn.
NETWORK = {"cnn": Path(__file__).parent / "golden" / "bundles" / "cnn"}


def quick_httpx() -> SimpleNamespace:
    """What the tests call of httpx, or a skip. No certificates are read, which takes longer than most requests."""
    httpx = pytest.importorskip("httpx", reason="httpx is not installed")
    names = ("get", "post", "put", "stream", "Client")
    return SimpleNamespace(**{name: partial(getattr(httpx, name), verify=False) for name in names})


def drawn_bundles(folder: Path) -> dict[str, Path]:
    """Two small recognizers by name, fitted on drawn faces."""
    faces = make_faces(140, random_state=4, difficulty=0.2)
    made = {}
    for name in MODELS:
        recognizer = make_recipe(name).fit(faces.images, faces.labels)
        scores = {"PrivateTest": {"accuracy": 0.9}, "PublicTest": {"accuracy": 0.8}}
        info = {"recipe": {"name": name}, "dataset": {"name": "drawn faces", "drawn": True}, "scores": scores}
        made[name] = save_bundle(folder / name, recognizer, image_shape=(48, 48), info=info)
    return made


def mixed_bundle(folder: Path) -> dict[str, Path]:
    """A recognizer by name that gives every face 46 % happy and 36 % surprise: it is fitted on empty images."""
    shares = {"happy": 13, "surprise": 10}
    labels = np.repeat(LABELS, [shares.get(label, 1) for label in LABELS])
    recognizer = make_recipe("pixels+tree").fit(np.zeros((labels.size, 48, 48), np.uint8), labels)
    info = {"recipe": {"name": "pixels+tree"}, "dataset": {"name": "empty", "drawn": True}, "scores": {}}
    return {"mixed": save_bundle(folder / "mixed", recognizer, image_shape=(48, 48), info=info)}


def portrait() -> Image.Image:
    """A photograph of 640 × 480 with one face, public domain (NASA), that scikit-image carries."""
    data = pytest.importorskip("skimage.data", reason="scikit-image is not installed: no photograph of a face")
    return Image.fromarray(np.asarray(data.astronaut())).crop((0, 0, 400, 300)).resize((640, 480))


def encoded(picture: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


class Served(NamedTuple):
    """A running server."""

    http: str
    port: int
    app: Any

    @property
    def ws(self) -> str:
        return self.http.replace("http", "ws", 1)


@contextlib.contextmanager
def serving(
    bundles: dict[str, Path], *, port: int = 0, send_buffer: int | None = None, **options: Any
) -> Iterator[Served]:
    """The server in a thread of this process; ended, with all its threads, at the end."""
    import socket

    from ferbench.realtime.web import Server, bind, create_app

    started = threading.Event()
    limits = options.get("limits")
    with bind("127.0.0.1", port, limits=limits) as bound:
        if send_buffer:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        app = create_app(bundles, detector="haar", **options)
        server = Server(app, limits, on_start=started.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        assert started.wait(20)
        port = bound.getsockname()[1]
        try:
            yield Served(f"http://127.0.0.1:{port}", port, app)
        finally:
            server.should_exit = True
            thread.join(20)
    assert not thread.is_alive(), "the server does not end"


class Process(NamedTuple):
    """A running `ferbench serve`."""

    http: str
    port: int
    popen: "subprocess.Popen[str]"

    @property
    def memory(self) -> int:
        """Resident bytes."""
        return int(psutil.Process(self.popen.pid).memory_info().rss)


def command(bundles: dict[str, Path], *arguments: str) -> list[str]:
    """The command line of `ferbench serve` with these models."""
    return [
        sys.executable,
        "-m",
        "ferbench.cli",
        "serve",
        "--detector",
        "haar",
        "--model",
        *map(str, bundles.values()),
        *arguments,
    ]


@contextlib.contextmanager
def served_process(bundles: dict[str, Path], *arguments: str) -> Iterator[Process]:
    """`ferbench serve` on a free port, as a user runs it; killed at the end if it still lives."""
    line = command(bundles, "--port", "0", *arguments)
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as popen:
        try:
            assert popen.stdout is not None and popen.stderr is not None
            announced = popen.stdout.readline()
            assert announced.startswith("ferbench: http"), popen.stderr.read()
            address = announced.split()[1].rstrip("/")
            yield Process(address, int(address.rsplit(":", 1)[1]), popen)
        finally:
            if popen.poll() is None:
                popen.kill()
            popen.communicate(timeout=20)
