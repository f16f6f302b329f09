"""Rebuild the report of a results folder, for any task."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks import folds, keypoints, pages, report
from ferbench.benchmarks.tasks import Task, task_of

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.datasets import Dataset, PointDataset


def write_report(folder: Path | str, *, dataset: "Dataset | PointDataset | None" = None) -> Path:
    """Rebuild every table, plot and page of a results folder. Nothing is fitted and no data is needed.

    For expressions it writes ``leaderboard.csv`` and ``.md``, ``comparisons.csv``, ``per_class.csv``,
    ``confusion.csv``, ``calibration.csv``, ``by_group.csv`` and ``group_gaps.csv`` where the data has group columns,
    ``history.csv``, ``wrong_everywhere.csv``, the plots as PNG, and
    ``index.html``. For key points it writes ``leaderboard.csv`` and ``.md``, ``comparisons.csv``, ``per_point.csv``,
    ``ced.csv``, ``history.csv``, the plots and ``index.html``. The page is one file that loads nothing from the
    network. Each display plug-in adds ``plot_<name>.png`` and ``.csv``; each metric plug-in adds a column.

    Parameters
    ----------
    folder : Path or str
        Folder of one data set, such as ``results/fer2013``, or its parent if that holds only one such folder.
    dataset : Dataset or PointDataset, optional
        The data that was measured. Photographs go only into ``faces.html``, which is never published; drawn faces
        go into ``index.html``. Without `dataset`, drawn faces are drawn again where possible.

    Returns
    -------
    Path
        The page, ``index.html``.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder holds no records, its files are inconsistent, or `dataset` is not the measured data.
    """
    return rebuild_report(folder, dataset=dataset)[0]


def rebuild_report(folder: Path | str, *, dataset: Any = None) -> "tuple[Path, pd.DataFrame]":
    """Rebuild the report like :func:`write_report`, and return the page and the leaderboard."""
    root = pages.find_results(folder)
    if folds.holds_folds(root):
        of_folds = folds.FoldReport(root)
        return of_folds.write(), of_folds.frame
    made = report_of(task_of(root))(root, dataset)
    return made.write(), made.frame


def report_text(folder: Path | str, frame: "pd.DataFrame", width: int | None = None) -> str:
    """The leaderboard of a results folder for a terminal, fitted into its width if that is given."""
    root = pages.find_results(folder)
    if folds.holds_folds(root):
        return folds.FoldReport(root).text(width)
    return report_of(task_of(root)).text(frame, width)


def report_of(task: Task) -> "type[pages.Report]":
    """Return the report class of a task."""
    return {"expressions": lambda: report.ExpressionReport, "keypoints": lambda: keypoints.PointReport}[task.name]()


def load_measured(folder: Path | str, source: str) -> Any:
    """Load a source with the size, seed and options of the suite whose results are in a folder."""
    root = pages.find_results(folder)
    kind = report_of(task_of(root))
    return kind.load(kind.read(root), source)
