"""Name the machine of each record: fit times are ranked among the rows of one machine alone."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any


def machine_of(record: Mapping[str, Any]) -> str:
    """Return processor, usable cores and system of a record in one line; empty if it is not recorded.

    Examples
    --------
    >>> machine_of({"environment": {"cpu": "AMD EPYC", "cores": 2, "platform": "Linux 6.18"}})
    'AMD EPYC, 2 cores, Linux 6.18'
    """
    about = record.get("environment") or {}
    if not about.get("cpu"):
        return ""
    return f"{about['cpu']}, {about.get('cores')} cores, {about.get('platform')}"


def usual_machine(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the machine of most of the records; empty if none has one."""
    counts = Counter(name for record in records if (name := machine_of(record)))
    return counts.most_common(1)[0][0] if counts else ""


def machine_columns(records: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the columns ``machine`` and ``fit_ranked`` of each record, by cell id."""
    known = list(records)
    usual = usual_machine(known)
    return {
        str(record["cell_id"]): {"machine": name, "fit_ranked": name == usual}
        for record in known
        if (name := machine_of(record))
    }
