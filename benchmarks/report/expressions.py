"""The report: every table, plot and page of one results folder, rebuilt from records and probabilities alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from ferbench.benchmarks.report.additions import Additions
from ferbench.benchmarks.report.errors import wrong_everywhere
from ferbench.benchmarks.report.faces import Pictures, redraw
from ferbench.benchmarks.report.leaderboard import (
    build_leaderboard,
    write_csv,
)
from ferbench.benchmarks.report.markdown import leaderboard_markdown
from ferbench.benchmarks.report.page import render_faces, render_index
from ferbench.benchmarks.report.plots import Drawings, has_curves
from ferbench.benchmarks.report.plugin_plots import PluginPlots
from ferbench.benchmarks.report.results import TEST, Results, read_results
from ferbench.benchmarks.report.scores import ScoreBoard, score_results
from ferbench.benchmarks.store import write_atomically
from ferbench.datasets import Dataset

if TYPE_CHECKING:
    import pandas as pd


def rebuild_expressions(folder: Path | str, *, dataset: Dataset | None = None) -> "tuple[Path, pd.DataFrame]":
    """Rebuild the report on recognizers of expressions."""
    results = read_results(folder)
    drawn = bool(results.dataset.get("drawn"))
    if dataset is None and drawn:
        dataset = redraw(results)
    pictures = Pictures(dataset, results) if dataset is not None else None
    board = score_results(results)
    frame = build_leaderboard(results, board)
    _write_tables(results, board, frame)
    additions = Additions.of(results, board)
    additions.write(results)
    plots = PluginPlots.of(results)
    plots.write(results)
    drawings = Drawings(results, board, additions.displays(results) | plots.displays())
    drawings.save(results.root)
    if pictures is not None and not drawn:
        _write_text(results.root / "faces.html", render_faces(results, board, pictures))
    page = results.root / "index.html"
    _write_text(page, render_index(results, board, frame, drawings, additions, pictures=pictures if drawn else None))
    return page, frame


def _write_tables(results: Results, board: ScoreBoard, frame: "pd.DataFrame") -> None:
    root = results.root
    write_csv(frame, root / "leaderboard.csv")
    _write_text(root / "leaderboard.md", leaderboard_markdown(results, board, frame))
    write_csv(board.pairs, root / "comparisons.csv")
    write_csv(_per_class(board), root / "per_class.csv")
    write_csv(_confusion(results, board), root / "confusion.csv")
    write_csv(_calibration(results), root / "calibration.csv")
    write_csv(_wrong_everywhere(results), root / "wrong_everywhere.csv")
    curves = [cell for cell in results.measured if has_curves(cell)]
    if curves:
        write_csv(_history(results), root / "history.csv")
    else:
        (root / "history.csv").unlink(missing_ok=True)


def _per_class(board: ScoreBoard) -> "pd.DataFrame":
    return _stack({label: board.private[label].per_class() for label in board.ranking()})


def _confusion(results: Results, board: ScoreBoard) -> "pd.DataFrame":
    import pandas as pd

    names = list(results.classes)
    tables = {}
    for label in board.ranking():
        tables[label] = pd.DataFrame(board.private[label].confusion, columns=[f"predicted_{name}" for name in names])
        tables[label].insert(0, "label", names)
    return _stack(tables)


def _calibration(results: Results) -> "pd.DataFrame":
    from ferbench.benchmarks.displays import ReliabilityDisplay

    truth = results.labels[TEST]
    return _stack(
        {
            cell.label: ReliabilityDisplay.from_predictions(truth, cell.proba[TEST], results.classes).frame()
            for cell in results.measured
        }
    )


def _history(results: Results) -> "pd.DataFrame":
    from ferbench.benchmarks.displays import HistoryDisplay

    return _stack(
        {
            cell.label: HistoryDisplay.from_history(cell.record["history"]).frame()
            for cell in results.measured
            if has_curves(cell)
        }
    )


def _wrong_everywhere(results: Results) -> "pd.DataFrame":
    import pandas as pd

    wrong = wrong_everywhere(results)
    return pd.DataFrame(
        {
            "id": results.ids[TEST][wrong.rows],
            "label": results.labels[TEST][wrong.rows],
            "commonest_answer": wrong.predicted,
            "votes": wrong.votes,
            "n_recognizers": wrong.n_recognizers,
        }
    )


def _stack(tables: "dict[str, pd.DataFrame]") -> "pd.DataFrame":
    """One table under the other, each with its recognizer in the first column."""
    import pandas as pd

    parts = []
    for label, table in tables.items():
        table.insert(0, "recipe", label)
        parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["recipe"])


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, text.encode("utf-8"))
