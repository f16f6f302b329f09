"""Build the leaderboard with one row per cell, as a frame and as text for a terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.pages import (
    NOT_MEASURED,
    add_measured_columns,
    build_frame,
    headline_text,
    record_columns,
    row_labels,
    status_text,
)
from ferbench.benchmarks.report.results import TEST, VALIDATION, Measured, Results, read_results
from ferbench.benchmarks.report.scores import ScoreBoard, score_results
from ferbench.benchmarks.report.seeds import SEED_COLUMNS, seed_columns, seeds_lines
from ferbench.benchmarks.scores import NO_DIFFERENCE, Metric, metric_values, plugin_metrics, refuse_taken
from ferbench.benchmarks.tables import interval_text, is_missing, number_text, printable, text_table

if TYPE_CHECKING:
    import pandas as pd

# Other programs read leaderboard.csv, so the order of these columns must not change; further intervals follow them.
COLUMNS = (
    "recipe",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "macro_f1",
    "balanced_accuracy",
    "weighted_f1",
    "macro_auc",
    "macro_average_precision",
    "log_loss",
    "brier",
    "ece",
    "top2_accuracy",
    "leak_free_accuracy",
    "leak_free_accuracy_low",
    "leak_free_accuracy_high",
    "leak_free_n_images",
    "public_accuracy",
    "public_accuracy_low",
    "public_accuracy_high",
    "public_n_images",
    "n_images",
    "predicted_classes",
    "n_classes",
    "flag",
    "against_first",
    "chosen",
    "fit_s",
    "extract_s",
    "predict_s",
    "latency_ms_median",
    "latency_ms_p90",
    "latency_ms_p99",
    "latency_n",
    "throughput_images_per_s",
    "size_bytes",
    "peak_memory_bytes",
    "status",
    "reason",
    "family",
    "seed",
    "implementation",
    "probabilities",
    "suite",
    "dataset",
    "fingerprint",
    "drawn",
    "cell_id",
    "bundle",
    "against_winner",
    "winner_difference",
    "winner_difference_low",
    "winner_difference_high",
    "winner_p_holm",
    "total_fit_s",
    "identity",
    "stale",
    "latency_run",
    "latency_ranked",
    *("machine", "fit_ranked", *SEED_COLUMNS),
)
_WHOLE = (
    "leak_free_n_images",
    "public_n_images",
    "n_images",
    "predicted_classes",
    "n_classes",
    "latency_n",
    "size_bytes",
    "peak_memory_bytes",
    "seed",
    "seeds",
)
# Rows without a record that the text for a terminal still lists.
_MOST_MISSING = 3
_TEXT = (
    "recipe",
    "flag",
    "against_first",
    "against_winner",
    "status",
    "reason",
    "family",
    "implementation",
    "probabilities",
    "suite",
    "dataset",
    "fingerprint",
    "cell_id",
    "bundle",
    "identity",
    "stale",
    "latency_run",
    "machine",
    "seed_split",
)


_METHOD = "p of McNemar's exact test, Holm-corrected over {n} comparisons with it, is not below 0.05"
_FAMILY_FIGURES = ("difference", "difference_low", "difference_high", "p_holm")


def leaderboard_frame(folder: str | Path) -> "pd.DataFrame":
    """Rebuild the leaderboard of one results folder from its records and probabilities.

    Parameters
    ----------
    folder : str or Path
        Folder of one data set, such as ``results/fer2013``.

    Returns
    -------
    DataFrame
        One row per cell, by falling accuracy on PrivateTest. Cells for which it was not opened follow by falling
        accuracy on PublicTest, with blank figures of PrivateTest; then cells that failed, and
        recipes of the suite without a record. Rates are fractions.
        ``leak_free_*`` leaves out the images that are also in Training, ``public_*`` is PublicTest, ``chosen`` marks
        the best candidate there, the winner. ``against_first`` is ``first``, ``worse`` or ``not shown to differ``,
        corrected over the comparisons with the first row. ``against_winner`` is ``winner``, ``better``, ``worse`` or
        ``not shown to differ``; ``winner_difference`` is the row's accuracy less the winner's on the same images, with
        its interval, and ``winner_p_holm`` its p, corrected over the comparisons with the winner.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder holds no records or its files are inconsistent.
    """
    results = read_results(folder)
    return build_leaderboard(results, score_results(results))


def build_leaderboard(results: Results, board: ScoreBoard) -> "pd.DataFrame":
    """Build the frame of :func:`leaderboard_frame` from results and scores."""
    cells = {cell.label: cell for cell in results.measured}
    ranking = board.ranking()
    closed = sorted(set(cells).difference(ranking), key=lambda label: (-board.public[label].value, label))
    added = plugin_metrics()
    rows = [_measured_row(results, board, cells[label], ranking[0]) for label in (*ranking, *closed)]
    if results.split == TEST:
        for label, row in zip(ranking, rows, strict=False):
            _add_metrics(row, results, cells[label], added)
    for row in rows:
        row["total_fit_s"] = results.total_fits.get(row["cell_id"])
    add_measured_columns(rows, results)
    rows += [record_columns(record) for record in (*results.failed, *results.missing)]
    further = [name for row in rows for name in row if name not in (*COLUMNS, *added)]
    frame = build_frame(rows, [*COLUMNS, *dict.fromkeys(further), *added], _WHOLE)
    rates = [
        name
        for name in frame.columns
        if name not in (*_WHOLE, *_TEXT, "chosen", "drawn", "latency_ranked", "fit_ranked")
    ]
    return seed_columns(frame.astype(dict.fromkeys(rates, "float64") | dict.fromkeys(_TEXT, "object")))


def _measured_row(results: Results, board: ScoreBoard, cell: Measured, first: str) -> dict[str, Any]:
    best = board.best(results)
    scores = dict(board.private[cell.label].as_dict()) if cell.label in board.private else {}
    # Cells scored only on PublicTest have blanks in the columns of PrivateTest; a label that is never given is flagged.
    shown = scores if results.split == TEST else ("flag", "predicted_classes")
    row: dict[str, Any] = {name: scores[name] for name in shown if name in scores}
    for name, accuracy in (("leak_free", board.leak_free.get(cell.label)), ("public", board.public[cell.label])):
        if accuracy is not None:
            row[f"{name}_accuracy"] = accuracy.value
            row[f"{name}_accuracy_low"], row[f"{name}_accuracy_high"] = accuracy.low, accuracy.high
            row[f"{name}_n_images"] = accuracy.n_images
    row["n_classes"] = len(results.classes)
    if cell.label in board.private:
        row["against_first"] = "first" if cell.label == first else board.against(cell.label, first)
        row |= _against_winner(board, cell.label)
    row["chosen"] = best is not None and cell.label == best.label
    return row | record_columns(cell.record)


def _against_winner(board: ScoreBoard, label: str) -> dict[str, Any]:
    """How a row does against the best on PublicTest; blank where that was not scored on the same split."""
    if board.family is None:
        return {}
    rows = board.family[board.family["recipe"] == label]
    if rows.empty:
        return {"against_winner": "winner"}
    row = rows.iloc[0]
    figures = {f"winner_{name}": float(row[name]) for name in _FAMILY_FIGURES}
    return {"against_winner": str(row["verdict"]), **figures}


def _add_metrics(row: dict[str, Any], results: Results, cell: Measured, added: Mapping[str, Metric]) -> None:
    """Add the columns of metric plug-ins; their names must be new."""
    refuse_taken(added, {*row, *COLUMNS})
    row.update(metric_values(added, results.labels[TEST], cell.proba[TEST], results.classes))


def headline(results: Results) -> str:
    """Return one line that names the data, the split and its size."""
    dataset, counts = results.dataset, results.dataset.get("counts") or {}
    name = str(dataset.get("name"))
    drawn = " (drawn faces, not real photographs)" if dataset.get("drawn") else ""
    trained = f", trained on {counts['Training']:,}" if "Training" in counts else ""
    why = "left out, since this is an ablation" if results.is_ablation else "closed"
    closed = "" if results.split == TEST else f"; {TEST} is {why}"
    return f"{name}{drawn}: {results.split}, {len(results.labels[results.split]):,} images{trained}{closed}"


def leaderboard_text(frame: "pd.DataFrame", width: int | None = None) -> str:
    """Return a short table for the terminal: recipe, accuracy with its interval, macro F1, latency, status.

    Parameters
    ----------
    frame : DataFrame
        From :func:`leaderboard_frame`.
    width : int, optional
        Columns of a terminal, into which the table is fitted.

    Examples
    --------
    >>> print(leaderboard_text(leaderboard_frame("results/faces")))  # doctest: +SKIP
    """
    kind = "public_" if is_closed(frame) else ""
    rows = list(zip(row_labels(frame), frame.to_dict("records"), strict=True))
    footer = _text_footer(frame)
    missing = [(label, row) for label, row in rows if row["status"] == NOT_MEASURED]
    # After `run --only`, most rows of a suite may have no record: many of them are one line.
    if len(missing) > _MOST_MISSING:
        rows = [(label, row) for label, row in rows if row["status"] != NOT_MEASURED]
        names, suite = printable(", ".join(label for label, _ in missing)), printable(missing[0][1]["suite"])
        footer = [f"not measured: {names}; measure them: ferbench run {suite}", *footer]
    lines = [
        ("recipe", "accuracy [95 %]", "", "macro F1", "ms/image", "status"),
        *(_text_row(label, row, kind) for label, row in rows),
    ]
    return "\n".join([_text_headline(frame), *text_table(lines, (3, 4), width), *footer])


def _text_headline(frame: "pd.DataFrame") -> str:
    first = frame.iloc[0]
    split, n_images = (VALIDATION, first["public_n_images"]) if is_closed(frame) else (TEST, first["n_images"])
    images = "no cell is ok" if is_missing(n_images) else f"{int(n_images):,} images"
    return headline_text(frame, f"{split}, {images}")


def is_closed(frame: "pd.DataFrame") -> bool:
    """Return whether PrivateTest was not opened for any row, so that the rows are ranked on PublicTest."""
    return bool(frame["accuracy"].isna().all() and frame["public_accuracy"].notna().any())


def _text_row(label: str, row: Mapping[Any, Any], kind: str) -> tuple[str, ...]:
    mark = {NO_DIFFERENCE: "= winner", "winner": "winner"}.get(str(row["against_winner"]), "")
    return (
        printable(label),
        interval_text(*(row[f"{kind}accuracy{end}"] for end in ("", "_low", "_high"))),
        mark,
        number_text(row["macro_f1"], 3),
        number_text(row["latency_ms_median"], 2),
        printable(status_text(row, ("flag", "reason"))),
    )


def _text_footer(frame: "pd.DataFrame") -> list[str]:
    footer = []
    if is_closed(frame):
        footer.append(f"{TEST} is closed: all figures are on {VALIDATION}, used for choices, so they are optimistic.")
    if (family := frame["winner_p_holm"].notna()).any():
        footer.append(f"= winner: {NO_DIFFERENCE} from the winner ({_METHOD.format(n=family.sum())}).")
    footer += seeds_lines(frame)
    chosen = frame[frame["chosen"]]
    if len(chosen):
        row = chosen.iloc[0]
        value = interval_text(row["public_accuracy"], row["public_accuracy_low"], row["public_accuracy_high"])
        footer.append(f"best on PublicTest, which is used for model selection: {printable(row['recipe'])}, {value}")
    return footer
