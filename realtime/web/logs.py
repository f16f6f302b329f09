"""Few lines in the server's log, however many requests are broken."""

import logging
import re
from dataclasses import dataclass

from ferbench.realtime.web.limits import Limits, TokenBucket
from ferbench.utils import redact

# The loggers in which clients can cause lines.
NAMES = (
    *("asyncio", "python_multipart.multipart", "uvicorn.error", "websockets.server"),
    *("ferbench.realtime.web.engine", "ferbench.realtime.web.feed"),
)
MAX_CHARS = 500


@dataclass
class _Kind:
    bucket: TokenBucket
    left_out: int = 0


class LogLimit(logging.Filter):
    """Lets some lines of each kind through at once and few after that; counts the rest, and shortens long ones.

    A kind is a place in the code, so that their number is bounded. Addresses lose their passwords, and what a client
    sent cannot begin a new line.

    Parameters
    ----------
    limits : Limits
        Its `log_burst` and `log_lines_per_s` count here.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits
        self._kinds: dict[tuple[str, int], _Kind] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether a line is written, and make it fit to be."""
        fresh = _Kind(TokenBucket(self._limits.log_lines_per_s, self._limits.log_burst))
        kind = self._kinds.setdefault((record.pathname, record.lineno), fresh)
        if kind.bucket.take():
            kind.left_out += 1
            return False
        text = re.sub(r"[\x00-\x1f\x7f]+", " ", redact(record.getMessage()))
        more = f" ({kind.left_out} more like it were left out)" if kind.left_out else ""
        record.msg, record.args, kind.left_out = text[:MAX_CHARS] + more, None, 0
        return True


def limit_logs(limits: Limits) -> None:
    """Hold the loggers of the server to the limits, in the place of those of a server before."""
    new = LogLimit(limits)
    for name in NAMES:
        logger = logging.getLogger(name)
        for old in [old for old in logger.filters if isinstance(old, LogLimit)]:
            logger.removeFilter(old)
        logger.addFilter(new)
