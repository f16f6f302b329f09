"""The checks of output files before a run starts."""

import os
from collections.abc import Collection, Iterable
from pathlib import Path

from ferbench.utils import PartFile


def check_suffix(path: Path, known: Collection[str], what: str) -> None:
    """Refuse a file name whose ending says no known format.

    Raises
    ------
    ValueError
        With the list of the known ones.
    """
    if path.suffix.lower() not in known:
        ending = f"the ending {path.suffix!r}" if path.suffix else "no ending"
        raise ValueError(f"{path}: {what} has {ending}; expected one of {', '.join(sorted(known))}")


def check_outputs(source: object, outputs: Iterable[Path]) -> None:
    """Refuse outputs that would destroy the input, each other or something that is no file.

    Parameters
    ----------
    source : object
        The input; matters only where it names something on this disk.
    outputs : iterable of Path
        Every file to be written.

    Raises
    ------
    ValueError
        Naming the file and what is wrong with it.
    OSError
        If a file cannot be made where it should go.
    """
    seen: set[Path] = set()
    for path in outputs:
        place = path.resolve()
        if place in seen:
            raise ValueError(f"{path}: two outputs have this name; give each its own")
        seen.add(place)
        if path.exists() and not path.is_file():
            raise ValueError(f"{path}: is no file that could be replaced; choose another name")
        if _is_input(place, source):
            raise ValueError(f"{path}: is the input, which is never overwritten; choose another name")
        # Now rather than after an hour: whether the file can be written at all.
        PartFile(path).discard()


def _is_input(place: Path, source: object) -> bool:
    if not isinstance(source, str | os.PathLike) or "://" in str(source) or not (given := Path(source)).exists():
        return False
    if place.exists() and place.samefile(given):
        return True
    # One of the images of a folder: a new file in it is harmless, replacing one is not.
    return given.is_dir() and place.exists() and place.is_relative_to(given.resolve())
