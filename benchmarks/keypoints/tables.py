"""Make the key-point tables (leaderboard, single points, cumulative errors) as frames, Markdown and text."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.keypoints.results import RULE, TEST, VALIDATION, MeasuredPoints, PointBoard, PointResults
from ferbench.benchmarks.keypoints.winner import against_winner, detectable_text, family_rows, family_text
from ferbench.benchmarks.pages import (
    add_measured_columns,
    build_frame,
    headline_text,
    markdown_head,
    record_columns,
    row_labels,
    status_text,
)
from ferbench.benchmarks.scores import FAILURE, NO_DIFFERENCE, THRESHOLDS, WITHIN, PointScores
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

# Other programs read leaderboard.csv, so the order of these columns must not change.
COLUMNS = (
    "recipe",
    "rmse",
    "rmse_low",
    "rmse_high",
    "nme",
    "nme_low",
    "nme_high",
    "failure_rate",
    "failure_rate_low",
    "failure_rate_high",
    "within_5",
    "within_5_low",
    "within_5_high",
    "validation_rmse",
    "validation_nme",
    "validation_nme_low",
    "validation_nme_high",
    "n_images",
    "n_people",
    "n_points",
    "n_normalised",
    "against_first",
    "chosen",
    "fit_s",
    "predict_s",
    "latency_ms_median",
    "latency_ms_p90",
    "latency_ms_p99",
    "latency_n",
    "latency_cores",
    "throughput_images_per_s",
    "size_bytes",
    "peak_memory_bytes",
    "status",
    "reason",
    "seed",
    "implementation",
    "suite",
    "dataset",
    "fingerprint",
    "drawn",
    "cell_id",
    "bundle",
    "identity",
    "stale",
    "latency_run",
    "latency_ranked",
    "machine",
    "fit_ranked",
    "against_winner",
    "winner_difference",
    "winner_difference_low",
    "winner_difference_high",
    "winner_p_holm",
)
_WHOLE = (
    "n_images",
    "n_people",
    "n_points",
    "n_normalised",
    "latency_n",
    "latency_cores",
    "size_bytes",
    "peak_memory_bytes",
    "seed",
)
NO_ACCURACY = (
    'Some published systems report an "accuracy" for key points. It counts how often the largest of the thirty outputs '
    "has the same position as the largest of the thirty targets, which does not measure a regression. The closest "
    "useful metric is the share within 5 %."
)
NOTES = (
    "RMSE is in pixels of a 96 x 96 image, over all annotated coordinates, as on Kaggle's leaderboard. The normalized "
    "error (NME) is the mean distance between predicted and annotated points of a face, divided by the distance "
    "between its outer eye corners.",
    f"Failures are faces whose NME is above {FAILURE:.0%}. Within {WITHIN:.0%} is the share of single points whose "
    "error is at most this fraction of the same distance.",
    NO_ACCURACY,
    "Brackets hold 95 % bootstrap intervals over people, because pictures of one person are alike. An equals sign: not "
    "shown to differ from the winner (see the table of the winner against the rest; comparisons.csv has all pairs).",
    RULE,
    f"All choices are made on {VALIDATION}. The people in {TEST} are neither in {VALIDATION} nor in Training.",
    "Latency is measured with the reloaded bundle for one face on one core. A blank means not measured.",
)
_HEADER = (
    "recipe",
    "RMSE, px [95 %]",
    "NME [95 %]",
    "failures",
    "within 5 %",
    "NME on Validation",
    "fit, s",
    "p50, ms",
    "p90, ms",
    "size, MB",
    "status",
)


def points_leaderboard(results: PointResults, board: PointBoard) -> "pd.DataFrame":
    """Return one row per cell, by rising normalized error on Test.

    Cells for which Test was not opened follow by rising error on Validation, with blanks for Test. Failed cells come
    last.
    """
    cells = {cell.label: cell for cell in results.measured}
    ranking = board.ranking()
    closed = sorted(set(cells).difference(ranking), key=lambda label: (board.validation[label].nme, label))
    rows = [_row(results, board, cells[label], ranking[0]) for label in (*ranking, *closed)]
    add_measured_columns(rows, results)
    rows += [_costs(record) for record in (*results.failed, *results.missing)]
    return build_frame(rows, COLUMNS, _WHOLE)


def per_point_frame(results: PointResults, board: PointBoard) -> "pd.DataFrame":
    """Return one row per model and point: RMSE (pixels at 96 x 96), NME and share within 5 %, with intervals."""
    import pandas as pd

    rows = [
        {"recipe": label, "point": name, **_of_point(board.test[label], place)}
        for label in board.ranking()
        for place, name in enumerate(results.names)
    ]
    return pd.DataFrame(rows)


def curve_frame(board: PointBoard) -> "pd.DataFrame":
    """Return the cumulative error curves: share of faces with an NME up to each threshold, with interval."""
    import pandas as pd

    parts = []
    for label in board.ranking():
        scores = board.test[label]
        low, high = scores.intervals["curve"]
        shares = {"share": scores.curve, "share_low": low, "share_high": high}
        parts.append(pd.DataFrame({"recipe": label, "threshold": THRESHOLDS, **shares}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["recipe", "threshold", "share"])


def points_headline(results: PointResults) -> str:
    """Return one line that names the data, the split and its size."""
    dataset = results.dataset
    counts, people = dataset["counts"], dataset["people"]
    drawn = " (drawn faces, not real photographs)" if dataset["drawn"] else ""
    split = results.split
    who = "" if people[split] == counts[split] else f" of {people[split]:,} people"
    closed = "" if split == TEST else f"; {TEST} is closed: {split} is used for choices, so its figures are optimistic"
    return f"{dataset['name']}{drawn}: {split}, {counts[split]:,} faces{who}, trained on {counts['Training']:,}{closed}"


def points_markdown(results: PointResults, board: PointBoard, frame: "pd.DataFrame") -> str:
    """Return the Markdown page: the data, the table, and how to read it."""
    parts = markdown_head(results, "Key points", points_headline(results))
    rows = [_cells(*pair) for pair in zip(row_labels(frame), frame.to_dict("records"), strict=True)]
    parts.append(markdown_table(_HEADER, rows))
    if family := family_text(results, board):
        table = [
            [row["label"], f"{row['difference']} [{row['interval']}]", row["p"], row["verdict"]]
            for row in family_rows(board)
        ]
        header = ("recipe", "difference of NME [95 %]", "p", "verdict")
        parts += ["## The winner against the rest", markdown_text(family), markdown_table(header, table)]
        parts += ["## What this number of faces can tell", markdown_text(detectable_text(results, board))]
    parts += [
        "## How to read it",
        "\n".join(f"- {markdown_text(note)}" for note in NOTES),
    ]
    parts.append(
        "Generated by `ferbench report` from the records. All columns: `leaderboard.csv`; single "
        "points: `per_point.csv`; cumulative errors: `ced.csv`; page: `index.html`."
    )
    if board.test:
        parts += ["![Cumulative errors](ced.png)", "![Error of each point](per_point.png)"]
    return "\n\n".join(parts) + "\n"


def points_text(frame: "pd.DataFrame", width: int | None = None) -> str:
    """Return a short table for the terminal, fitted into its width if that is given."""
    header = ("recipe", "NME [95 %]", "", "RMSE, px", "p90, ms", "status")
    lines = [header]
    closed = _is_closed(frame)
    kind = "validation_" if closed else ""
    for label, row in zip(row_labels(frame), frame.to_dict("records"), strict=True):
        mark = {NO_DIFFERENCE: "= winner", "winner": "winner"}.get(str(row["against_winner"]), "")
        error = interval_text(*(row[f"{kind}nme{end}"] for end in ("", "_low", "_high")))
        figures = (number_text(row[f"{kind}rmse"], 2), number_text(row["latency_ms_p90"], 2))
        lines.append((printable(label), error, mark, *figures, printable(status_text(row))))
    what = f"{VALIDATION}; {TEST} is closed" if closed else TEST
    return "\n".join([headline_text(frame, what), *text_table(lines, (3, 4), width)])


def _is_closed(frame: "pd.DataFrame") -> bool:
    """Return whether Test was not opened for any row, so that the rows are ranked on Validation."""
    return bool(frame["rmse"].isna().all() and frame["validation_rmse"].notna().any())


def _row(results: PointResults, board: PointBoard, cell: MeasuredPoints, first: str) -> dict[str, Any]:
    validation = board.validation[cell.label].as_dict()
    scored = cell.label in board.test
    return {
        # Cells scored only on Validation have blanks in the columns of Test.
        **(board.test[cell.label].as_dict() if scored and results.split == TEST else {}),
        **{f"validation_{name}": validation[name] for name in ("rmse", "nme", "nme_low", "nme_high")},
        "against_first": ("first" if cell.label == first else board.against(cell.label, first)) if scored else "",
        "chosen": cell.label == board.chosen(),
        **against_winner(board, cell.label),
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
    mark = " =" if row["against_winner"] == NO_DIFFERENCE else ""
    rmse = interval_text(row["rmse"], row["rmse_low"], row["rmse_high"], digits=2)
    nme = interval_text(row["nme"], row["nme_low"], row["nme_high"], digits=4)
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
