"""Everything that differs between operating systems: locks, folders on disk, process groups, limits, signals.

The rest of ferbench calls these functions and asks no question about the system. Linux is tested; Windows only by
simulation, with stand-ins for its modules.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import IO, Any

try:
    import fcntl as _fcntl

    fcntl: ModuleType | None = _fcntl
except ImportError:
    fcntl = None
try:
    import resource as _resource

    resource: ModuleType | None = _resource
except ImportError:
    resource = None

#: Exit code of a command whose output was closed by its reader, such as ``| head``; Windows has no such signal.
BROKEN_PIPE_EXIT = 128 + 13
# Windows locks bytes instead of files. This one lies behind all content, so that the file can still be read.
_LOCKED_BYTE = 2**30
_RETRY_SECONDS = 0.1


def is_windows() -> bool:
    """Return whether this is Windows."""
    return sys.platform == "win32"


def locks_open_files() -> bool:
    """Return whether files and folders can be locked through an open handle, as on Linux and macOS."""
    return fcntl is not None


def lock_file(handle: IO[Any] | int, *, wait: bool = True) -> None:
    """Lock an open file for this process; the system releases the lock when the file is closed or the process ends.

    Parameters
    ----------
    handle : file or int
        Open file, or its descriptor.
    wait : bool, default=True
        Whether to wait for another process.

    Raises
    ------
    BlockingIOError
        If another process holds the lock and `wait` is False.
    """
    descriptor = handle if isinstance(handle, int) else handle.fileno()
    if fcntl is not None:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    while not _lock_byte(descriptor):
        if not wait:
            raise BlockingIOError("another process holds the lock")
        time.sleep(_RETRY_SECONDS)


def _lock_byte(descriptor: int) -> bool:
    """Lock one byte, as Windows does it; return False if another process holds it."""
    import msvcrt

    locking: Any = msvcrt
    place = os.lseek(descriptor, 0, os.SEEK_CUR)
    try:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        locking.locking(descriptor, locking.LK_NBLCK, 1)
        return True
    except OSError:
        return False
    finally:
        os.lseek(descriptor, place, os.SEEK_SET)


def sync(path: Path) -> None:
    """Wait until a file, or a rename inside a folder, is on disk."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:  # Windows cannot open folders.
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def own_group() -> dict[str, Any]:
    """Return the arguments with which a child process gets its own group, so that Ctrl-C does not reach it."""
    if is_windows():
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200)}
    return {"start_new_session": True}


def kill_group(pid: int) -> None:
    """Kill a child process of its own group, and all its child processes; nothing happens if they have ended."""
    with contextlib.suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            _kill_tree(pid)


def _kill_tree(pid: int) -> None:
    """Kill a process and its descendants one by one: Windows has no signal for a group."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for process in [*root.children(recursive=True), root]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def can_pass_pipes() -> bool:
    """Return whether a child process can inherit chosen descriptors."""
    return not is_windows()


def file_size_limit() -> int | None:
    """Return the largest size of a file that this process may write, in bytes; None without a limit."""
    if resource is None:
        return None
    soft = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if soft == resource.RLIM_INFINITY else int(soft)


def address_space_limit() -> float:
    """Return the largest address space of this process in bytes; infinity without a limit."""
    if resource is None:
        return float("inf")
    soft = resource.getrlimit(resource.RLIMIT_AS)[0]
    return float("inf") if soft == resource.RLIM_INFINITY else float(soft)


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_average() -> float | None:
    """Return the load of the last minute; None on Windows, which reports none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def signal_numbers(*names: str) -> list[signal.Signals]:
    """Return those signals that the system has."""
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
