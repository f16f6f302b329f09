"""Run one cell in a child process with limits of time and memory."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from ferbench.benchmarks.run.job import STORAGE_ERRNOS, STORAGE_EXIT, Job, now
from ferbench.benchmarks.run.warm import WarmChild, WarmStart
from ferbench.datasets import cache_dir
from ferbench.utils import kill_group, own_group

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "LOKY_MAX_CPU_COUNT",
    "OPENCV_FOR_THREADS_NUM",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def run_cell(
    job: Job,
    outbox: Path,
    checkpoints: Path | None,
    stopped: Callable[[], bool],
    warm: WarmStart | None = None,
) -> dict[str, Any] | None:
    """Measure one cell in a child process and wait for it.

    Parameters
    ----------
    job : Job
    outbox : Path
        Empty folder for the child's results and its log.
    checkpoints : Path or None
        Folder for the checkpoints of a long fit.
    stopped : callable
        Called several times per second; if it returns true, the child is killed.
    warm : WarmStart, optional
        A process with the libraries already imported, which starts the child.

    Returns
    -------
    dict or None
        The record; with status ``ok`` its files are in `outbox`. None if it was stopped.

    Raises
    ------
    OSError
        If the child could not write because the disk is full or read-only.
    """
    (outbox / "job.json").write_text(job.for_child().to_json(), encoding="utf-8")
    record = job.blank_record()
    with (outbox / "log.txt").open("wb") as log:
        # In its own process group, so that Ctrl-C reaches only the driver, and one kill ends all child processes.
        # `-P`, so that files in the current folder do not shadow an installed package.
        child = (
            warm.start(outbox, checkpoints)
            if warm
            else subprocess.Popen(
                [sys.executable, "-P", "-m", "ferbench.benchmarks.run.cell", str(outbox), str(checkpoints or "")],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                **own_group(),
                env=cell_environment(job.threads),
            )
        )
        try:
            verdict = _supervise(child, job, stopped)
        finally:
            _kill_group(child)
    if verdict == "stopped":
        return None
    if verdict is None and child.returncode == 0:
        return json.loads((outbox / "record.json").read_bytes()) | {"dataset": dict(job.dataset)}
    assert child.returncode is not None
    if child.returncode >= STORAGE_EXIT:
        code = STORAGE_ERRNOS[child.returncode - STORAGE_EXIT]
        raise OSError(code, os.strerror(code), f"{outbox.parent.parent} or the cache {cache_dir()}")
    status, reason = verdict or ("killed", _signal_reason(child.returncode, outbox / "log.txt"))
    return record | {
        "status": status,
        "reason": reason,
        "finished": now(),
        "traceback": _tail(outbox / "log.txt"),
    }


def _supervise(child: "subprocess.Popen[bytes] | WarmChild", job: Job, stopped: Callable[[], bool]) -> Any:
    deadline = time.monotonic() + job.time_s
    for turn in itertools.count():
        try:
            child.wait(timeout=0.1)
            return None
        except subprocess.TimeoutExpired:
            pass
        if stopped():
            return "stopped"
        if time.monotonic() > deadline:
            return (
                "timeout",
                f"took longer than {job.time_s:g} s; raise budget.time_s of the suite to allow more",
            )
        # Not in each iteration, because listing all processes takes milliseconds.
        if turn % 4 == 0 and (used := _memory_mb(child.pid, job.memory_mb)) > job.memory_mb:
            return "oom", (
                f"used {used:.0f} MiB, more than {job.memory_mb:g} MiB; "
                "raise budget.memory_mb of the suite to allow more"
            )


def _memory_mb(pid: int, limit_mb: float) -> float:
    """Return the memory of a process and its descendants in MiB; above the limit, shared pages count once."""
    total = 0.0
    for kind in ("rss", "pss"):
        total = 0.0
        try:
            root = psutil.Process(pid)
            tree = [root, *root.children(recursive=True)]
        except psutil.Error:
            return 0.0
        for process in tree:
            try:
                # The proportional set size is exact but slow, so it is only read if the plain sum is too large.
                total += process.memory_info().rss if kind == "rss" else _proportional(process)
            except psutil.Error:
                continue
        if total / 2**20 <= limit_mb:
            break
    return total / 2**20


def _proportional(process: psutil.Process) -> float:
    info = process.memory_full_info()
    return float(getattr(info, "pss", info.rss))


def _kill_group(child: "subprocess.Popen[bytes] | WarmChild") -> None:
    kill_group(child.pid)
    child.wait()
    if child.stdin:
        child.stdin.close()


def _signal_reason(returncode: int, log: Path) -> str:
    if returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}; the system may have run out of memory"
    last = _tail(log).strip().rsplit("\n", 1)[-1]
    return f"the process ended with exit code {returncode}: {last or 'no message'}"


def _tail(log: Path, n_bytes: int = 4000) -> str:
    return log.read_bytes()[-n_bytes:].decode("utf-8", "replace")


def cell_environment(threads: int) -> dict[str, str]:
    """The environment of a cell, with this number of threads."""
    limits = dict.fromkeys(_THREAD_VARIABLES, str(threads))
    return {**os.environ, **limits, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
