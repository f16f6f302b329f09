"""What a source of frames is."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from ferbench.realtime.events import Frame

MAX_NOTES = 20
# Largest frame or photograph: 50 megapixels are 150 MB in memory.
MAX_PIXELS = 50_000_000


class Source(ABC):
    """Frames one after the other; a context manager.

    Attributes
    ----------
    name : str
        What the user calls it.
    live : bool
        Whether frames pass whether or not somebody takes them. Live sources drop, others wait.
    fps : float or None
        Frames per second; None where that has no meaning or is unknown.
    size : tuple of int
        Width and height of the frames in pixels; photographs of a folder may differ.
    n_frames : int or None
        How many there will be, as far as known.
    status : str or None
        What is wrong right now, such as ``"camera 0 lost, trying again"``.
    notes : list of str
        What the user should know in the end; at most 20.

    Notes
    -----
    One thread iterates and closes. `status` may be read, and `wake` called, from any thread.
    """

    name: str
    live: bool = False
    fps: float | None = None
    size: tuple[int, int] = (0, 0)
    n_frames: int | None = None

    def __init__(self) -> None:
        self.status: str | None = None
        self.notes: list[str] = []
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Frames in order, until the source ends or `wake` was called."""

    def wake(self) -> None:
        """End the iteration soon, even while it waits for a lost camera."""
        self._stopped.set()

    def close(self) -> None:
        """Let go of the device or file."""
        self._stopped.set()

    def note(self, text: str) -> None:
        """Keep a remark for the end."""
        if len(self.notes) < MAX_NOTES:
            self.notes.append(text)
