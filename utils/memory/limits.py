"""The memory that this process may use."""

import math
from pathlib import Path

from ferbench.utils import address_space_limit

CGROUPS = Path("/sys/fs/cgroup")


def usable_memory(budget_mb: float | None = None, cgroups: Path = CGROUPS) -> float:
    """Return the bytes that this process may use.

    That is the least of the machine's memory, the limits of its control groups (containers and services), the limit
    of its address space, and the budget.

    Parameters
    ----------
    budget_mb : float, optional
        Further limit in MiB, such as the ``memory_mb`` of a suite.
    cgroups : Path
        Where control groups are mounted.
    """
    import psutil

    budget = math.inf if budget_mb is None else budget_mb * 2**20
    return min(psutil.virtual_memory().total, memory_limit(cgroups), address_space_limit(), budget)


def memory_limit(cgroups: Path = CGROUPS) -> float:
    """Return the least memory limit of this process's control groups in bytes, or infinity.

    Parameters
    ----------
    cgroups : Path
        Where control groups are mounted; version 2, and in its folder ``memory`` version 1.
    """
    files = [place / "memory.max" for place in control_groups(cgroups)]
    files.append(cgroups / "memory" / "memory.limit_in_bytes")
    return min(map(_number, files), default=math.inf)


def control_groups(cgroups: Path = CGROUPS) -> list[Path]:
    """Return the folders of the control group of this process, and of the groups around it."""
    own = next((line[3:] for line in read_or_empty(Path("/proc/self/cgroup")).splitlines() if line[:3] == "0::"), "/")
    place = cgroups / own.strip("/")
    return [place, *(above for above in place.parents if above.is_relative_to(cgroups))]


def read_or_empty(file: Path) -> str:
    """Return the text of a file; an empty one if it cannot be read."""
    try:
        return file.read_text()
    except OSError:
        return ""


def _number(file: Path) -> float:
    text = read_or_empty(file).strip()
    return float(text) if text.isdecimal() else math.inf
