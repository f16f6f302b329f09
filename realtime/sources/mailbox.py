"""Provide a bounded queue between two threads that either side can close."""

import threading
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Bounded queue; if it is full, the sender waits or the oldest item is dropped.

    Parameters
    ----------
    size : int
        Maximum number of items.
    drop : bool
        Whether a full queue drops its oldest item instead of blocking the sender.

    Attributes
    ----------
    dropped : int
        Number of dropped items.
    """

    def __init__(self, size: int, *, drop: bool) -> None:
        self.size, self.drop, self.dropped = size, drop, 0
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, item: T) -> bool:
        """Add an item; return False if the mailbox is closed."""
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
        """Return the oldest item; None if the mailbox is closed and empty, or after the timeout."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            if not self._items:
                return None
            self._changed.notify_all()
            return self._items.popleft()

    def close(self, *, discard: bool = False) -> None:
        """Close the mailbox for new items; existing ones can still be read unless they are discarded."""
        with self._changed:
            self._closed = True
            if discard:
                self._items.clear()
            self._changed.notify_all()

    @property
    def finished(self) -> bool:
        """Whether the mailbox is closed and empty."""
        with self._changed:
            return self._closed and not self._items
