"""The machine: cores, threads, memory and display."""

import math
import os
import sys
from pathlib import Path

from ferbench.cli.doctor.check import Check
from ferbench.utils import usable_cores

# Suites that ship give each cell 4 GB.
_ENOUGH_BYTES = 4e9
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_CGROUPS = Path("/sys/fs/cgroup")


def check_cores() -> Check:
    """Look at the cores that this process may use, and at variables that limit threads."""
    cores = usable_cores()
    limits = [f"{name}={os.environ[name]}" for name in _THREADS if os.environ.get(name)]
    found = f"{cores} of {os.cpu_count() or cores}"
    if (quota := cpu_quota(_CGROUPS)) is not None and quota < cores:
        limits.insert(0, f"a limit of {quota:g} cores' time")
    return Check("cores", "ok", ", ".join([found, *limits]))


def check_memory() -> Check:
    """Look at the memory of the machine, and at the limit that a container or a service sets."""
    import psutil

    memory = psutil.virtual_memory()
    limit = memory_limit(_CGROUPS)
    usable = min(memory.total, limit)
    found = f"{memory.total / 1e9:.1f} GB, {memory.available / 1e9:.1f} GB free"
    found += f", limited to {limit / 1e9:.1f} GB" if limit < memory.total else ""
    if usable < _ENOUGH_BYTES:
        return Check("memory", "problem", found, "cells may be ended: lower memory_mb in the suite's [budget]")
    return Check("memory", "ok", found)


def check_display() -> Check:
    """Look whether a window can be opened."""
    if sys.platform in ("win32", "darwin"):
        return Check("display", "ok", "of the desktop")
    for name in ("WAYLAND_DISPLAY", "DISPLAY"):
        if os.environ.get(name):
            return Check("display", "ok", f"{name}={os.environ[name]}")
    return Check("display", "missing", "none", "use `ferbench serve`, or `ferbench live --no-window`")


def memory_limit(cgroups: Path) -> float:
    """Return the least memory limit of this process's control groups in bytes, or infinity.

    Parameters
    ----------
    cgroups : Path
        Where control groups are mounted; version 2, and in its folder ``memory`` version 1.
    """
    files = [place / "memory.max" for place in _groups(cgroups)]
    files.append(cgroups / "memory" / "memory.limit_in_bytes")
    return min(map(_number, files), default=math.inf)


def cpu_quota(cgroups: Path) -> float | None:
    """Return how many cores' time this process's control groups give it; None without a limit."""
    quotas = []
    for place in _groups(cgroups):
        words = _text(place / "cpu.max").split()
        if len(words) == 2 and words[0] != "max":
            quotas.append(float(words[0]) / float(words[1]))
    return min(quotas, default=None)


def _groups(cgroups: Path) -> list[Path]:
    """Folders of the group of this process, and of the groups around it."""
    own = next((line[3:] for line in _text(Path("/proc/self/cgroup")).splitlines() if line.startswith("0::")), "/")
    place = cgroups / own.strip("/")
    return [place, *(above for above in place.parents if above.is_relative_to(cgroups))]


def _number(file: Path) -> float:
    text = _text(file).strip()
    return float(text) if text.isdecimal() else math.inf


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
