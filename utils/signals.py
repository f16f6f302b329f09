"""End a run with valid files after Ctrl-C, SIGTERM or a closed terminal."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ferbench.utils.platforms import signal_numbers

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interruption(threading.Event):
    """Event that is set when the run should end.

    Attributes
    ----------
    signal : int or None
        Signal that ended the run, or None.
    """

    signal: int | None = None

    @property
    def exit_code(self) -> int:
        """Exit code of a command that was ended by this signal; 0 without a signal."""
        return 0 if self.signal is None else 128 + self.signal


@contextmanager
def handle_signals(numbers: Iterable[int], handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Install `handler` for these signals during the block; outside the main thread, this has no effect."""
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
    """Set an event on the first signal; a second signal interrupts immediately."""
    stop = Interruption()

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.signal is not None:
            raise KeyboardInterrupt
        stop.signal = number
        stop.set()

    with handle_signals(signal_numbers(*_NAMES), handle):
        yield stop


@contextmanager
def interrupt_on_terminate() -> Iterator[Interruption]:
    """Make SIGTERM interrupt a run in the same way as Ctrl-C.

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
