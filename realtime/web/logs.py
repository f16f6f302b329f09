"""Limit the log lines that broken requests can cause."""

import logging
import re
from dataclasses import dataclass

from ferbench.realtime.web.limits import Limits, TokenBucket
from ferbench.utils import redact

# Loggers whose lines clients can cause.
NAMES = (
    "asyncio",
    "python_multipart.multipart",
    "uvicorn.error",
    "websockets.server",
    "ferbench.realtime.web.engine",
    "ferbench.realtime.web.feed",
)
MAX_CHARS = 500


@dataclass
class _Kind:
    bucket: TokenBucket
    left_out: int = 0


class LogLimit(logging.Filter):
    """Logging filter that limits the rate of lines of each kind, counts dropped lines and shortens long ones.

    A kind is a location in the code, so the number of kinds is bounded. Passwords are removed from URLs, and line
    breaks sent by a client are replaced.

    Parameters
    ----------
    limits : Limits
        Uses `log_burst` and `log_lines_per_s`.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits
        self._kinds: dict[tuple[str, int], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is written, and sanitize it."""
        fresh = _Kind(TokenBucket(self._limits.log_lines_per_s, self._limits.log_burst))
        kind = self._kinds.setdefault((record.pathname, record.lineno), fresh)
        if kind.bucket.take():
            kind.left_out += 1
            return False
        text = re.sub(r"[\x00-\x1f\x7f]+", " ", redact(record.getMessage()))
        more = f" ({kind.left_out} similar lines were left out)" if kind.left_out else ""
        record.msg, record.args, kind.left_out = text[:MAX_CHARS] + more, None, 0
        return True


def limit_logs(limits: Limits) -> None:
    """Apply the limits to the loggers of the server; replaces the limits of an earlier server."""
    new = LogLimit(limits)
    for name in NAMES:
        logger = logging.getLogger(name)
        for old in [old for old in logger.filters if isinstance(old, LogLimit)]:
            logger.removeFilter(old)
        logger.addFilter(new)
