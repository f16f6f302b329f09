"""Files that take their name only when they are whole, and the hash of a file."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferbench.utils.unfinished import about_target, claim, remove_leftovers, sync


class PartFile:
    """A file written under a temporary name beside its target.

    Parameters
    ----------
    path : Path
        The target; missing parent folders are made.

    Attributes
    ----------
    part : Path
        Where to write until :meth:`commit`. It has the suffix of the target.

    Raises
    ------
    OSError
        If the folder cannot be made or written to.

    See Also
    --------
    atomic_file : The same as a context manager.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.path.parent)
            self.part, self._lock = claim(self.path, folder=False)
        except OSError as error:
            raise self.error(error) from error

    def commit(self) -> None:
        """Give the file its name, in one step; an older file of that name is replaced."""
        try:
            self.part.replace(self.path)
        except OSError as error:
            raise self.error(error) from error
        finally:
            self._unlock()

    def discard(self) -> None:
        """Remove what was written, if it has not taken its name."""
        self.part.unlink(missing_ok=True)
        self._unlock()

    def finish(self, content: bytes, *, durable: bool = True) -> None:
        """Write all of the file and give it its name, or leave nothing behind."""
        try:
            self.write(content, durable=durable)
            self.commit()
        except OSError as error:
            raise self.error(error) from error
        finally:
            self.discard()
        if durable:
            sync(self.path.parent)

    def write(self, content: bytes, *, durable: bool = True) -> None:
        """Write all of the file, and wait until it is on the disk, but leave it under its temporary name."""
        try:
            self.part.write_bytes(content)
            if durable:
                sync(self.part)
        except OSError as error:
            raise self.error(error) from error

    def error(self, error: OSError) -> OSError:
        """Return the same error about the target: the user does not know the temporary name."""
        return OSError(error.errno, error.strerror or str(error), str(self.path))

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def write_atomically(path: str | Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file so that a reader sees the old content or the new, never a part, whatever happens.

    Parameters
    ----------
    path : str or Path
        The file; missing parent folders are made.
    content : bytes
        All of it.
    durable : bool, default=True
        Whether to wait until the file is on the disk.

    Raises
    ------
    OSError
        Naming `path`, where it cannot be written; nothing is left behind.
    """
    PartFile(path).finish(content, durable=durable)


@contextmanager
def prepared_file(path: str | Path, content: bytes) -> Iterator[None]:
    """Write a file that takes the name `path` when the block ends without an error.

    When the block begins, all of the content is on the disk: what may fail for want of space has not failed.

    Raises
    ------
    OSError
        Naming `path`, where it cannot be written; nothing is left behind.
    """
    file = PartFile(path)
    try:
        file.write(content)
        yield
        file.commit()
    finally:
        file.discard()
    sync(file.path.parent)


@contextmanager
def atomic_file(path: str | Path, *, durable: bool = True) -> Iterator[Path]:
    """Give a path to write to; the file takes the name `path` when the block ends without an error.

    Parameters
    ----------
    path : str or Path
        The target; missing parent folders are made.
    durable : bool, default=True
        Whether to wait until the file is on the disk.

    Yields
    ------
    Path
        A file beside the target with the same suffix.

    Raises
    ------
    OSError
        Naming `path`, where it cannot be written; nothing is left behind.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_file(folder / "table.csv") as part:
    ...     _ = part.write_text("a,b")
    >>> [file.name for file in folder.iterdir()]
    ['table.csv']
    """
    file = PartFile(path)
    try:
        yield file.part
        if durable:
            sync(file.part)
        file.commit()
    except OSError as error:
        raise about_target(error, file.part, file.path) from error
    finally:
        file.discard()
    if durable:
        sync(file.path.parent)


def move(source: Path, target: Path) -> None:
    """Give a finished file or folder its name on the same file system, in one step, and wait for the disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    sync(target.parent)


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file, in hex.

    Examples
    --------
    >>> import os
    >>> sha256_of(os.devnull)[:16]
    'e3b0c44298fc1c14'
    """
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
