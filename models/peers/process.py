"""Talk with the process of a peer: a line of JSON, then the bytes of an array; sizes and times are bounded."""

import contextlib
import json
import math
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.models.peers.registry import Adapter, get_adapter, interpreter_of
from ferbench.utils import kill_group, own_group, parse_json

CHILD = Path(__file__).with_name("child.py")
MAX_HEADER = 65536
# Seconds for the first answer, which opens the package and its weights, and for each later one.
START_S, ANSWER_S = 300.0, 120.0
# Environment of the child: nothing that leads to modules of this interpreter.
_DROPPED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")


class PeerProcess:
    """Process of a peer in its own interpreter. Use it as a context manager, or call `close`.

    Parameters
    ----------
    adapter : Adapter
    python : str
        Interpreter of an environment with the package.
    timeout_s : float or None
        Seconds for each answer; None takes 300 for the first and 120 for each later one.

    Raises
    ------
    OSError
        If the interpreter cannot be started.
    """

    def __init__(self, adapter: Adapter, python: str, *, timeout_s: float | None = None) -> None:
        self.adapter, self.timeout_s, self._opened, self._closed = adapter, timeout_s, False, False
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
        try:
            self._process = subprocess.Popen(
                [python, str(CHILD), str(adapter.file), adapter.attribute, "serve", json.dumps(dict(adapter.options))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=environment | {"TF_CPP_MIN_LOG_LEVEL": "3"},
                **own_group(),
                bufsize=0,
            )
        except OSError as error:
            self._log.close()
            raise OSError(f"{adapter.title}: cannot start {python}: {error.strerror}") from error
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._buffer = b""

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def release(self) -> tuple[str, int]:
        """Return the version of the package and its size in bytes, without opening it.

        Raises
        ------
        ImportError
            If the package is not installed there; the message says how to install it.
        """
        reply = self._ask({"do": "about"}, b"", 30.0 if self.timeout_s is None else self.timeout_s)
        if "missing" in reply:
            raise ImportError(f"{self.adapter.title}: {str(reply['missing'])[:400]}")
        version, size = reply.get("version"), reply.get("bytes")
        if not isinstance(version, str) or len(version) > 60 or not isinstance(size, int) or size < 0:
            raise self._failure("gave no version and size")
        return version, size

    def faces(self, images: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the answers for images; rows of NaN are no answer.

        Parameters
        ----------
        images : ndarray
            For a package, gray faces of shape (n_samples, height, width), uint8; for a model in a file, its input.

        Raises
        ------
        ValueError
            If the package fails, answers too late, or answers something else.
        """
        limit = self.timeout_s or (ANSWER_S if self._opened else START_S)
        deadline = time.monotonic() + limit
        content = np.ascontiguousarray(images)
        request = {"do": "faces", "shape": list(images.shape), "type": images.dtype.name}
        reply = self._ask(request, content.tobytes(), limit)
        if "failed" in reply:
            raise self._failure(str(reply["failed"])[:400])
        expected = [len(images), len(self.adapter.labels)]
        if reply.get("shape") != expected:
            raise self._failure(f"answered the shape {str(reply.get('shape'))[:60]}; expected {expected}")
        self._opened = True
        rows = np.frombuffer(self._read(4 * math.prod(expected), deadline), np.float32)
        return rows.reshape(expected)

    def close(self) -> None:
        """End the process and everything that it started; a second call does nothing."""
        if self._closed:
            return  # Its number may belong to another process by now.
        self._closed = True
        kill_group(self._process.pid)
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> "PeerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, request: dict[str, Any], content: bytes, limit_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + limit_s
        self._write(json.dumps(request).encode() + b"\n" + content, deadline)
        while b"\n" not in self._buffer:
            if len(self._buffer) > MAX_HEADER:
                raise self._failure(f"answered a line of more than {MAX_HEADER} bytes")
            self._fill(deadline)
        line, _, self._buffer = self._buffer.partition(b"\n")
        reply = parse_json(line, self.adapter.title, max_bytes=MAX_HEADER)
        if not isinstance(reply, dict):
            raise self._failure("answered something else than a JSON object")
        return reply

    def _write(self, content: bytes, deadline: float) -> None:
        assert self._process.stdin is not None
        view, pipe = memoryview(content), self._process.stdin.fileno()
        os.set_blocking(pipe, False)
        while view:
            _, ready, _ = select.select([], [pipe], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise self._failure("took too long to read the images")
            try:
                view = view[os.write(pipe, view) :]
            except BrokenPipeError:
                raise self._failure(self._last_words()) from None

    def _read(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            self._fill(deadline)
        content, self._buffer = self._buffer[:size], self._buffer[size:]
        return content

    def _fill(self, deadline: float) -> None:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise self._failure("took too long to answer")
        piece = os.read(pipe, 2**20)
        if not piece:
            raise self._failure(self._last_words())
        self._buffer += piece

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - 4096))
        lines = self._log.read().decode("utf-8", "replace").strip().splitlines()
        return f"ended with exit code {self._process.returncode}: {lines[-1][:300] if lines else 'no message'}"

    def _failure(self, reason: str) -> ValueError:
        """End the process, since its next answer could be that of this request, and return the error."""
        self.close()
        return ValueError(f"{self.adapter.title}: {reason}; {self.adapter.remedy}")


def clip_command(name: str, python: str, video: str, *, frames: int, seconds: float) -> list[str]:
    """Return the command that measures a peer on a video once, after five frames of warm-up."""
    adapter = get_adapter(name)
    return [python, str(CHILD), str(adapter.file), adapter.attribute, "clip", video, str(frames), str(seconds), "5"]


def pinned_release(recipe_peer: str | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a recipe, for a peer with the version of its package, so that another is another cell.

    Parameters
    ----------
    recipe_peer : str or None
        Name of the peer, or None for other recipes.
    params : mapping
        Parameters of the recipe.

    Raises
    ------
    ValueError, ImportError
        If no interpreter is named, or the package is not installed there.
    """
    if recipe_peer is None or "release" in params:
        return dict(params)
    adapter = get_adapter(recipe_peer)
    with PeerProcess(adapter, interpreter_of(adapter)) as process:
        return {**params, "release": process.release()[0]}
