"""A terminal for tests: what a program writes to it, and what its window shows after that."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
from collections.abc import Iterator

import pytest

# The codes that are understood: lines up, and colors.
_PART = re.compile(r"\x1b\[(\d*)([A-Za-z])|([\r\n])|([^\x1b\r\n\0]+)")


class Screen:
    """What was written to a terminal.

    Attributes
    ----------
    written : str
        All of it, once the terminal is closed.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._parts: list[bytes] = []
        self._marks = threading.Semaphore(0)

    def read(self, terminal: int) -> None:
        """Read what is written until the terminal is closed, which the system reports as an error."""
        with contextlib.suppress(OSError):
            while part := os.read(terminal, 65536):
                self._parts.append(part)
                for _ in range(part.count(b"\0")):
                    self._marks.release()

    @property
    def written(self) -> str:
        return b"".join(self._parts).decode(errors="ignore")

    def lines_now(self) -> list[str]:
        """The lines at this moment, while the terminal is open."""
        print("\0", end="", flush=True)
        assert self._marks.acquire(timeout=30)
        return self.lines()

    def lines(self) -> list[str]:
        """The lines that a reader sees, those that have scrolled away included.

        Nothing wider than the window may be written, nothing above its first line, and no code that is not understood.
        """
        shown, row, column = [""], 0, 0
        for part in _PART.finditer(self.written):
            count, code, move, text = part.groups()
            if code == "A":
                row -= int(count or 1)
                assert row >= max(0, len(shown) - self.rows), "above the window"
            elif code:
                assert code == "m", f"unknown code {part.group()!r}"
            elif move:
                row, column = (row, 0) if move == "\r" else (row + 1, column)
            else:
                line = shown[row].ljust(column)
                shown[row] = line[:column] + text + line[column + len(text) :]
                column += len(text)
                assert len(shown[row]) <= self.columns, f"too wide: {shown[row]!r}"
            shown += [""] * (row + 1 - len(shown))
        return [line.rstrip() for line in shown]


@contextlib.contextmanager
def terminal(columns: int = 80, rows: int = 24) -> Iterator[Screen]:
    """Make standard output and standard error a terminal of this size."""
    screen = Screen(columns, rows)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    stream = os.fdopen(theirs, "w", buffering=1, encoding="utf-8", newline="")
    reader = threading.Thread(target=screen.read, args=(ours,))
    reader.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", stream)
            patch.setenv("COLUMNS", str(columns))
            patch.setenv("LINES", str(rows))
            patch.setenv("TERM", "xterm")
            patch.delenv("NO_COLOR", raising=False)
            yield screen
    finally:
        stream.close()
        reader.join()
        os.close(ours)
