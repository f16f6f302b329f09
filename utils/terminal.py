"""Color and width of a terminal."""

import os
import shutil
import sys
import textwrap
from typing import Any, Literal, TextIO

_CODES = {"bold": 1, "red": 31, "green": 32, "yellow": 33}

Color = Literal["bold", "red", "green", "yellow"]


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
    color : {"bold", "red", "green", "yellow"}
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


def fit_text(text: str, stream: TextIO | None = None, *, table: bool = False, hang: int = 0) -> str:
    """Fit each line to the width of a terminal; files and pipes get the text as it is.

    Lines are broken between words. A word that is too long stays whole, since it may be a path or a command to copy.

    Parameters
    ----------
    text : str
        Lines without color.
    stream : text stream, optional
        Where the text goes; standard output by default.
    table : bool, default=False
        Whether some lines are rows of a table, with two spaces between columns. They are cut, because a row that is
        broken cannot be read.
    hang : int, default=0
        Columns by which the further parts of a broken line are indented.

    Examples
    --------
    >>> import io
    >>> len(fit_text("word " * 100, io.StringIO()))
    500
    """
    stream = sys.stdout if stream is None else stream
    if not stream.isatty():
        return text
    columns = shutil.get_terminal_size().columns
    lines = text.splitlines()
    return "\n".join(
        fit_line(line, stream) if table and "  " in line.strip() else wrap(line, columns, hang=hang) for line in lines
    )


def wrap(line: str, columns: int, indent: str = "", *, hang: int = 0) -> str:
    """Break a line between words, so that each part is at most `columns` wide.

    Parameters
    ----------
    line : str
    columns : int
        Width, at least 20.
    indent : str
        Put before each part.
    hang : int, default=0
        Columns by which all parts but the first are indented further.

    Examples
    --------
    >>> print(wrap("found  a word and another one", 20, hang=4))
    found  a word and
        another one
    """
    options: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    further = indent + hang * " "
    parts = textwrap.wrap(line, max(columns, 20), initial_indent=indent, subsequent_indent=further, **options)
    return "\n".join(parts)
