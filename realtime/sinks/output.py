"""Files that take their name only when they are whole, and the checks before a run starts."""

import os
import secrets
from collections.abc import Collection, Iterable
from pathlib import Path


class PartFile:
    """A file written under a temporary name beside its target.

    Parameters
    ----------
    path : Path
        The target; missing parent folders are made.

    Attributes
    ----------
    part : Path
        Where to write until :meth:`commit`. Keeps the target's suffix, by which OpenCV and ffmpeg choose the format.

    Raises
    ------
    OSError
        If the folder cannot be made or written to.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part{path.suffix}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.part.touch(exist_ok=False)
        except OSError as error:
            raise self.error(error) from error

    def commit(self) -> None:
        """Give the file its name, in one step; an older file of that name is replaced."""
        self.part.replace(self.path)

    def discard(self) -> None:
        """Remove what was written."""
        self.part.unlink(missing_ok=True)

    def finish(self, content: bytes) -> None:
        """Write all of the file and give it its name, or leave nothing behind."""
        try:
            self.part.write_bytes(content)
            self.commit()
        except OSError as error:
            raise self.error(error) from error
        finally:
            self.discard()

    def error(self, error: OSError) -> OSError:
        """Return the same error about the target: the user does not know the temporary name."""
        return OSError(error.errno, error.strerror or str(error), str(self.path))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    PartFile(path).finish(content)


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
