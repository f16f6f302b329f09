"""Build the leaderboard columns that all tasks share, one row per cell."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from ferbench.benchmarks.identity import INCOMPLETE, STALE, standings
from ferbench.benchmarks.pages.machines import machine_columns
from ferbench.benchmarks.pages.results import BaseResults
from ferbench.benchmarks.store import Store
from ferbench.benchmarks.tables import is_missing, printable


def build_frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], whole: Sequence[str]) -> pd.DataFrame:
    """Put rows into a frame.

    Parameters
    ----------
    rows : sequence of mapping
        The measured cells, best first, then those that failed.
    columns : sequence of str
        The columns in order, including ``chosen``.
    whole : sequence of str
        Columns of integers.
    """
    frame = pd.DataFrame(list(rows)).reindex(columns=list(columns))
    for name in whole:
        frame[name] = frame[name].astype("Int64")
    frame["chosen"] = [value is True for value in frame["chosen"]]
    return frame


def record_columns(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that come from the record; missing values are blank."""
    timings = record.get("timings") or {}
    latency = timings.get("latency_ms") or {}
    recipe, dataset = record["recipe"], record["dataset"]
    return {
        **{name: timings.get(name) for name in ("fit_s", "extract_s", "predict_s", "throughput_images_per_s")},
        **{f"latency_ms_{name}": latency.get(name) for name in ("median", "p90", "p99")},
        "latency_n": latency.get("n"),
        **{name: record.get(name) for name in ("size_bytes", "peak_memory_bytes", "status", "reason", "seed")},
        **{name: record.get(name) for name in ("suite", "cell_id", "bundle")},
        "recipe": recipe["name"],
        **{name: recipe.get(name) for name in ("family", "implementation", "probabilities")},
        "dataset": dataset.get("name"),
        "fingerprint": str(dataset.get("fingerprint") or "")[:12],
        "drawn": bool(dataset.get("drawn")),
    }


def _identity_columns(results: BaseResults) -> dict[str, dict[str, str]]:
    """Return the columns ``identity`` and ``stale`` of each measured cell, by cell id."""
    records = [cell.record for cell in results.measured if cell.record["status"] == "ok"]
    found = standings(Store(results.root), results.suite, [*records, *results.failed])
    return {
        record["cell_id"]: {"identity": found[record["cell_id"]].kind, "stale": found[record["cell_id"]].text}
        for record in records
    }


def add_measured_columns(rows: Iterable[dict[str, Any]], results: BaseResults) -> None:
    """Add the columns on identity, latency and machine to each row of a measured cell."""
    identities = _identity_columns(results)
    machines = machine_columns(cell.record for cell in results.measured)
    for row in rows:
        cell_id = row["cell_id"]
        row.update(identities.get(cell_id, {}) | _latency_columns(results, cell_id) | machines.get(cell_id, {}))


def _latency_columns(results: BaseResults, cell_id: str) -> dict[str, Any]:
    """Return the columns of the latency of one measured cell: that of the newest retiming, or of its record."""
    latency = results.latencies.of_cell(cell_id)
    figures = {f"latency_ms_{name}": latency.milliseconds.get(name) for name in ("median", "p90", "p99")}
    about = {"latency_run": latency.run or None, "latency_ranked": latency.ranked} if latency.milliseconds else {}
    return {**figures, "latency_n": latency.milliseconds.get("n"), **about}


def row_labels(frame: pd.DataFrame) -> list[str]:
    """Return the recipe of each row, with its seed if the recipe occurs more than once."""
    repeated = frame["recipe"].duplicated(keep=False) & frame["seed"].notna()
    return [
        f"{recipe} (seed {seed})" if more else str(recipe)
        for recipe, seed, more in zip(frame["recipe"], frame["seed"], repeated, strict=True)
    ]


def status_text(row: Mapping[Any, Any], notes: Sequence[str] = ("reason",)) -> str:
    """Return the status of a cell with its warnings, and what makes its record stale."""
    texts = [str(row[name]) for name in ("status", *notes) if not is_missing(row[name])]
    return "; ".join([*texts, *stale_notes(row)])


def identity_text(frame: pd.DataFrame) -> str:
    """Say in words how many records are stale, and how many do not hold their whole identity; empty if all are."""
    kinds = [kind for kind in frame["identity"] if isinstance(kind, str)]
    stale, incomplete = kinds.count(STALE), kinds.count(INCOMPLETE)
    parts = []
    if stale:
        parts.append(
            f"Stale records: {stale}. Measured again, they would be another measurement; the row says what has "
            "changed, and 'ferbench run SUITE --refresh' measures them again."
        )
    if incomplete:
        parts.append(
            f"Identity incomplete: {incomplete} of {len(kinds)} records. They were written before ferbench recorded "
            "all that a cell depends on, so a change since then cannot be seen."
        )
    return " ".join(parts)


def stale_notes(row: Mapping[Any, Any]) -> list[str]:
    """Return why the record of a row is stale or was not checked, as a list of at most one text."""
    why = row.get("stale")
    if is_missing(why):
        return []
    return [f"stale: {why}" if row["identity"] == STALE else str(why)]


def headline_text(frame: pd.DataFrame, what: str) -> str:
    """Return the first line of a leaderboard on a terminal: the data set, and the split in brackets."""
    first = frame.iloc[0]
    drawn = ": drawn faces, not real photographs" if first["drawn"] else ""
    return f"{printable(first['dataset'])}{drawn} ({what})"
