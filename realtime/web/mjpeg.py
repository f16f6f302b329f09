"""Send the source of the server as motion JPEG, and its events over a WebSocket."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from ferbench.realtime.web.answers import describe_model, describe_points
from ferbench.realtime.web.feed import Feed, FeedEnded, Viewer
from ferbench.realtime.web.limits import Limits, TokenBucket
from ferbench.realtime.web.refusal import Refusal
from ferbench.realtime.web.sessions import read_command, turn_away
from ferbench.realtime.web.tasks import first_to_end

BORDER = "ferbench-frame"
# Time limit for opening a camera or a stream.
FIRST_PICTURE_S = 20.0


class MjpegResponse(Response):
    """Motion JPEG response, for an ``img`` element or a video player."""

    media_type = f"multipart/x-mixed-replace; boundary={BORDER}"

    def __init__(self, feed: Feed, limits: Limits) -> None:
        super().__init__()
        self._feed, self._limits = feed, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send pictures until the viewer disconnects or is too slow, or the source ends."""
        try:
            with self._feed.watch("picture") as viewer:
                first = await self._first(viewer)
                headers = [(b"content-type", self.media_type.encode()), (b"cache-control", b"no-store")]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await first_to_end(self._pump(viewer, first, send), _until_gone(receive))
        except Refusal as refusal:
            await refusal.response()(scope, receive, send)

    async def _first(self, viewer: Viewer) -> bytes:
        try:
            async with asyncio.timeout(FIRST_PICTURE_S):
                return bytes(await viewer.take())
        except FeedEnded as ended:
            raise Refusal(503, "source", str(ended)) from None
        except TimeoutError:
            message = f"{self._feed.source} gave no picture within {FIRST_PICTURE_S:g} s"
            raise Refusal(503, "source", message, retry_after_s=5) from None

    async def _pump(self, viewer: Viewer, picture: bytes, send: Send) -> None:
        # The status is already sent, so a slow viewer or the end of the source only ends the response.
        with contextlib.suppress(FeedEnded, TimeoutError):
            while True:
                head = f"--{BORDER}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
                async with asyncio.timeout(self._limits.send_timeout_s):
                    message = {"type": "http.response.body", "body": head + picture + b"\r\n", "more_body": True}
                    await send(message)
                picture = await viewer.take()
        async with asyncio.timeout(1.0):
            await send({"type": "http.response.body", "body": f"--{BORDER}--\r\n".encode(), "more_body": False})


class FeedSession:
    """WebSocket session of a page that follows the server's source: sends events, receives commands.

    Parameters
    ----------
    socket : WebSocket
        WebSocket that is not yet accepted.
    feed : Feed
        The source.
    describe : callable
        Returns the description of a model by its name.
    limits : Limits
        Limits of the server.
    """

    def __init__(self, socket: WebSocket, feed: Feed, describe: Any, limits: Limits) -> None:
        self._socket, self._feed, self._describe, self._limits = socket, feed, describe, limits
        self._bucket = TokenBucket(1.0, 10.0)

    async def run(self) -> None:
        """Run until the page disconnects."""
        await self._socket.accept()
        with contextlib.suppress(WebSocketDisconnect, TimeoutError):
            try:
                with self._feed.watch("events") as viewer:
                    await self._send(describe_model(self._describe(self._feed.model)))
                    await self._send(describe_points(self._feed.points))
                    await first_to_end(self._pump(viewer), self._read())
            except Refusal as refusal:
                await turn_away(self._socket, refusal)
            except FeedEnded as ended:
                await self._send(json.dumps({"type": "error", "code": "source", "message": str(ended)}))
                await self._socket.close(1000)

    async def _pump(self, viewer: Viewer) -> None:
        model, points = self._feed.model, self._feed.points
        while True:
            text = await viewer.take()
            if self._feed.points != points:
                points = self._feed.points
                await self._send(describe_points(points))
            if self._feed.model != model:
                model = self._feed.model
                await self._send(describe_model(self._describe(model)))
            await self._send(text)

    async def _read(self) -> None:
        while (message := await self._socket.receive())["type"] != "websocket.disconnect":
            if self._bucket.take():
                raise Refusal(429, "rate", "too many messages; choose at most once a second")
            try:
                command = read_command(message.get("text") or "", self._limits)
                kind = command["type"]
                choice = str(command["name"]) if kind == "model" else {True: True, False: False}[command["on"]]
                changes: dict[str, Callable[[Any], Awaitable[None]]]
                changes = {"model": self._feed.switch, "points": self._feed.switch_points}
                change = changes[kind]
            except (ValueError, KeyError, TypeError, RecursionError):
                known = '{"type": "model", "name": …} or {"type": "points", "on": …}'
                raise Refusal(422, "command", f"expected {known}") from None
            await change(choice)

    async def _send(self, text: str) -> None:
        async with asyncio.timeout(self._limits.send_timeout_s):
            await self._socket.send_text(text)


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
