"""Color and width of a terminal."""

import os
import shutil
import sys
from typing import Literal, TextIO

_CODES = {"red": 31, "green": 32, "yellow": 33}

Color = Literal["red", "green", "yellow"]


def has_color(stream: TextIO) -> bool:
    """Whether text on a stream may be colored: it is a terminal, and the variable ``NO_COLOR`` is not set.

    An empty ``NO_COLOR`` counts as not set (https://no-color.org).
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def paint(text: str, color: Color, stream: TextIO | None = None) -> str:
    """Return text in a color where the stream can show it, and as it is elsewhere.

    Parameters
    ----------
    text : str
    color : {"red", "green", "yellow"}
    stream : text stream, optional
        Where the text goes; standard output by default.

    Examples
    --------
    >>> import io
    >>> paint("missing", "yellow", io.StringIO())
    'missing'
    """
    if not has_color(sys.stdout if stream is None else stream):
        return text
    return f"\x1b[{_CODES[color]}m{text}\x1b[0m"


def fit_line(text: str, stream: TextIO | None = None) -> str:
    """Shorten a line to the width of a terminal; files and pipes get all of it.

    Parameters
    ----------
    text : str
        One line without color.
    stream : text stream, optional
        Where the line goes; standard output by default.

    Examples
    --------
    >>> import io
    >>> len(fit_line("x" * 500, io.StringIO()))
    500
    """
    if not (sys.stdout if stream is None else stream).isatty():
        return text
    width = shutil.get_terminal_size().columns
    return text if len(text) <= width else f"{text[: width - 1]}…"
