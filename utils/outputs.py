"""Check that outputs do not overwrite inputs, make names safe for terminals and spreadsheets, and keep `repr` short."""

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.utils.files import PartFile

if TYPE_CHECKING:
    import pandas as pd

# Characters of a value that is shown as it is.
_LONGEST = 60
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?")


def check_outputs(source: object, outputs: Iterable[Path]) -> None:
    """Raise an error if an output would overwrite an input or another output, or if it is not a regular file.

    Parameters
    ----------
    source : object
        The input, or a list of inputs; inputs that are not local files are ignored.
    outputs : iterable of Path
        All files to be written; ``-`` is standard output.

    Raises
    ------
    ValueError
        If an output is not allowed; the message names the file and the reason.
    OSError
        If an output cannot be created.
    """
    given = list(source) if isinstance(source, list | tuple | set | frozenset) else [source]
    inputs = [Path(name) for name in given if isinstance(name, str | os.PathLike) and "://" not in str(name)]
    files = {_identity(path) for path in inputs if path.is_file()}
    folders = [_real(path) for path in inputs if path.is_dir()]
    seen: set[object] = set()
    for path in outputs:
        place = "-" if str(path) == "-" else _identity(path)
        if place in seen:
            raise ValueError(f"{path}: two outputs have this name; give each its own")
        seen.add(place)
        if place == "-":
            continue
        if path.exists() and not path.is_file():
            raise ValueError(f"{path}: is no file that could be replaced; choose another name")
        # If the input is a folder, a new file in it is allowed, but replacing a file in it is not.
        inside = path.exists() and any(_real(path).is_relative_to(folder) for folder in folders)
        if place in files or inside:
            raise ValueError(f"{path}: is the input, which is never overwritten; choose another name")
        # Check now that the file can be written, not only at the end of a long run.
        PartFile(path).discard()


def brief_repr(owner: Any) -> str:
    """Return the `repr` of a data class in one line: arrays and tables by their shape, other collections by length.

    Fields that have their default value are left out.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import make_dataclass
    >>> Photograph = make_dataclass("Photograph", ["name", "image"])
    >>> brief_repr(Photograph("me.jpg", np.zeros((480, 640, 3), np.uint8)))
    "Photograph(name='me.jpg', image=uint8 (480, 640, 3))"
    """
    shown = [field for field in fields(owner) if field.repr]
    values = ((field, getattr(owner, field.name)) for field in shown)
    texts = [f"{field.name}={_brief(value)}" for field, value in values if value is not field.default]
    return f"{type(owner).__name__}({', '.join(texts)})"


def _brief(value: Any) -> str:
    if (shape := getattr(value, "shape", ())) != ():
        return f"{getattr(value, 'dtype', type(value).__name__)} {tuple(shape)}"
    if is_dataclass(value):
        return f"{type(value).__name__}(...)"
    text = repr(value)
    if len(text) <= _LONGEST and "\n" not in text:
        return text
    if isinstance(value, str | Path):
        return f"{text[: _LONGEST - 1]}…"
    return (
        f"{len(value)} in {type(value).__name__}" if isinstance(value, Collection) else f"{type(value).__name__}(...)"
    )


def printable(name: object) -> str:
    r"""Return a name with control characters and undecodable bytes escaped, so that it is safe in a terminal.

    Examples
    --------
    >>> printable("a\x1b[2J\udcff.jpg")
    'a\\x1b[2J\\xff.jpg'
    """
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in str(name))


def safe_cell(text: str) -> str:
    """Return the text of a CSV cell such that a spreadsheet does not interpret it as a formula.

    Examples
    --------
    >>> safe_cell("=1+1.jpg")
    "'=1+1.jpg"
    """
    text = printable(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") and not _NUMBER.fullmatch(text) else text


def safe_row(values: Iterable[Any]) -> list[Any]:
    """Return the cells of a CSV row, each text as :func:`safe_cell` gives it and other values as they are.

    Examples
    --------
    >>> safe_row(["@sum", -0.5, None, "-0.5"])
    ["'@sum", -0.5, None, '-0.5']
    """
    return [safe_cell(value) if isinstance(value, str) else value for value in values]


def safe_frame(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table whose texts and column names are those of :func:`safe_row`."""
    safe = frame.copy()
    for place, kind in enumerate(frame.dtypes):
        if kind.kind not in "biufcmM":  # texts, whatever type pandas gives them
            safe.isetitem(place, safe_row(frame.iloc[:, place]))
    return safe.set_axis(safe_row(safe.columns), axis="columns")


def _identity(path: Path) -> object:
    place = _real(path)
    try:
        status = place.stat()
    except OSError:
        return place
    return status.st_dev, status.st_ino


def _real(path: Path) -> Path:
    """Return the path without links, also if a parent folder is missing; `resolve` fails at links in a circle."""
    return Path(os.path.realpath(path))


def _escaped(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode()
