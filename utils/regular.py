"""Refuse named pipes, devices and sockets, whose reading may never end."""

import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def kind_of(mode: int) -> str | None:
    """Return what a path is according to its mode, such as ``a named pipe``; None for a regular file."""
    return next((name for matches, name in _KINDS if matches(mode)), None)


def check_regular(path: str | Path, expected: str = "a file") -> None:
    """Raise ValueError if a path is neither a regular file nor missing.

    A missing file is not refused: opening it raises the usual error.

    Examples
    --------
    >>> check_regular("/dev/null")
    Traceback (most recent call last):
    ...
    ValueError: /dev/null: a device; expected a file
    """
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return
    if (kind := kind_of(mode)) is not None:
        raise ValueError(f"{path}: {kind}; expected {expected}")
