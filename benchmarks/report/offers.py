"""What each recognizer offers at which cost, for the cards, the budget and the plot of the page."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from ferbench.benchmarks.identity import recorded_checksum, shipped_names
from ferbench.benchmarks.pages import (
    duration,
    measure_command,
    megabytes,
    milliseconds,
    share,
)
from ferbench.benchmarks.report.results import Measured, Results
from ferbench.benchmarks.report.scores import ScoreBoard, latency_median


@dataclass(frozen=True)
class Offer:
    """Accuracy and costs of one recognizer, with the texts that a page shows.

    Attributes
    ----------
    label, kind : str
        Its name in the report, and the group that gives its color.
    candidate, constant, ships : bool
        Whether it can be the best, by :attr:`Results.rule`; whether it ignores its input; whether exactly these
        weights come with ferbench.
    public : float
        Accuracy on PublicTest, by which everything is chosen.
    accuracy, low, high : float or None
        Accuracy on the split of the tables with its interval; None if that was not opened for it.
    median, ms, mb, fit : float or None
        Median latency, the latency that a budget limits, size in megabytes, and seconds of the whole fit.
    ranked : dict of str to bool
        For ``ms``, ``mb`` and ``fit``: whether it may be ranked by that cost. Latencies are compared within one run
        alone, and fit times on one machine.
    text : dict of str to str
        The same as text.
    command : str
        Command that uses it.
    """

    label: str
    kind: str
    candidate: bool
    constant: bool
    ships: bool
    public: float
    accuracy: float | None
    low: float | None
    high: float | None
    median: float | None
    ms: float | None
    mb: float | None
    fit: float | None
    ranked: Mapping[str, bool]
    text: Mapping[str, str]
    command: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


def make_offers(results: Results, board: ScoreBoard) -> dict[str, Offer]:
    """Return the offer of each measured cell, by its id."""
    candidates = {cell.label for cell in results.candidates}
    shipped = shipped_names()
    offers = {}
    for cell in results.measured:
        name = shipped.get(recorded_checksum(cell.record) or "", "")
        cell_id, score = str(cell.record["cell_id"]), _score(board, cell.label)
        costs: dict[str, Any] = _costs(results, cell, results.total_fits.get(cell_id))
        offers[cell_id] = Offer(
            label=cell.label,
            kind=cell.kind,
            candidate=cell.label in candidates,
            constant=cell.is_constant,
            ships=bool(name),
            **score,
            **costs,
            ranked={
                "ms": results.latency_of(cell).ranked,
                "mb": True,
                "fit": results.fit_ranked(cell),
            },
            text=_texts(score, costs, results.latency_of(cell).limited[1]),
            command=_command(results, cell, name),
        )
    return offers


def _score(board: ScoreBoard, label: str) -> dict[str, Any]:
    scores = board.private.get(label)
    low, high = (math.nan, math.nan) if scores is None else scores.interval("accuracy")
    blank = math.isnan(low) or math.isnan(high)
    return {
        "public": board.public[label].value,
        "accuracy": None if scores is None else float(scores.accuracy),
        "low": None if blank else float(low),
        "high": None if blank else float(high),
    }


def _costs(results: Results, cell: Measured, fit: float | None) -> dict[str, float | None]:
    size, median = cell.record.get("size_bytes"), latency_median(cell)
    return {
        "median": None if math.isinf(median) else median,
        "ms": results.latency_of(cell).limited[0],
        "mb": None if size is None else size / 1e6,
        "fit": fit,
    }


def _texts(score: Mapping[str, Any], costs: Mapping[str, float | None], latency: str) -> dict[str, str]:
    ms, mb, fit = (costs[name] for name in ("ms", "mb", "fit"))
    return {
        "accuracy": "" if score["accuracy"] is None else share(score["accuracy"]),
        "interval": "" if score["low"] is None else f"{share(score['low'])}–{share(score['high'])}",
        "public": share(score["public"]),
        "ms": "" if ms is None else f"{milliseconds(ms)} ms",
        "latency": f"latency, {latency}",
        "mb": "" if mb is None else f"{megabytes(1e6 * mb)} MB",
        "fit": "" if fit is None else duration(fit),
    }


def _command(results: Results, cell: Measured, shipped: str) -> str:
    if shipped:
        return f"ferbench image me.jpg --model {quote(shipped)}"
    folder = folder_name(results.root)
    if not (bundle := cell.record.get("bundle")):
        return f"ferbench best {quote(folder)}"
    if not (results.root / bundle).is_dir():
        # Bundles are not published with the tables: the run makes it anew.
        return measure_command(results.suite, cell.recipe)
    # A recipe with several seeds has a bundle for each of them.
    model = cell.recipe if cell.label == cell.recipe else f"{folder}/{cell.record['bundle']}"
    return f"ferbench image me.jpg --model {quote(model)} --results {quote(folder)}"


def folder_name(root: Path) -> str:
    """Return the folder as a user names it: from ``results`` on, or its own name; no path of one machine."""
    parts = root.resolve().parts
    start = len(parts) - 1 - parts[::-1].index("results") if "results" in parts else len(parts) - 1
    return "/".join(parts[start:]) if start < len(parts) - 1 else f"results/{parts[-1]}"
