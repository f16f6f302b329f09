"""A bounded queue between two threads that can be closed from either side."""

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A bounded queue: full, it makes the sender wait, or drops the oldest.

    Parameters
    ----------
    size : int
        Most items held.
    drop : bool
        Whether a full one drops its oldest item instead of making the sender wait.

    Attributes
    ----------
    dropped : int
        Items dropped so far.
    """

    def __init__(self, size: int, *, drop: bool) -> None:
        self.size, self.drop, self.dropped = size, drop, 0
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, item: T) -> bool:
        """Add an item; False if the box is closed."""
        with self._changed:
            if self.drop and len(self._items) == self.size:
                self._items.popleft()
                self.dropped += 1
            self._changed.wait_for(lambda: self._closed or len(self._items) < self.size)
            if self._closed:
                return False
            self._items.append(item)
            self._changed.notify_all()
            return True

    def get(self, timeout_s: float | None = None) -> T | None:
        """Take the oldest item; None if the box is closed and empty, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            if not self._items:
                return None
            self._changed.notify_all()
            return self._items.popleft()

    def close(self, *, discard: bool = False) -> None:
        """Take no more items; what is held can still be taken unless it is discarded."""
        with self._changed:
            self._closed = True
            if discard:
                self._items.clear()
            self._changed.notify_all()

    @property
    def finished(self) -> bool:
        """Whether nothing will ever come out again."""
        with self._changed:
            return self._closed and not self._items
