"""Write folders atomically."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferbench.utils.unfinished import about_target, claim, part_name, remove_leftovers


class PartFolder:
    """Folder that is filled under a temporary name next to its target.

    Parameters
    ----------
    path : Path
        Target of the folder; missing parent folders are created.

    Attributes
    ----------
    part : Path
        Temporary folder to fill before :meth:`commit`.

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
        """Rename the folder to its target.

        Raises
        ------
        OSError
            If the target exists and is not empty.
        """
        self.part.rename(self.path)

    def discard(self) -> None:
        """Remove the temporary folder, unless it was committed."""
        shutil.rmtree(self.part, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


@contextmanager
def atomic_folder(path: str | Path, *, keep: bool = False) -> Iterator[Path]:
    """Yield an empty temporary folder to fill, and rename it to `path` if the block ends without an error.

    Parameters
    ----------
    path : str or Path
        Target of the folder; missing parent folders are created.
    keep : bool, default=False
        Whether to keep a folder that exists at `path` when the block ends, such as one that another process created
        with the same content. Otherwise it is replaced.

    Yields
    ------
    Path
        Temporary folder next to the target.

    Raises
    ------
    OSError
        If the folder cannot be written; the message names `path`, and no folder is left.
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
    """Rename the folder to its target; an existing folder is renamed first, since folders cannot be swapped."""
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
    """Remove a folder if it exists; it is renamed first, so that no process sees an incomplete folder."""
    aside = _step_aside(path)
    if aside is not None:
        shutil.rmtree(aside, ignore_errors=True)
