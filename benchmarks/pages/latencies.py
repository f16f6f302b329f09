"""Which latency of each cell the tables show, and which rows may be ranked by it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench.benchmarks.identity import recorded_checksum
from ferbench.benchmarks.store import read_timings


@dataclass(frozen=True)
class Latency:
    """Latency of one cell.

    Attributes
    ----------
    milliseconds : mapping of str to number or None
        ``median``, ``p90``, ``p99``, and ``n``, the number of calls; empty if it was not measured.
    run : str
        The run of ``ferbench retime`` or ``ferbench run`` that measured it; empty if the record does not say.
    ranked : bool
        Whether it belongs to the run within which rows are ranked.
    """

    milliseconds: Mapping[str, Any]
    run: str
    ranked: bool

    @property
    def median(self) -> float | None:
        """The median in milliseconds."""
        value = self.milliseconds.get("median")
        return None if value is None else float(value)

    @property
    def limited(self) -> tuple[float | None, str]:
        """The latency that a budget limits, and what it is: ``p90``, or ``median`` with too few samples for it."""
        if self.milliseconds.get("p90") is not None:
            return float(self.milliseconds["p90"]), "p90"
        return self.median, "median"


@dataclass(frozen=True)
class Latencies:
    """The latencies of all cells of a results folder.

    A cell has the latency of the newest retiming of its bundle, or else that in its record. Rows are ranked within one
    run alone: the newest retiming, or without one, the run of the suite that measured most of the records.

    Attributes
    ----------
    cells : mapping of str to Latency
        By cell id.
    run : str
        The run within which rows are ranked; empty if there is none.
    retimed : mapping of str to Any, or None
        Content of the newest retiming.
    """

    cells: Mapping[str, Latency]
    run: str
    retimed: Mapping[str, Any] | None

    @classmethod
    def of(cls, root: Path, records: Iterable[Mapping[str, Any]]) -> "Latencies":
        """Read the retimings of a folder, and take the other latencies from its records.

        Raises
        ------
        ValueError
            If the record of a retiming is damaged; the message names it.
        """
        known, runs = list(records), read_timings(root)
        own = Counter(str(record["run"]) for record in known if record.get("run") and _own(record))
        run = runs[0]["run"] if runs else own.most_common(1)[0][0] if own else ""
        cells = {str(record["cell_id"]): _latency(record, runs, run) for record in known}
        return cls(cells, run, runs[0] if runs else None)

    def of_cell(self, cell_id: str) -> Latency:
        """Return the latency of one cell; it is empty for a cell that is not there."""
        return self.cells.get(cell_id, Latency({}, "", False))

    def text(self) -> str:
        """Return a sentence about the run of the ranked rows, and about the rows that are not ranked."""
        measured = [latency for latency in self.cells.values() if latency.milliseconds]
        others = sum(not latency.ranked for latency in measured)
        if not measured:
            return ""
        if not self.run:
            return (
                "Rows are not ranked by latency, because their records do not say in which run they were measured: "
                "'ferbench retime' measures all bundles in one run."
            )
        start = f"Latencies are ranked within the run {self.run}{self._conditions()}."
        if not others:
            return start
        return (
            f"{start} {others} of {len(measured)} rows were measured in other runs: they are shown but not ranked "
            "by time."
        )

    def _conditions(self) -> str:
        if self.retimed is None:
            return " of the suite"
        about, load = self.retimed["environment"], (self.retimed.get("load") or {}).get("before")
        busy = f", load {load[0]:.1f} before it" if load else ""
        missing = sum(cell.get("status") == "missing" for cell in self.retimed["cells"].values())
        gone = f"; {missing} rows had no bundle there" if missing else ""
        return (
            f" of 'ferbench retime' ({about.get('cpu')}, one of {about.get('cores')} cores, one thread{busy}, bundles "
            f"in turns, images: {self.retimed['images']['source']}{gone})"
        )


def _own(record: Mapping[str, Any]) -> Mapping[str, Any]:
    own: Mapping[str, Any] = (record.get("timings") or {}).get("latency_ms") or {}
    return own


def _latency(record: Mapping[str, Any], runs: list[dict[str, Any]], ranked: str) -> Latency:
    weights = recorded_checksum(record)
    for run in runs:
        cell = run["cells"].get(record["cell_id"])
        # A timing of other weights under the same id does not apply: the cell was measured again since.
        if cell and cell.get("latency_ms") and cell.get("weights") == weights:
            return Latency(cell["latency_ms"], run["run"], run["run"] == ranked)
    run_id = str(record.get("run") or "")
    return Latency(_own(record), run_id, bool(run_id) and run_id == ranked)
