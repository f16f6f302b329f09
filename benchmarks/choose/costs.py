"""The costs of a measured recognizer that a choice can limit."""

from ferbench.benchmarks.pages import total_fit_seconds
from ferbench.benchmarks.report import Measured, Results


def latency(results: Results, cell: Measured) -> tuple[float | None, str]:
    """Return the p90 latency for one image in milliseconds, or the median if there were too few samples."""
    milliseconds = results.latencies.of_cell(str(cell.record["cell_id"])).milliseconds
    if milliseconds.get("p90") is not None:
        return float(milliseconds["p90"]), "p90"
    return median(results, cell), "median"


def median(results: Results, cell: Measured) -> float | None:
    """Return the median latency for one image in milliseconds."""
    return results.latencies.of_cell(str(cell.record["cell_id"])).median


def megabytes(cell: Measured) -> float | None:
    """Return the size of the bundle in megabytes."""
    value = cell.record.get("size_bytes")
    return None if value is None else value / 1e6


def memory(cell: Measured) -> float | None:
    """Return the peak memory of the measuring process in megabytes: of fit and prediction together."""
    value = cell.record.get("peak_memory_bytes")
    return None if value is None else value / 1e6


def whole_fits(results: Results) -> dict[str, float | None]:
    """Return the seconds of the whole fit of each cell, with extraction, teachers and members, by cell id."""
    return total_fit_seconds(cell.record for cell in results.measured)
