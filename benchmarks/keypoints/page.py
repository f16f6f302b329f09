"""Write the HTML page about key points: compute plain values and fill the template."""

from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.keypoints.results import BASELINE, RULE, TEST, VALIDATION, PointBoard, PointResults
from ferbench.benchmarks.keypoints.tables import NOTES, points_headline
from ferbench.benchmarks.keypoints.winner import detectable_text, family_rows, family_text
from ferbench.benchmarks.pages import (
    Column,
    Drawings,
    if_not_ok,
    leaderboard_rows,
    megabytes,
    milliseconds,
    page_drawings,
    page_values,
    render_page,
    seconds,
    share,
    shown,
    whole,
)

if TYPE_CHECKING:
    import pandas as pd

_TEMPLATES = Path(__file__).parent / "templates"


def render_keypoints(
    results: PointResults, board: PointBoard, frame: "pd.DataFrame", drawings: Drawings, faces: str
) -> str:
    """Return the page; `faces` is an image of drawn faces as a data URI, or empty."""
    columns = shown(_COLUMNS, frame)
    return render_page(
        _TEMPLATES,
        "keypoints.html.j2",
        **page_values(results, points_headline(results), (VALIDATION, results.split), TEST),
        columns=columns,
        # The baseline is fast and small because it ignores the image, so it is never marked as best of a column.
        rows=leaderboard_rows(frame.assign(family=frame["recipe"].replace(BASELINE, "constant")), columns),
        winner=_winner(results, board),
        **page_drawings(drawings),
        faces=faces,
        points=_points(results, board),
        family=family_rows(board),
        family_text=family_text(results, board),
        rule=RULE,
        reading=[note for note in (*NOTES, detectable_text(results, board), results.latencies.text()) if note],
    )


def _winner(results: PointResults, board: PointBoard) -> dict[str, Any] | None:
    label = board.chosen()
    if label is None:
        return None
    scores, record = board.test.get(label), next(cell.record for cell in results.measured if cell.label == label)
    latency = results.latencies.of_cell(str(record["cell_id"])).milliseconds
    low, high = (0.0, 0.0) if scores is None else scores.interval("nme")
    return {
        "label": label,
        "nme": "" if scores is None else f"{scores.nme:.4f}",
        "interval": f"{low:.4f}–{high:.4f}",
        "rmse": "" if scores is None else f"{scores.rmse:.2f}",
        "latency": "" if latency.get("p90") is None else f"{latency['p90']:.2f}",
        "size": "" if record.get("size_bytes") is None else f"{record['size_bytes'] / 1e6:.2f}",
    }


def _points(results: PointResults, board: PointBoard) -> dict[str, Any]:
    """Return a table of points by models, and its largest error for the shading of the cells."""
    ranking = board.ranking()
    rows = []
    for place, name in enumerate(results.names):
        cells = []
        for label in ranking:
            scores = board.test[label]
            low, high = scores.intervals["point_nme"]
            cells.append((scores.per_point["nme"][place], low[place], high[place]))
        rows.append({"name": name.replace("_", " "), "cells": cells})
    values = [value for row in rows for value, _, _ in row["cells"] if not isnan(value)]
    return {"labels": ranking, "rows": rows, "most": max(values, default=1.0)}


def _error(value: float) -> str:
    return f"{value:.4f}"


def _pixels(value: float) -> str:
    return f"{value:.2f}"


# Times are ranked within one run, fit times on one machine: columns that say whether a row belongs to it.
_RUN, _MACHINE = "latency_ranked", "fit_ranked"

_COLUMNS = (
    Column("nme", "NME", "Mean error of a face, divided by the distance between its eyes", "always", _error, "low"),
    Column("rmse", "RMSE", "Over all coordinates, at 96 x 96", "always", _pixels, "low", "px"),
    Column("failure_rate", "Failures", "Share of faces with an NME above 10 %", "always", share, "low"),
    Column("within_5", "Within 5 %", "Share of points within 5 % of the distance", "always", share, "high"),
    Column("validation_nme", "NME, Validation", "The split used for model selection", "always", _error, "low"),
    Column("fit_s", "Fit", "Fitting", "always", seconds, "low", "s", _MACHINE),
    Column("latency_ms_median", "Latency", "Median, one face, one core", "always", milliseconds, "low", "ms", _RUN),
    Column("latency_ms_p90", "p90", "90th percentile, one face, one core", "always", milliseconds, "low", "ms", _RUN),
    Column("throughput_images_per_s", "Throughput", "All faces at once", "always", whole, "high", "faces/s", _MACHINE),
    Column("size_bytes", "Size", "Size of the bundle on disk", "always", megabytes, "low", "MB"),
    Column("status", "Status", "How the measurement ended, where it is not ok", "always", if_not_ok),
)
