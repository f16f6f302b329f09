"""Make sinks usable as context managers."""

from types import TracebackType
from typing import Self


class Closing:
    """Base class of sinks that a ``with`` block closes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Finish all output, so that files are valid."""
