"""Read and write files: errors that name the file, atomic writing, arrays, and the hash of a file."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.utils.platforms import sync
from ferbench.utils.unfinished import about_target, claim, remove_leftovers

if TYPE_CHECKING:
    from numpy.typing import NDArray


class PartFile:
    """File that is written under a temporary name in the folder of its target.

    Use it if a file is written over a longer time; otherwise use :func:`atomic_file` or :func:`write_atomically`.

    Parameters
    ----------
    path : Path
        Target of the file; missing parent folders are created.

    Attributes
    ----------
    part : Path
        Temporary file to write to before :meth:`commit`. It has the suffix of the target.

    Raises
    ------
    OSError
        If the folder cannot be created or written to.

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
        """Rename the file to its target atomically; an existing file is replaced."""
        try:
            self.part.replace(self.path)
        except OSError as error:
            raise self.error(error) from error
        finally:
            self._unlock()

    def discard(self) -> None:
        """Remove the temporary file, unless it was committed."""
        self.part.unlink(missing_ok=True)
        self._unlock()

    def finish(self, content: bytes, *, durable: bool = True) -> None:
        """Write the whole content and commit the file; after an error, no file is left."""
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
        """Write the whole content to disk, but keep the temporary name."""
        try:
            self.part.write_bytes(content)
            if durable:
                sync(self.part)
        except OSError as error:
            raise self.error(error) from error

    def error(self, error: OSError) -> OSError:
        """Return the same error with the name of the target, since the user does not know the temporary name."""
        return OSError(error.errno, error.strerror or str(error), str(self.path))

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def write_atomically(path: str | Path, content: bytes, *, durable: bool = True) -> None:
    """Write a file atomically: a reader gets the old content or the new content, but never a part of it.

    Parameters
    ----------
    path : str or Path
        File to write; missing parent folders are created.
    content : bytes
        Whole content of the file.
    durable : bool, default=True
        Whether to wait until the file is on disk.

    Raises
    ------
    OSError
        If the file cannot be written; the message names `path`, and no file is left.
    """
    PartFile(path).finish(content, durable=durable)


@contextmanager
def prepared_file(path: str | Path, content: bytes) -> Iterator[None]:
    """Write a temporary file, and rename it to `path` if the block ends without an error.

    The whole content is on disk before the block begins, so the block cannot fail later for lack of disk space.

    Raises
    ------
    OSError
        If the file cannot be written; the message names `path`, and no file is left.
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
    """Yield a temporary path to write to, and rename the file to `path` if the block ends without an error.

    Parameters
    ----------
    path : str or Path
        Target of the file; missing parent folders are created.
    durable : bool, default=True
        Whether to wait until the file is on disk.

    Yields
    ------
    Path
        Temporary file in the folder of the target, with the same suffix.

    Raises
    ------
    OSError
        If the file cannot be written; the message names `path`, and no file is left.

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


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Give an OSError the name of the file, which the system leaves out of errors of a file that is open."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def read_arrays(path: Path, remedy: str) -> "dict[str, NDArray[Any]]":
    """Read the arrays of an ``.npz`` file; nothing is unpickled.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is damaged; the message names the file and ends with `remedy`.
    """
    import numpy as np

    try:
        # Opened here because NumPy does not close its own handle if the archive is damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except Exception as error:
        # NumPy, zipfile and zlib raise different exceptions for a damaged archive.
        raise ValueError(f"{path}: not a readable .npz file, or a damaged archive ({error}); {remedy}") from error


def move(source: Path, target: Path) -> None:
    """Rename a finished file or folder atomically on the same file system, and wait until this is on disk."""
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)
    sync(target.parent)


def sha256_of(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hex.

    Examples
    --------
    >>> import os
    >>> sha256_of(os.devnull)[:16]
    'e3b0c44298fc1c14'
    """
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
