"""What each recognizer offers at which cost, for the cards, the budget and the plot of the page."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from ferbench.benchmarks.pages import duration, megabytes, milliseconds, share, total_fit_seconds
from ferbench.benchmarks.report.results import Measured, Results
from ferbench.benchmarks.report.scores import ScoreBoard, latency_median
from ferbench.models import pretrained
from ferbench.utils import read_json


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
    text: Mapping[str, str]
    command: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


def make_offers(results: Results, board: ScoreBoard) -> dict[str, Offer]:
    """Return the offer of each measured cell, by its id."""
    totals = total_fit_seconds(cell.record for cell in results.measured)
    candidates, shipped = {cell.label for cell in results.candidates}, _shipped_files()
    offers = {}
    for cell in results.measured:
        name = next((name for name, files in shipped.items() if files == _weights(cell)), "")
        cell_id, score = str(cell.record["cell_id"]), _score(board, cell.label)
        costs: dict[str, Any] = _costs(results, cell, totals.get(cell_id))
        offers[cell_id] = Offer(
            label=cell.label,
            kind=cell.kind,
            candidate=cell.label in candidates,
            constant=cell.is_constant,
            ships=bool(name),
            **score,
            **costs,
            text=_texts(score, costs, compared_latency(results, cell)[1]),
            command=_command(results, cell, name),
        )
    return offers


def compared_latency(results: Results, cell: Measured) -> tuple[float | None, str]:
    """Return the latency that a budget limits, and what it is: ``p90``, or ``median`` with too few samples for it."""
    latency = results.latencies.of_cell(str(cell.record["cell_id"]))
    if latency.milliseconds.get("p90") is not None:
        return float(latency.milliseconds["p90"]), "p90"
    return latency.median, "median"


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
        "ms": compared_latency(results, cell)[0],
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


def _shipped_files() -> dict[str, set[str]]:
    """Return the checksums of the files of each shipped bundle but its description, by its name."""
    found = {}
    for name, path in pretrained().items():
        files = read_json(path / "bundle.json").get("files") or {}
        found[name] = {str(digest) for digest in files.values()}
    return found


def _weights(cell: Measured) -> set[str]:
    """Return the checksums of the files of a bundle but its description, which has scores and notes too."""
    bundle, files = f"{cell.record.get('bundle')}/", cell.record.get("files") or {}
    names = [name for name in files if name.startswith(bundle) and not name.endswith("/bundle.json")]
    return {str(files[name].get("sha256")) for name in names}


def _command(results: Results, cell: Measured, shipped: str) -> str:
    if shipped:
        return f"ferbench image me.jpg --model {quote(shipped)}"
    folder = folder_name(results.root)
    if not cell.record.get("bundle"):
        return f"ferbench best {quote(folder)}"
    # A recipe with several seeds has a bundle for each of them.
    model = cell.recipe if cell.label == cell.recipe else f"{folder}/{cell.record['bundle']}"
    return f"ferbench image me.jpg --model {quote(model)} --results {quote(folder)}"


def folder_name(root: Path) -> str:
    """Return the folder as a user names it: from ``results`` on, or its own name; no path of one machine."""
    parts = root.resolve().parts
    start = len(parts) - 1 - parts[::-1].index("results") if "results" in parts else len(parts) - 1
    return "/".join(parts[start:]) if start < len(parts) - 1 else f"results/{parts[-1]}"
