"""Define and enforce limits of the server: bytes, pixels, clients, requests and time."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ferbench.realtime.web.refusal import Refusal


@dataclass(frozen=True)
class Limits:
    """Limits of one server.

    Attributes
    ----------
    body_bytes, frame_bytes : int
        Largest uploaded picture, and largest camera frame over a WebSocket.
    pixels, frame_pixels : int
        Maximum pixels of each, checked in the header before decoding.
    clients, viewers : int
        Maximum simultaneous browser cameras, and viewers of the server's source.
    connections, connections_per_address : int
        Maximum open connections, in total and per address. A further connection replaces the one that waits longest for
        a request. If none waits, the further connection is refused.
    requests_per_s, request_burst : float
        Sustained rate of requests per address, and size of a burst.
    frames_per_s, frame_burst : float
        The same for messages of one WebSocket.
    workers, waiting : int
        Maximum simultaneous predictions, and waiting uploads.
    header_timeout_s : float
        Time limit for the header of a request.
    body_timeout_s, send_timeout_s, idle_timeout_s : float
        Time limits for receiving a body, for sending an answer, and for a silent camera.
    command_chars : int
        Maximum length of a command over a WebSocket.
    log_burst, log_lines_per_s : float
        Burst and sustained rate of log lines of one kind.
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
    """Token bucket: limits events to a burst and a sustained rate.

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
    """Token buckets per address; addresses without recent requests are dropped."""

    def __init__(self, limits: Limits, *, addresses: int = 4096) -> None:
        self._limits, self._addresses = limits, addresses
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def check(self, address: str, cost: float = 1.0) -> None:
        """Count a request; raise Refusal 429 if the address has used up its rate."""
        bucket = self._buckets.pop(address, None)
        self._buckets[address] = bucket = bucket or TokenBucket(self._limits.requests_per_s, self._limits.request_burst)
        if len(self._buckets) > self._addresses:
            self._buckets.popitem(last=False)
        if wait := bucket.take(cost):
            message = f"too many requests; at most {self._limits.requests_per_s:g} a second, try again in {wait:.0f} s"
            raise Refusal(429, "rate", message, retry_after_s=wait)


class Places:
    """Limited number of places; a client without a free place is refused at once."""

    def __init__(self, number: int, what: str) -> None:
        self._number, self._what = number, what
        self.taken = 0

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Hold a place for the duration of the block.

        Raises
        ------
        Refusal
            503 if all places are taken.
        """
        if self.taken >= self._number:
            message = f"the server is full: {self._number} {self._what} at once; try again in a moment"
            raise Refusal(503, "full", message, retry_after_s=5)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1
