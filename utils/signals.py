"""End a run by Ctrl-C, SIGTERM or a closed terminal so that its files are valid."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interruption(threading.Event):
    """Set when the run should end.

    Attributes
    ----------
    signal : int or None
        The signal that ended it, if one did.
    """

    signal: int | None = None

    @property
    def exit_code(self) -> int:
        """What a shell expects of a command that was ended so; 0 if it was not."""
        return 0 if self.signal is None else 128 + self.signal


@contextmanager
def stop_on_signals() -> Iterator[Interruption]:
    """Turn the first signal into an event; the second one interrupts at once."""
    stop = Interruption()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.signal is not None:
            raise KeyboardInterrupt
        stop.signal = number
        stop.set()

    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
