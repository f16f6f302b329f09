"""Folders that take their name only when they are whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferbench.utils.unfinished import about_target, claim, part_name, remove_leftovers


class PartFolder:
    """A folder filled under a temporary name beside its target.

    Parameters
    ----------
    path : Path
        The target; missing parent folders are made.

    Attributes
    ----------
    part : Path
        The folder to fill until :meth:`commit`.

    See Also
    --------
    atomic_folder : The same as a context manager.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            remove_leftovers(self.path.parent)
            self.part, self._lock = claim(self.path, folder=True)
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(self.path)) from error

    def commit(self) -> None:
        """Give the folder its name.

        Raises
        ------
        OSError
            If there is a folder of that name that is not empty.
        """
        self.part.rename(self.path)

    def discard(self) -> None:
        """Remove what was written, if it has not taken its name."""
        shutil.rmtree(self.part, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@contextmanager
def atomic_folder(path: str | Path, *, keep: bool = False) -> Iterator[Path]:
    """Give an empty folder to fill; it takes the name `path` when the block ends without an error.

    Parameters
    ----------
    path : str or Path
        The target; missing parent folders are made.
    keep : bool, default=False
        Whether a folder that has that name by then stays, such as one that another process made of the same content.
        Otherwise it is replaced.

    Yields
    ------
    Path
        A folder beside the target.

    Raises
    ------
    OSError
        Naming `path`, where it cannot be written; nothing is left behind.
    """
    folder = PartFolder(path)
    try:
        yield folder.part
        _publish(folder, keep)
    except OSError as error:
        raise about_target(error, folder.part, folder.path) from error
    finally:
        folder.discard()


def _publish(folder: PartFolder, keep: bool) -> None:
    """Give the folder its name; an older one first steps aside, since folders cannot be swapped in one step."""
    aside = None if keep else _step_aside(folder.path)
    try:
        folder.commit()
    except OSError:
        if not (keep and folder.path.is_dir()):
            raise
    finally:
        if aside is not None:
            shutil.rmtree(aside, ignore_errors=True)


def _step_aside(path: Path) -> Path | None:
    aside = part_name(path, folder=True)
    try:
        return path.rename(aside)
    except FileNotFoundError:
        return None


def remove_folder(path: Path) -> None:
    """Remove a folder in one step, if it is there: nobody sees half of it, and open files in it stay readable."""
    aside = _step_aside(path)
    if aside is not None:
        shutil.rmtree(aside, ignore_errors=True)
