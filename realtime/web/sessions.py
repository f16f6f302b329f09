"""Run WebSocket sessions of browser cameras: receive frames, send face events, without a queue."""

import asyncio
import contextlib
import json
import time
from typing import Any, NamedTuple

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from ferbench.realtime import Frame
from ferbench.realtime.web.answers import describe_model, describe_points, describe_result, describe_rival
from ferbench.realtime.web.engine import Engine
from ferbench.realtime.web.limits import Limits, TokenBucket
from ferbench.realtime.web.pictures import read_picture
from ferbench.realtime.web.refusal import Refusal
from ferbench.realtime.web.rival import Rival, Timed
from ferbench.realtime.web.tasks import first_to_end

# Registered close codes: policy violation, and try again later.
POLICY, LATER = 1008, 1013


class _Arrived(NamedTuple):
    frame: int
    time_s: float
    data: bytes


class Session:
    """Session of one WebSocket with its own pipeline, so that clients do not share tracks or smoothing.

    The client sends pictures as binary messages and commands as text: ``{"type": "model", "name": …}``,
    ``{"type": "points", "on": …}``, ``{"type": "compare", "name": …}`` for a second model on the same faces (null for
    none), and ``{"type": "reset"}``. Each processed picture is answered by one message of
    type ``events`` or ``error``. While a picture is processed, only the newest of the following ones is kept, so that
    memory is bounded. A client that does not read its answers is disconnected after `send_timeout_s`.

    Parameters
    ----------
    socket : WebSocket
        WebSocket that is not yet accepted.
    engine : Engine
        Runs the predictions.
    """

    def __init__(self, socket: WebSocket, engine: Engine) -> None:
        self._socket, self._engine, self._limits = socket, engine, engine.limits
        self._bucket = TokenBucket(self._limits.frames_per_s, self._limits.frame_burst)
        self._model = engine.shelf.default
        self._wanted: str | None = None
        self._wanted_points: bool | None = None
        # A name, or None for no second model; the tuple is there while the choice waits.
        self._wanted_rival: tuple[str | None] | None = None
        self._rival: Rival | None = None
        self._reset = False
        self._newest: _Arrived | None = None
        self._count = 0
        self._started_s = self._last_s = time.perf_counter()
        self._gap_s: float | None = None
        self._work = asyncio.Event()

    async def run(self) -> None:
        """Run until the client disconnects or violates a limit."""
        self._model = self._engine.shelf.check(self._socket.query_params.get("model"))
        self._timed = Timed(await self._engine.load(self._model))
        self._pipeline = self._engine.pipeline(self._timed)
        if self._wants_points():
            self._wanted_points = True
            self._work.set()
        if (rival := self._socket.query_params.get("compare")) is not None:
            self._wanted_rival = (self._engine.shelf.check(rival),)
            self._work.set()
        await self._socket.accept()
        try:
            await self._send(describe_model(self._engine.shelf.about(self._model)))
            await first_to_end(self._read(), self._answer())
        except WebSocketDisconnect:
            pass
        except Refusal as refusal:
            await turn_away(self._socket, refusal)

    def _wants_points(self) -> bool:
        said = self._socket.query_params.get("points")
        return self._engine.points.on if said is None else said.lower() in {"1", "true", "on", "yes"}

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                return
            if self._bucket.take():
                rate = self._limits.frames_per_s
                raise Refusal(429, "rate", f"too many messages: at most {rate:g} per second; wait for each answer")
            if (data := message.get("bytes")) is not None:
                self._newest = _Arrived(self._count, time.perf_counter(), data)
                self._count += 1
            else:
                self._command(message.get("text") or "")
            self._work.set()

    async def _receive(self) -> Any:
        try:
            async with asyncio.timeout(self._limits.idle_timeout_s):
                return await self._socket.receive()
        except TimeoutError:
            idle = self._limits.idle_timeout_s
            raise Refusal(408, "idle", f"no message arrived for {idle:g} s; connect again to continue") from None

    def _command(self, text: str) -> None:
        try:
            command = read_command(text, self._limits)
            kind = command["type"]
            if kind == "model":
                self._wanted = str(command["name"])
            elif kind == "points":
                self._wanted_points = {True: True, False: False}[command["on"]]
            elif kind == "compare":
                self._wanted_rival = (None if command["name"] is None else str(command["name"]),)
            elif kind == "reset":
                self._reset = True
            else:
                raise ValueError(kind)
        except (ValueError, KeyError, TypeError, RecursionError):
            known = '{"type": "model" or "compare", "name": …}, {"type": "points", "on": …} or {"type": "reset"}'
            raise Refusal(422, "command", f"expected a picture, {known}; got {text[:80]!r}") from None

    async def _answer(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            if self._wanted is not None:
                await self._switch()
            if self._wanted_points is not None:
                await self._switch_points()
            if self._wanted_rival is not None:
                await self._switch_rival()
            if self._newest is not None:
                arrived, self._newest = self._newest, None
                await self._send(await self._looked_at(arrived))

    async def _switch(self) -> None:
        name, self._wanted = self._wanted, None
        try:
            recognizer = await self._engine.load(name)
        except Refusal as refusal:
            await self._send(_error(refusal))
            return
        self._timed = Timed(recognizer)
        self._pipeline.switch(self._timed)
        self._model = str(name)
        await self._send(describe_model(self._engine.shelf.about(self._model)))

    async def _switch_points(self) -> None:
        on, self._wanted_points = bool(self._wanted_points), None
        try:
            self._pipeline.switch_points(await self._engine.load_points(on))
        except Refusal as refusal:
            await self._send(_error(refusal))
            return
        await self._send(describe_points(on))

    async def _switch_rival(self) -> None:
        (name,) = self._wanted_rival or (None,)
        self._wanted_rival = None
        try:
            self._rival = None if name is None else Rival(await self._engine.load(name), name)
        except Refusal as refusal:
            await self._send(_error(refusal))
            return
        await self._send(describe_rival(name))

    async def _looked_at(self, arrived: _Arrived) -> str:
        try:
            if len(arrived.data) > self._limits.frame_bytes:
                limit = self._limits.frame_bytes / 2**20
                raise Refusal(413, "too_large", f"the frame is too large: at most {limit:g} MiB; send smaller ones")
            return await self._engine.call(self._process, arrived)
        except Refusal as refusal:
            return _error(refusal, frame=arrived.frame)

    def _process(self, arrived: _Arrived) -> str:
        if self._reset:
            self._reset = False
            self._pipeline.reset()
            if self._rival is not None:
                self._rival.reset()
        picture = read_picture(arrived.data, max_pixels=self._limits.frame_pixels)
        time_s = arrived.time_s - self._started_s
        frame = Frame(arrived.frame, time_s, picture, arrived.time_s)
        result = self._pipeline.process(frame, source_fps=self._rate(arrived.time_s))
        more: dict[str, Any] = {} if self._rival is None else {"compare": self._rival.compare(result, self._pipeline)}
        return describe_result(result, self._model, recognize_ms=round(self._timed.milliseconds, 2), **more)

    def _rate(self, now_s: float) -> float:
        """Return the recent frame rate, which browsers do not report; it controls how often faces are detected."""
        gap, self._last_s = now_s - self._last_s, now_s
        self._gap_s = gap if self._gap_s is None else 0.8 * self._gap_s + 0.2 * gap
        return 1 / max(self._gap_s, 1e-3)

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._limits.send_timeout_s):
                await self._socket.send_text(text)
        except TimeoutError:
            seconds = self._limits.send_timeout_s
            raise Refusal(408, "slow", f"an answer was not read within {seconds:g} s") from None


def read_command(text: str, limits: Limits) -> Any:
    """Parse the JSON of a command; raise ValueError if it is invalid or too long."""
    if len(text) > limits.command_chars:
        raise ValueError("too long")
    return json.loads(text)


async def turn_away(socket: WebSocket, refusal: Refusal) -> None:
    """Send the reason and close; a client that reads nothing cannot delay this."""
    code = LATER if refusal.status in (408, 503) else POLICY
    with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(1.0):
            if socket.application_state is WebSocketState.CONNECTING:
                await socket.accept()
            await socket.send_text(_error(refusal))
            # The reason in a close frame has at most 123 bytes.
            await socket.close(code, refusal.code)


def _error(refusal: Refusal, **more: Any) -> str:
    return json.dumps({"type": "error", **refusal.content()["error"], **more})
