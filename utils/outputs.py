"""No output ever overwrites an input or another output; and names that are safe to show."""

import os
from collections.abc import Iterable
from pathlib import Path

from ferbench.utils.files import PartFile


def check_outputs(source: object, outputs: Iterable[Path]) -> None:
    """Refuse outputs that would destroy an input, each other or something that is no file.

    Parameters
    ----------
    source : object
        The input, or a list of inputs; matters only where it names something on this disk.
    outputs : iterable of Path
        Every file to be written; ``-`` is standard output.

    Raises
    ------
    ValueError
        Naming the file and what is wrong with it.
    OSError
        If a file cannot be made where it should go.
    """
    given = list(source) if isinstance(source, list | tuple | set | frozenset) else [source]
    inputs = [Path(name) for name in given if isinstance(name, str | os.PathLike) and "://" not in str(name)]
    files = {_identity(path) for path in inputs if path.is_file()}
    folders = [path.resolve() for path in inputs if path.is_dir()]
    seen: set[object] = set()
    for path in outputs:
        if str(path) == "-":
            continue
        place = _identity(path)
        if place in seen:
            raise ValueError(f"{path}: two outputs have this name; give each its own")
        seen.add(place)
        if path.exists() and not path.is_file():
            raise ValueError(f"{path}: is no file that could be replaced; choose another name")
        # One of the files of a folder: a new file in it is harmless, replacing one is not.
        inside = path.exists() and any(path.resolve().is_relative_to(folder) for folder in folders)
        if place in files or inside:
            raise ValueError(f"{path}: is the input, which is never overwritten; choose another name")
        # Now rather than after an hour: whether the file can be written at all.
        PartFile(path).discard()


def printable(name: object) -> str:
    r"""Show a name without what could disturb a terminal: control characters, and bytes that are no text.

    Examples
    --------
    >>> printable("a\x1b[2J\udcff.jpg")
    'a\\x1b[2J\\xff.jpg'
    """
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in str(name))


def safe_cell(text: str) -> str:
    """Return a cell of a CSV file that no spreadsheet takes for a formula.

    Examples
    --------
    >>> safe_cell("=1+1.jpg")
    "'=1+1.jpg"
    """
    text = printable(text)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _identity(path: Path) -> object:
    place = path.resolve()  # also where a folder on the way is not there yet
    try:
        status = place.stat()
    except OSError:
        return place
    return status.st_dev, status.st_ino


def _escaped(letter: str) -> str:
    code = ord(letter)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode()
