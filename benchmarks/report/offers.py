"""What each recognizer offers at which cost, for the cards, the budget and the plot of the page."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from ferbench.benchmarks.identity import shipped_as
from ferbench.benchmarks.pages import (
    Latency,
    duration,
    measure_command,
    megabytes,
    milliseconds,
    share,
)
from ferbench.benchmarks.report.results import Measured, Results
from ferbench.benchmarks.report.scores import ScoreBoard, latency_median
from ferbench.models import pretrained

_OTHER_WEIGHTS = "the bundle that ships under this name has other weights"


@dataclass(frozen=True)
class Offer:
    """Accuracy and costs of one recognizer, with the texts that a page shows.

    Attributes
    ----------
    label, kind : str
        Its name in the report, and the group that gives its color.
    candidate, constant : bool
        Whether it can be the best, by :attr:`Results.rule`; whether it ignores its input.
    ships_as, ships_text : str
        Name of the shipped bundle with exactly these weights, and the mark of the row; empty if they do not ship.
    note : str
        Says of a recipe named like a shipped bundle that its weights are others; empty for any other recipe.
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
    ships_as: str
    ships_text: str
    note: str
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
    shipped = ships_as(results)
    offers = {}
    for cell in results.measured:
        cell_id, score = str(cell.record["cell_id"]), _score(board, cell.label)
        costs: dict[str, Any] = _costs(results, cell, results.total_fits.get(cell_id))
        name = shipped.get(cell_id, "")
        offers[cell_id] = Offer(
            label=cell.label,
            kind=cell.kind,
            candidate=cell.label in candidates,
            constant=cell.is_constant,
            ships_as=name,
            ships_text=ships_text(cell.recipe, name) if name else "",
            note=name_note(cell.recipe, name),
            **score,
            **costs,
            ranked={
                "ms": results.latency_of(cell).ranked,
                "mb": True,
                "fit": results.fit_ranked(cell),
            },
            text=_texts(score, costs, results.latency_of(cell)),
            command=_command(results, cell, name),
        )
    return offers


def ships_as(results: Results) -> dict[str, str]:
    """Return the name of the shipped bundle with exactly the weights of a cell, by its id; other cells are left out."""
    names = {str(cell.record["cell_id"]): shipped_as(cell.record) for cell in results.measured}
    return {cell_id: name for cell_id, name in names.items() if name}


def ships_text(recipe: str, name: str) -> str:
    """Return the mark of a row whose weights ship under a name.

    Examples
    --------
    >>> ships_text("weight-mean@net-l", "ferbench-net-l"), ships_text("ferbench-net-xs", "ferbench-net-xs")
    ('ships as ferbench-net-l', 'ships')
    """
    return "ships" if name == recipe else f"ships as {name}"


def name_note(recipe: str, name: str) -> str:
    """Say of a recipe named like a shipped bundle that its weights do not ship; empty for any other recipe."""
    return _OTHER_WEIGHTS if recipe in pretrained() and not name else ""


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


def _texts(score: Mapping[str, Any], costs: Mapping[str, float | None], latency: Latency) -> dict[str, str]:
    ms, mb, fit = (costs[name] for name in ("ms", "mb", "fit"))
    kind = latency.limited[1] + ("" if latency.ranked else ", of another run: not ranked")
    return {
        "accuracy": "" if score["accuracy"] is None else share(score["accuracy"]),
        "interval": "" if score["low"] is None else f"{share(score['low'])}–{share(score['high'])}",
        "public": share(score["public"]),
        "ms": "" if ms is None else f"{milliseconds(ms)} ms",
        "latency": f"latency, {kind}",
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
    # A recipe with several seeds has a bundle for each of them, and the name of a shipped bundle means that one.
    named = cell.label == cell.recipe and cell.recipe not in pretrained()
    model = cell.recipe if named else f"{folder}/{cell.record['bundle']}"
    return f"ferbench image me.jpg --model {quote(model)} --results {quote(folder)}"


def folder_name(root: Path) -> str:
    """Return the folder as a user names it: from ``results`` on, or its own name; no path of one machine."""
    parts = root.resolve().parts
    start = len(parts) - 1 - parts[::-1].index("results") if "results" in parts else len(parts) - 1
    return "/".join(parts[start:]) if start < len(parts) - 1 else f"results/{parts[-1]}"
