"""Sinks as context managers."""

from types import TracebackType
from typing import Self


class Closing:
    """A sink that a ``with`` block closes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish what was begun, so that files are valid."""
