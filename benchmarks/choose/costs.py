"""The costs of a measured recognizer that a choice can limit."""

from ferbench.benchmarks.report import Measured


def megabytes(cell: Measured) -> float | None:
    """Return the size of the bundle in megabytes."""
    value = cell.record.get("size_bytes")
    return None if value is None else value / 1e6


def memory(cell: Measured) -> float | None:
    """Return the peak memory of the measuring process in megabytes: of fit and prediction together."""
    value = cell.record.get("peak_memory_bytes")
    return None if value is None else value / 1e6
