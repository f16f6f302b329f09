"""Connections before they are requests: how many there may be, and how long a header may take."""

import asyncio
import json
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ferbench.realtime.web.limits import Limits


class Door:
    """The open connections of a server, the one that has been there for longest first.

    Parameters
    ----------
    limits : Limits
        Its `connections`, `connections_per_address` and `header_timeout_s` count here.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._open: dict[BoundedProtocol, str] = {}

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: "BoundedProtocol", address: str) -> bool:
        """Let a connection in, in the place of a waiting one where all are taken; say whether it may stay."""
        for known in [known for known in self._open if known.transport.is_closing()]:
            self.leave(known)
        own = [known for known, of in self._open.items() if of == address]
        if len(own) >= self.limits.connections_per_address:
            # An address can only push out itself, so that nobody is shut out by one that opens many.
            candidates = own
        elif len(self._open) >= self.limits.connections:
            candidates = list(self._open)
        else:
            candidates = []
        if candidates:
            waiting = next((known for known in candidates if known.waiting), None)
            if waiting is None:
                return False
            self.leave(waiting)
            waiting.dismiss(408, "slow_header", "another connection needed the place; send the request at once")
        self._open[connection] = address
        return True

    def leave(self, connection: "BoundedProtocol") -> None:
        """Forget a connection."""
        self._open.pop(connection, None)

    def protocol(self, **options: Any) -> "BoundedProtocol":
        """Return the protocol of a new connection, as uvicorn asks for it."""
        return BoundedProtocol(self, **options)


class BoundedProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, for connections that are counted and whose headers have to arrive in time."""

    def __init__(self, door: Door, **options: Any) -> None:
        super().__init__(**options)
        self._door = door
        self._header_timer: asyncio.TimerHandle | None = None
        self._spoke = False

    @property
    def waiting(self) -> bool:
        """Whether no request is being answered: its header is not complete, or none has begun."""
        return self.transport.get_protocol() is self and self.conn.their_state is h11.IDLE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a place and begin to wait for a header."""
        super().connection_made(transport)
        if self._door.admit(self, self.client[0] if self.client else ""):
            self._wait()
        else:
            self.dismiss(503, "full", "the server is full; try again in a moment")

    def data_received(self, data: bytes) -> None:
        """Read on; the time for a header ends with it, however slowly its bytes come."""
        if self.transport.is_closing():
            return
        self._spoke = True
        super().data_received(data)
        if not self.waiting:
            self._wait_no_more()
        elif self._header_timer is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back."""
        self._wait_no_more()
        self._door.leave(self)
        super().connection_lost(exc)

    def dismiss(self, status: int, code: str, message: str) -> None:
        """Say why, and close; nothing is waited for.

        A connection that never said a word gets none either: browsers open some in advance, and would take the words
        for the answer to a request that comes much later.
        """
        self._wait_no_more()
        if self.transport.is_closing():
            return
        if status == 408 and not self._spoke:
            self.transport.close()
            return
        body = json.dumps({"error": {"code": code, "message": message}}).encode()
        reason = {408: "Request Timeout", 503: "Service Unavailable"}[status]
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        self.transport.close()

    def _wait(self) -> None:
        seconds = self._door.limits.header_timeout_s
        self._header_timer = self.loop.call_later(seconds, self._too_slow)

    def _wait_no_more(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
        self._header_timer = None

    def _too_slow(self) -> None:
        self._header_timer = None
        if self.waiting:
            seconds = self._door.limits.header_timeout_s
            self.dismiss(408, "slow_header", f"the header of the request did not arrive within {seconds:g} s")
