"""Name, lock and clean up temporary files and folders, also after their process was killed."""

import errno
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from ferbench.utils.platforms import lock_file, locks_open_files

# Temporary name of a file or folder. It keeps the suffix, since OpenCV and ffmpeg choose the format by it.
_PART = re.compile(r"\..*\.ferbench-[0-9a-f]{8}\.part(\.[^.]*)?", re.DOTALL)
_LONGEST_NAME = 200
# Errors of the write call, which lack the file name if the file was opened by its descriptor.
_OF_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, None}


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files and folders of killed processes in `folder`.

    A process holds a lock on its temporary files. The operating system releases the lock when the process ends.
    """
    if not locks_open_files():
        return
    for path in folder.iterdir():
        if _PART.fullmatch(path.name):
            with suppress(OSError):
                _remove_unless_locked(path)


def finished_files(folder: Path, pattern: str) -> list[Path]:
    """Return the files in `folder` that match a pattern, in order, without temporary ones of this or a killed process.

    A pattern such as ``*.json`` matches temporary files as well, since these keep the suffix.
    """
    return sorted(path for path in folder.glob(pattern) if not _PART.fullmatch(path.name))


def part_name(path: Path, *, folder: bool) -> Path:
    """Return a new temporary name for `path`."""
    # Folders have no suffix; a dot in the name may belong to a version, such as "v1.5".
    stem, suffix = (path.name, "") if folder else (path.stem, path.suffix)
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        stem, suffix = stem[:40], suffix[:10]
    return path.with_name(f".{stem}.ferbench-{secrets.token_hex(4)}.part{suffix}")


def claim(path: Path, *, folder: bool) -> tuple[Path, int | None]:
    """Create a temporary file or folder and lock it."""
    while True:
        part = part_name(path, folder=folder)
        if folder:
            part.mkdir()
        else:
            part.touch(exist_ok=False)
        if not locks_open_files():
            return part, None
        try:
            lock = os.open(part, os.O_RDONLY)
            lock_file(lock)
            if part.exists():
                return part, lock
            # Another process removed the file before it was locked.
            os.close(lock)
        except FileNotFoundError:
            continue
        except OSError:  # The file system does not support locks.
            return part, None


def _remove_unless_locked(part: Path) -> None:
    handle = os.open(part, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        lock_file(handle, wait=False)
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink()
    finally:
        os.close(handle)


def about_target(error: OSError, part: Path, path: Path) -> OSError:
    """Return the error with the name of the target if it names the temporary file or no file."""
    named = str(error.filename or "")
    if named.startswith(str(part)) or (not named and error.errno in _OF_WRITING):
        return OSError(error.errno, error.strerror or str(error), str(path)) if error.errno else _bare(error, path)
    return error


def _bare(error: OSError, path: Path) -> OSError:
    text = str(error)
    return error if str(path) in text else OSError(errno.EIO, text, str(path))
