"""How much the server takes from anybody: bytes, pixels, clients, requests and time."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ferbench.realtime.web.refusal import Refusal


@dataclass(frozen=True)
class Limits:
    """The bounds of one server.

    Attributes
    ----------
    body_bytes, frame_bytes : int
        Largest uploaded picture, and largest camera frame over a WebSocket.
    pixels, frame_pixels : int
        Most pixels of each, read from the header before anything is decoded.
    clients, viewers : int
        Cameras of browsers at once, and viewers of the server's source at once.
    connections, connections_per_address : int
        Open connections of any kind, in all and of one address. Whoever comes after that takes the place of the
        connection that has been silent for longest, if one waits for a request; otherwise it is turned away.
    requests_per_s, request_burst : float
        Lasting rate of requests of one address, and how many may come at once.
    frames_per_s, frame_burst : float
        The same for the messages of one WebSocket.
    workers, waiting : int
        Predictions computed at once, and how many uploads may wait for one.
    header_timeout_s : float
        How long the header of a request may take to arrive.
    body_timeout_s, send_timeout_s, idle_timeout_s : float
        How long a body may take to arrive, an answer to be read, and a camera to send nothing.
    command_chars : int
        Longest command over a WebSocket.
    log_burst, log_lines_per_s : float
        Lines of one kind in the server's log at once, and lastingly.
    """

    body_bytes: int = 12 * 2**20
    frame_bytes: int = 2 * 2**20
    pixels: int = 50_000_000
    frame_pixels: int = 1920 * 1200
    clients: int = 64
    viewers: int = 32
    connections: int = 512
    connections_per_address: int = 256
    requests_per_s: float = 30.0
    request_burst: float = 150.0
    frames_per_s: float = 60.0
    frame_burst: float = 120.0
    workers: int = 2
    waiting: int = 16
    header_timeout_s: float = 10.0
    body_timeout_s: float = 20.0
    send_timeout_s: float = 10.0
    idle_timeout_s: float = 120.0
    command_chars: int = 1000
    log_burst: float = 10.0
    log_lines_per_s: float = 0.1


class TokenBucket:
    """Lets a burst through at once and a lasting rate after it.

    Examples
    --------
    >>> now = 0.0
    >>> bucket = TokenBucket(rate=2.0, burst=1.0, clock=lambda: now)
    >>> bucket.take(), bucket.take()
    (0.0, 0.5)
    """

    def __init__(self, rate: float, burst: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens, self._filled = burst, clock()

    def take(self, tokens: float = 1.0) -> float:
        """Take tokens and return 0, or take none and return the seconds until there are enough."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens >= tokens:
            self._tokens -= tokens
            return 0.0
        return (tokens - self._tokens) / self._rate


class RateLimiter:
    """A token bucket for each address; the addresses longest unheard of are forgotten."""

    def __init__(self, limits: Limits, *, addresses: int = 4096) -> None:
        self._limits, self._addresses = limits, addresses
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def check(self, address: str, cost: float = 1.0) -> None:
        """Count a request; raise a 429 when the address has used up its share."""
        bucket = self._buckets.pop(address, None)
        self._buckets[address] = bucket = bucket or TokenBucket(self._limits.requests_per_s, self._limits.request_burst)
        if len(self._buckets) > self._addresses:
            self._buckets.popitem(last=False)
        if wait := bucket.take(cost):
            message = f"too many requests; at most {self._limits.requests_per_s:g} a second, try again in {wait:.0f} s"
            raise Refusal(429, "rate", message, retry_after_s=wait)


class Places:
    """A number of seats; who finds none is told so rather than kept waiting."""

    def __init__(self, number: int, what: str) -> None:
        self._number, self._what = number, what
        self.taken = 0

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Hold a seat inside the block.

        Raises
        ------
        Refusal
            503 when all are taken.
        """
        if self.taken >= self._number:
            message = f"the server is full: {self._number} {self._what} at once; try again in a moment"
            raise Refusal(503, "full", message, retry_after_s=5)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
