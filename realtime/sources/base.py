"""Define the interface of frame sources."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from ferbench.realtime.events import Frame

MAX_NOTES = 20
# Largest frame or photograph; 50 megapixels need 150 MB of memory.
MAX_PIXELS = 50_000_000


class Source(ABC):
    """Base class of frame sources: an iterable of frames and a context manager.

    Attributes
    ----------
    name : str
        Name given by the user.
    live : bool
        Whether frames arrive in real time. Live sources drop frames that are not read in time; others wait.
    fps : float or None
        Frames per second; None if unknown or not applicable.
    size : tuple of int
        Width and height of the frames in pixels; photographs in a folder may have different sizes.
    n_frames : int or None
        Number of frames, if known.
    status : str or None
        Current problem, such as ``"camera 0 lost, trying again"``.
    notes : list of str
        Remarks for the user at the end of the run; at most 20.

    Notes
    -----
    Iterate and close in the same thread. Any thread may read `status` and call `wake`.
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
        """Yield frames in order, until the source ends or `wake` is called."""

    def wake(self) -> None:
        """Ask the iteration to end soon, even while it waits for a lost camera."""
        self._stopped.set()

    def close(self) -> None:
        """Release the device or file."""
        self._stopped.set()

    def note(self, text: str) -> None:
        """Add a remark for the end of the run."""
        if len(self.notes) < MAX_NOTES:
            self.notes.append(text)
