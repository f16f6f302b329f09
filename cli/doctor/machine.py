"""The machine: cores, threads, memory and display."""

import os
import sys
from pathlib import Path

import psutil

from ferbench.cli.doctor.check import Check
from ferbench.utils import CGROUPS, control_groups, memory_limit, read_or_empty, usable_cores

# Suites that ship give each cell 4 GB.
_ENOUGH_BYTES = 4e9
_CGROUPS = CGROUPS
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


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


def cpu_quota(cgroups: Path) -> float | None:
    """Return how many cores' time this process's control groups give it; None without a limit."""
    quotas = []
    for place in control_groups(cgroups):
        words = read_or_empty(place / "cpu.max").split()
        if len(words) == 2 and words[0] != "max":
            quotas.append(float(words[0]) / float(words[1]))
    return min(quotas, default=None)
