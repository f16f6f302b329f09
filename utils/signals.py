"""End a run by Ctrl-C, SIGTERM or a closed terminal so that its files are valid."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

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
def handle_signals(numbers: Iterable[int], handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Let `handler` answer these signals for the length of the block; outside the main thread nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


@contextmanager
def stop_on_signals() -> Iterator[Interruption]:
    """Turn the first signal into an event; the second one interrupts at once."""
    stop = Interruption()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.signal is not None:
            raise KeyboardInterrupt
        stop.signal = number
        stop.set()

    with handle_signals([getattr(signal, name) for name in _NAMES if hasattr(signal, name)], handle):
        yield stop


@contextmanager
def interrupt_on_terminate() -> Iterator[Interruption]:
    """Let SIGTERM interrupt a run as Ctrl-C does.

    Yields
    ------
    Interruption
        Its `signal` is SIGTERM after that signal; its `exit_code` is then 143.
    """
    stop = Interruption()

    def handle(number: int, frame: FrameType | None) -> None:
        stop.signal = number
        stop.set()
        raise KeyboardInterrupt

    with handle_signals([signal.SIGTERM], handle):
        yield stop
