"""What differs by operating system, with stand-ins for the modules of Windows; nothing here ran on Windows itself."""

import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import psutil
import pytest

from ferbench.utils import is_windows, own_group, platforms, remove_leftovers, write_atomically


class Msvcrt(types.ModuleType):
    """Windows' locks on bytes: one owner for each file."""

    LK_NBLCK = 2

    def __init__(self) -> None:
        super().__init__("msvcrt")
        self.held: dict[int, int] = {}

    def locking(self, descriptor: int, mode: int, n_bytes: int) -> None:
        file, place = os.fstat(descriptor).st_ino, os.lseek(descriptor, 0, os.SEEK_CUR)
        assert (mode, n_bytes) == (self.LK_NBLCK, 1) and place > 2**29, "readers must not be locked out"
        if self.held.setdefault(file, descriptor) != descriptor:
            raise PermissionError(13, "Permission denied")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Msvcrt:
    """Windows, as far as Python's own modules show it."""
    msvcrt = Msvcrt()
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(platforms, "fcntl", None)
    monkeypatch.setattr(platforms, "resource", None)
    for name in ("killpg", "getloadavg", "sched_getaffinity"):
        monkeypatch.delattr(os, name)
    for name in ("SIGHUP", "SIGPIPE"):
        monkeypatch.delattr(signal, name)
    return msvcrt


@pytest.mark.parametrize("system", ["here", "windows"])
def test_a_lock_keeps_others_out_and_the_file_readable(
    system: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if system == "windows":
        request.getfixturevalue("windows")
    file = tmp_path / ".lock"
    with file.open("a+") as first, file.open("a+") as second:
        first.write("4711")
        first.flush()
        platforms.lock_file(first)
        assert file.read_text() == "4711" and first.tell() == 4
        with pytest.raises(BlockingIOError):
            platforms.lock_file(second, wait=False)


def test_windows_has_no_group_of_processes_so_each_is_killed(windows: Msvcrt) -> None:
    assert is_windows() and list(own_group()) == ["creationflags"]
    inner = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])"
    child = subprocess.Popen([sys.executable, "-c", f"{inner}; print('up', flush=True); time.sleep(60)"], stdout=-1)
    assert child.stdout is not None and child.stdout.readline()

    tree = [psutil.Process(child.pid), *psutil.Process(child.pid).children()]
    platforms.kill_group(child.pid)
    child.wait(10)
    child.stdout.close()
    assert len(tree) == 2
    _, alive = psutil.wait_procs(tree, timeout=10)  # A signal takes effect a moment later.
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    platforms.kill_group(child.pid)  # What has ended is no error.


def test_windows_knows_neither_limits_nor_loads_nor_some_signals(windows: Msvcrt) -> None:
    assert platforms.file_size_limit() is None and platforms.load_average() is None
    assert platforms.usable_cores() == os.cpu_count() and not platforms.can_pass_pipes()
    assert platforms.signal_numbers("SIGINT", "SIGHUP") == [signal.SIGINT]
    assert platforms.BROKEN_PIPE_EXIT == 141


def test_files_are_written_without_locks_and_without_syncing_folders(
    windows: Msvcrt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse_folders(path: str | Path, *options: int, **more: int) -> int:
        if Path(path).is_dir():
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *options, **more)

    monkeypatch.setattr(os, "open", refuse_folders)
    write_atomically(tmp_path / "a.txt", b"whole")
    assert (tmp_path / "a.txt").read_bytes() == b"whole"
    (tmp_path / ".b.ferbench-00000000.part.txt").touch()
    remove_leftovers(tmp_path)  # It cannot tell whether that one is in use, so it stays.
    assert sorted(path.name for path in tmp_path.iterdir()) == [".b.ferbench-00000000.part.txt", "a.txt"]


def test_nobody_else_asks_for_the_system() -> None:
    root = Path(__file__).parents[2]
    asked = {"fcntl", "msvcrt", "os.killpg(child", "start_new_session"}
    folders = ("utils", "datasets", "features", "models", "benchmarks", "realtime", "cli")
    files = [path for folder in folders for path in (root / folder).rglob("*.py") if path.name != "platforms.py"]
    found = {f"{path.name}: {word}" for path in files for word in asked if word in path.read_text()}
    assert found == set()
