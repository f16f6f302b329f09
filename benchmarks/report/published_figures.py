"""Published figures on FER2013 beside the measured ones, and never mixed up with them."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.report.plots import champions
from ferbench.benchmarks.report.results import TEST, Measured, Results
from ferbench.benchmarks.report.scores import ScoreBoard
from ferbench.benchmarks.tables import markdown_table

if TYPE_CHECKING:
    import pandas as pd

_FILE = Path(__file__).with_name("published_fer2013.csv")
# The official split: figures on other rows say nothing about these.
_COUNTS = {"Training": 28709, "PublicTest": 3589, "PrivateTest": 3589}
SELECTION = {"T": "on PrivateTest itself", "P": "on PublicTest", "?": "unknown", "": ""}
_NOTES = """\
*Published* figures are their authors'; nobody here has measured them. *Chosen*: the images on which epoch, schedule
or members were chosen; a figure chosen on {test} itself is too good, by 0.3 to 1 point as reruns show. *Extra data*:
what the weights had seen before. Two single figures closer than about 1.5 points are not different: one image is
0.028 points, the standard error at 73 % is 0.74. Figures above 77 % come from merged, re-split or leaking data or
fewer classes, and are left out. *Measured here* are the best of each kind, chosen on PublicTest, and whatever
stands for a published architecture, with their 95 % bootstrap intervals; all others are in the leaderboard. Rebuilt
by `ferbench report`; the published figures come with ferbench, the others from the records.
"""


def published(results: Results, board: ScoreBoard) -> "pd.DataFrame | None":
    """Put published and measured figures into one table, by falling accuracy.

    None where the data is not FER2013's official split.

    Returns
    -------
    DataFrame or None
        ``origin`` (``published`` or ``measured``), ``accuracy`` as a fraction, ``percent`` as it is printed,
        ``low`` and ``high`` (measured only), ``what``, ``source``, ``kind``, ``extra_data``, ``selection``, ``note``.
    """
    import pandas as pd

    if results.dataset.get("drawn") or dict(results.dataset.get("counts") or {}) != _COUNTS:
        return None
    theirs = _read()
    rows = [_published_row(row) for row in theirs]
    rows += [_measured_row(cell, board) for cell in _shown(results, board, {row["recipe"] for row in theirs})]
    frame = pd.DataFrame(rows)
    return frame.sort_values(["accuracy", "origin", "what"], ascending=[False, True, True], ignore_index=True)


def claims(results: Results, board: ScoreBoard) -> "pd.DataFrame":
    """Published figures whose architecture was measured here, beside it and with the reason where it is not reached.

    Returns
    -------
    DataFrame
        ``what``, ``claimed``, ``selection``, ``recipe``, ``accuracy``, ``low``, ``high``, ``epochs``, ``verdict``
        (``exceeded``, ``inside the noise``, ``not reached`` or ``not measured yet``) and ``reason``.
    """
    import pandas as pd

    rows = []
    for row in _read():
        if row["recipe"]:
            cells = [cell for cell in results.contestants if cell.recipe.partition("@")[0] == row["recipe"]]
            cells = [cell for cell in cells if cell.label in board.private]
            best = max(cells, key=lambda cell: board.public[cell.label].value, default=None)
            rows.append(_claim(row, best, board))
    return pd.DataFrame(rows)


def published_markdown(frame: "pd.DataFrame", beside: "pd.DataFrame") -> str:
    """Both tables as a page of Markdown."""
    header = ("accuracy, %", "", "what", "who", "chosen", "extra data", "note")
    rows = [
        [
            row["percent"],
            "**measured here**" if row["origin"] == "measured" else "published",
            row["what"],
            row["source"],
            SELECTION[row["selection"]],
            row["extra_data"],
            row["note"],
        ]
        for row in frame.to_dict("records")
    ]
    # The one cell with markup of ours is put in after everything was escaped.
    table = markdown_table(header, rows, 7).replace(r"\*\*measured here\*\*", "**measured here**")
    parts = ["# Published and measured on FER2013", f"Accuracy on {TEST}, official split, seven classes.", table]
    head = ("published architecture", "claimed, %", "recipe here", "measured [95 %], %", "epochs", "verdict", "reason")
    claimed = [
        [
            row["what"],
            row["claimed_percent"],
            row["recipe"],
            row["percent"],
            f"{row['epochs']:.0f}" if row["epochs"] > 0 else "",
            row["verdict"],
            row["reason"],
        ]
        for row in beside.to_dict("records")
    ]
    parts += ["## The same architectures in this harness", markdown_table(head, claimed, 7)]
    parts += ["## How to read it", _NOTES.format(test=TEST).rstrip(), "![Published and measured](published.png)"]
    return "\n\n".join(parts) + "\n"


def _read() -> list[dict[str, str]]:
    with _FILE.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _shown(results: Results, board: ScoreBoard, architectures: set[str]) -> list[Measured]:
    """The best of each kind, and the recipes whose architecture has a published figure."""
    best = champions(results, board)
    scored = [cell for cell in results.contestants if cell.label in board.private]
    return [cell for cell in scored if cell in best or cell.recipe.partition("@")[0] in architectures]


def _published_row(row: dict[str, str]) -> dict[str, Any]:
    return {
        "origin": "published",
        "accuracy": float(row["percent"]) / 100,
        "percent": row["percent"],
        "low": float("nan"),
        "high": float("nan"),
        **{name: row[name] for name in ("what", "source", "kind", "extra_data", "selection", "note")},
    }


def _measured_row(cell: Measured, board: ScoreBoard) -> dict[str, Any]:
    scores = board.private[cell.label]
    low, high = scores.interval("accuracy")
    return {
        "origin": "measured",
        "accuracy": scores.accuracy,
        "percent": _percent(scores.accuracy, low, high),
        "low": low,
        "high": high,
        "what": cell.label,
        "source": "ferbench",
        "kind": cell.kind,
        "extra_data": "none" if cell.record["recipe"].get("params", {}).get("initial_weights") is None else "yes",
        "selection": "P",
        "note": str(cell.record["recipe"].get("probabilities") or ""),
    }


def _claim(row: dict[str, str], cell: Measured | None, board: ScoreBoard) -> dict[str, Any]:
    claimed, nothing = float(row["percent"]) / 100, float("nan")
    known = {"what": row["what"], "claimed": claimed, "claimed_percent": row["percent"]}
    known |= {"selection": row["selection"], "recipe": row["recipe"]}
    if cell is None:
        blank = dict.fromkeys(("accuracy", "low", "high", "epochs"), nothing)
        return known | blank | {"percent": "", "verdict": "not measured yet", "reason": "its training is still to come"}
    scores, history = board.private[cell.label], cell.record.get("history") or {}
    low, high = scores.interval("accuracy")
    epochs = len(history.get("loss") or ()) or nothing
    reached = "inside the noise" if high >= claimed else "not reached"
    verdict = "exceeded" if scores.accuracy >= claimed else reached
    figures: dict[str, Any] = {"accuracy": scores.accuracy, "low": low, "high": high, "epochs": epochs}
    figures["percent"] = _percent(scores.accuracy, low, high)
    return known | {"recipe": cell.label} | figures | {"verdict": verdict, "reason": _reason(verdict, row, cell)}


def _reason(verdict: str, row: dict[str, str], cell: Measured) -> str:
    if verdict == "exceeded":
        return ""
    history = cell.record.get("history") or {}
    parts = []
    if history.get("loss"):
        hours = sum(history.get("seconds") or ()) / 3600
        took = f" in {hours:.1f} h" if hours else ""
        parts.append(f"trained for {len(history['loss'])} epochs{took} on {cell.record['environment']['cores']} cores")
        accuracy = history.get("val_accuracy") or []
        if accuracy and max(accuracy) in accuracy[-2:]:
            parts.append("its best epoch was one of the last two")
    if row["selection"] != "P":
        where = "nobody knows where" if row["selection"] == "?" else SELECTION[row["selection"]]
        parts.append(f"the published figure was chosen {where}")
    return "; ".join(parts)


def _percent(accuracy: float, low: float, high: float) -> str:
    return f"{100 * accuracy:.2f} [{100 * low:.1f}, {100 * high:.1f}]"
