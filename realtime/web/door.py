"""Limit the number of connections and the time for a request header."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ferbench.realtime.web.limits import Limits

# Seconds for which a new connection is kept even if there are too many, so that its request can be read.
MOMENT_S = 0.05


@dataclass
class _Address:
    """Connections of one address, and those that wait for a request, oldest first."""

    every: "set[BoundedProtocol]" = field(default_factory=set)
    waiting: "dict[BoundedProtocol, None]" = field(default_factory=dict)


class Door:
    """Registry of the open connections of a server; enforces their limits.

    Parameters
    ----------
    limits : Limits
        Uses `connections`, `connections_per_address` and `header_timeout_s`.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._addresses: dict[str, _Address] = {}

    def __len__(self) -> int:
        return sum(len(address.every) for address in self._addresses.values())

    def enter(self, connection: "BoundedProtocol") -> bool:
        """Register a new connection; return whether a place is free or can be freed."""
        address = self._addresses.setdefault(connection.address, _Address())
        address.every.add(connection)
        address.waiting[connection] = None
        crowd = self._crowd(connection.address)
        return crowd is None or len(crowd.waiting) > 1 or (crowd is not address and bool(crowd.waiting))

    def settle(self, connection: "BoundedProtocol") -> None:
        """If there are too many, close those that wait longest, otherwise the newest one."""
        while (crowd := self._crowd(connection.address)) is not None:
            oldest = next(iter(crowd.waiting), None)
            if oldest is None:
                connection.transport.abort()
                self.leave(connection)
                return
            self.leave(oldest)
            oldest.dismiss(408, "slow_header", "closed for a new connection; send the request at once")

    def wait(self, connection: "BoundedProtocol", *, waits: bool) -> None:
        """Record whether a connection waits for a request."""
        address = self._addresses.get(connection.address)
        if address is None or connection not in address.every:
            return
        if waits:
            address.waiting.setdefault(connection)
        else:
            address.waiting.pop(connection, None)

    def leave(self, connection: "BoundedProtocol") -> None:
        """Forget a connection."""
        if (address := self._addresses.get(connection.address)) is not None:
            address.every.discard(connection)
            address.waiting.pop(connection, None)
            if not address.every:
                del self._addresses[connection.address]

    def _crowd(self, name: str) -> _Address | None:
        """Return the address with too many connections: the given one, or the one with the most."""
        own = self._addresses.get(name)
        if own is not None and len(own.every) > self.limits.connections_per_address:
            # Connections that became WebSockets do not report their end.
            for gone in [known for known in own.every if known.transport.is_closing()]:
                self.leave(gone)
            if len(own.every) > self.limits.connections_per_address:
                return own
        if len(self) <= self.limits.connections:
            return None
        for known in [known for address in self._addresses.values() for known in address.every]:
            if known.transport.is_closing():
                self.leave(known)
        most = max(self._addresses.values(), key=lambda address: len(address.every), default=None)
        return most if len(self) > self.limits.connections else None

    def protocol(self, **options: Any) -> "BoundedProtocol":
        """Return the protocol object of a new connection for uvicorn."""
        return BoundedProtocol(self, **options)


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP protocol with counted connections and a time limit for headers."""

    def __init__(self, door: Door, **options: Any) -> None:
        super().__init__(**options)
        self._door = door
        self._header_timer: asyncio.TimerHandle | None = None
        self.spoke = False
        self.address = ""

    @property
    def waiting(self) -> bool:
        """Whether no request is being answered: there is none, or its header is incomplete."""
        return self.transport.get_protocol() is self and self.conn.their_state is h11.IDLE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Register the connection and start the time limit of the header."""
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if not self._door.enter(self):
            self._door.leave(self)
            self.dismiss(503, "full", "the server is full; try again in a moment")
            return
        self._wait()
        self.loop.call_later(MOMENT_S, self._door.settle, self)

    def data_received(self, data: bytes) -> None:
        """Process data; the time limit ends when the header is complete."""
        if self.transport.is_closing():
            return
        self.spoke = True
        super().data_received(data)
        waits = self.waiting
        self._door.wait(self, waits=waits)
        if not waits:
            self._wait_no_more()
        elif self._header_timer is None:
            self._wait()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._door.wait(self, waits=self.waiting)

    def connection_lost(self, exc: Exception | None) -> None:
        """Unregister the connection."""
        self._wait_no_more()
        self._door.leave(self)
        super().connection_lost(exc)

    def dismiss(self, status: int, code: str, message: str) -> None:
        """Send the reason and close at once.

        A connection without any request gets no reason: browsers open connections in advance, and would read it as the
        answer to a later request.
        """
        self._wait_no_more()
        if self.transport.is_closing():
            return
        if status == 408 and not self.spoke:
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
