"""The tables of key points: leaderboard, single points and cumulative errors, as frames, Markdown and text."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.keypoints.results import TEST, VALIDATION, MeasuredPoints, PointBoard, PointResults
from ferbench.benchmarks.pages import build_frame, headline_text, markdown_head, record_columns, row_labels, status_text
from ferbench.benchmarks.scores import FAILURE, THRESHOLDS, WITHIN, PointScores
from ferbench.benchmarks.tables import (
    interval_text,
    is_missing,
    markdown_table,
    markdown_text,
    number_text,
    printable,
    text_table,
)

if TYPE_CHECKING:
    import pandas as pd

# The order of the columns is a promise to whoever reads leaderboard.csv.
COLUMNS = (
    *("recipe", "rmse", "rmse_low", "rmse_high", "nme", "nme_low", "nme_high"),
    *("failure_rate", "failure_rate_low", "failure_rate_high", "within_5", "within_5_low", "within_5_high"),
    *("validation_rmse", "validation_nme", "validation_nme_low", "validation_nme_high"),
    *("n_images", "n_people", "n_points", "n_normalised", "against_first", "chosen"),
    *("fit_s", "predict_s", "latency_ms_median", "latency_ms_p90", "latency_ms_p99", "latency_n", "latency_cores"),
    *("throughput_images_per_s", "size_bytes", "peak_memory_bytes", "status", "reason", "seed", "implementation"),
    *("suite", "dataset", "fingerprint", "drawn", "cell_id", "bundle"),
)
_WHOLE = (
    *("n_images", "n_people", "n_points", "n_normalised", "latency_n", "latency_cores"),
    *("size_bytes", "peak_memory_bytes", "seed"),
)
NO_ACCURACY = (
    'The "accuracy" that a known system quotes for its key points is no metric of a regression: it counts how often '
    "the largest of the thirty outputs is also the largest of the thirty marks. The share within 5 % is the nearest "
    "thing that means something."
)
NOTES = (
    "RMSE is in pixels of a 96 x 96 image, over all marked coordinates, as on Kaggle's board; the normalized error "
    "(NME) is the mean distance of a face's points from their marks, divided by the distance between the outer corners "
    "of its eyes.",
    f"Failures are faces whose NME is above {FAILURE:.0%}; within {WITHIN:.0%} is the share of single points that lie "
    "this close, in units of the same distance.",
    NO_ACCURACY,
    "Brackets hold 95 % bootstrap intervals over people, because pictures of one person are alike. An equals sign: the "
    "difference from the first row is inside the noise (paired bootstrap over people, Holm-corrected over all pairs; "
    "comparisons.csv).",
    f"Everything that is chosen is chosen on {VALIDATION}; nobody on {TEST} is in {VALIDATION} or Training.",
    "Latency is that of the bundle, opened again, for one face on one core. A blank was not measured.",
)
_HEADER = (
    *("recipe", "RMSE, px [95 %]", "NME [95 %]", "failures", "within 5 %", "NME on Validation"),
    *("fit, s", "p50, ms", "p90, ms", "size, MB", "status"),
)


def points_leaderboard(results: PointResults, board: PointBoard) -> "pd.DataFrame":
    """One row per cell, by rising normalized error on Test.

    Cells for which Test was not opened follow, by their error on Validation and with blank figures of Test; cells that
    failed come last.
    """
    cells = {cell.label: cell for cell in results.measured}
    ranking = board.ranking()
    closed = sorted(set(cells).difference(ranking), key=lambda label: (board.validation[label].nme, label))
    rows = [_row(results, board, cells[label], ranking[0]) for label in (*ranking, *closed)]
    rows += [_costs(record) for record in results.failed]
    return build_frame(rows, COLUMNS, _WHOLE)


def per_point_frame(results: PointResults, board: PointBoard) -> "pd.DataFrame":
    """One row per model and point: RMSE (pixels at 96 x 96), normalized error and share within 5 %, with intervals."""
    import pandas as pd

    rows = [
        {"recipe": label, "point": name, **_of_point(board.test[label], place)}
        for label in board.ranking()
        for place, name in enumerate(results.names)
    ]
    return pd.DataFrame(rows)


def curve_frame(board: PointBoard) -> "pd.DataFrame":
    """The cumulative error curves: share of faces whose normalized error is at most each threshold, with interval."""
    import pandas as pd

    parts = []
    for label in board.ranking():
        scores = board.test[label]
        low, high = scores.intervals["curve"]
        shares = {"share": scores.curve, "share_low": low, "share_high": high}
        parts.append(pd.DataFrame({"recipe": label, "threshold": THRESHOLDS, **shares}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["recipe", "threshold", "share"])


def points_headline(results: PointResults) -> str:
    """One line on what the figures are about."""
    dataset = results.dataset
    counts, people = dataset["counts"], dataset["people"]
    drawn = " (drawn faces, not real photographs)" if dataset["drawn"] else ""
    split = results.split
    who = "" if people[split] == counts[split] else f" of {people[split]:,} people"
    closed = "" if split == TEST else f"; {TEST} is closed: figures on {split}, where things are chosen, are too good"
    return f"{dataset['name']}{drawn}: {split}, {counts[split]:,} faces{who}, trained on {counts['Training']:,}{closed}"


def points_markdown(results: PointResults, board: PointBoard, frame: "pd.DataFrame") -> str:
    """Markdown page: what was measured, the table, and how to read it."""
    parts = markdown_head(results, "Key points", points_headline(results))
    rows = [_cells(*pair) for pair in zip(row_labels(frame), frame.to_dict("records"), strict=True)]
    parts += [
        markdown_table(_HEADER, rows),
        "## How to read it",
        "\n".join(f"- {markdown_text(note)}" for note in NOTES),
    ]
    parts.append(
        "Rebuilt by `ferbench report` from the records; never edited by hand. All columns: `leaderboard.csv`; single "
        "points: `per_point.csv`; cumulative errors: `ced.csv`; page: `index.html`."
    )
    if board.test:
        parts += ["![Cumulative errors](ced.png)", "![Error of each point](per_point.png)"]
    return "\n\n".join(parts) + "\n"


def points_text(frame: "pd.DataFrame") -> str:
    """A short rendering for the terminal."""
    header = ("recipe", "NME [95 %]", "", "RMSE, px", "p90, ms", "status")
    lines = [header]
    closed = _is_closed(frame)
    kind = "validation_" if closed else ""
    for label, row in zip(row_labels(frame), frame.to_dict("records"), strict=True):
        mark = {"tie": "= first"}.get(str(row["against_first"]), "")
        error = interval_text(*(row[f"{kind}nme{end}"] for end in ("", "_low", "_high")))
        figures = (number_text(row[f"{kind}rmse"], 2), number_text(row["latency_ms_p90"], 2))
        lines.append((printable(label), error, mark, *figures, printable(status_text(row))))
    what = f"{VALIDATION}; {TEST} is closed" if closed else TEST
    return "\n".join([headline_text(frame, what), *text_table(lines, right=(3, 4))])


def _is_closed(frame: "pd.DataFrame") -> bool:
    """Whether Test was opened for no row, so that the rows are ranked on Validation."""
    return bool(frame["rmse"].isna().all() and frame["validation_rmse"].notna().any())


def _row(results: PointResults, board: PointBoard, cell: MeasuredPoints, first: str) -> dict[str, Any]:
    validation = board.validation[cell.label].as_dict()
    scored = cell.label in board.test
    return {
        # What was scored on Validation alone leaves the columns of Test blank.
        **(board.test[cell.label].as_dict() if scored and results.split == TEST else {}),
        **{f"validation_{name}": validation[name] for name in ("rmse", "nme", "nme_low", "nme_high")},
        "against_first": ("first" if cell.label == first else board.against(cell.label, first)) if scored else "",
        "chosen": cell.label == board.chosen(),
        **_costs(cell.record),
    }


def _costs(record: Mapping[str, Any]) -> dict[str, Any]:
    latency = (record.get("timings") or {}).get("latency_ms") or {}
    return {**record_columns(record), "latency_cores": latency.get("cores")}


def _of_point(scores: PointScores, place: int) -> dict[str, float]:
    row: dict[str, float] = {}
    for name, values in scores.per_point.items():
        low, high = scores.intervals[f"point_{name}"]
        row |= {name: values[place], f"{name}_low": low[place], f"{name}_high": high[place]}
    return row


def _cells(label: str, row: Mapping[Any, Any]) -> list[str]:
    mark = " =" if row["against_first"] == "tie" else ""
    rmse = interval_text(*(row[f"rmse{end}"] for end in ("", "_low", "_high")), digits=2)
    nme = interval_text(*(row[f"nme{end}"] for end in ("", "_low", "_high")), digits=4)
    return [
        label,
        rmse,
        nme + mark,
        *(number_text(row[name], 3) for name in ("failure_rate", "within_5")),
        number_text(row["validation_nme"], 4),
        number_text(row["fit_s"], 1),
        *(number_text(row[f"latency_ms_{name}"], 2) for name in ("median", "p90")),
        "" if is_missing(row["size_bytes"]) else f"{row['size_bytes'] / 1e6:.2f}",
        status_text(row),
    ]
