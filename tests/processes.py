"""Watching the processes of a run from its tests."""

import time
from pathlib import Path

import psutil


def wait_for_pids(log: Path) -> list[int]:
    """Pids of the endless cell and of its helper, once it runs."""
    for _ in range(600):
        if log.is_file() and len(words := log.read_text().split()) == 2:
            return [int(word) for word in words]
        time.sleep(0.1)
    raise AssertionError("the endless cell did not start")


def assert_gone(*pids: int, seconds: float = 5) -> None:
    """No process of these lives, after a moment for the kernel (and the scheduler, where there is one)."""
    for _ in range(round(seconds * 10)):
        alive = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
        if not alive:
            return
        time.sleep(0.1)
    raise AssertionError(f"still alive: {alive}")
