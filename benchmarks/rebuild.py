"""Rebuild the report of any results folder, whatever its task."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks import keypoints, pages, report
from ferbench.benchmarks.tasks import Task, task_of

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.datasets import Dataset, PointDataset


def write_report(folder: Path | str, *, dataset: "Dataset | PointDataset | None" = None) -> Path:
    """Rebuild every table, plot and page of a results folder. Nothing is fitted and no data is needed.

    Writes ``leaderboard.csv`` and ``.md``, ``comparisons.csv``, ``per_class.csv``, ``confusion.csv``,
    ``calibration.csv``, ``history.csv``, ``wrong_everywhere.csv``, the drawings as PNG, and ``index.html``, which is
    one file without any link to the network. Of key points ``leaderboard.csv`` and ``.md``, ``comparisons.csv``,
    ``per_point.csv``, ``ced.csv``, ``history.csv``, drawings and ``index.html``. Displays that are plug-ins add
    ``plot_<name>.png`` and ``.csv``, metrics that are plug-ins a column.

    Parameters
    ----------
    folder : Path or str
        Folder of one data set, such as ``results/fer2013``, or one that holds a single such folder.
    dataset : Dataset or PointDataset, optional
        The data that was measured. Photographs go into ``faces.html`` only, which is never published; drawn faces
        go into ``index.html``. Drawn faces are drawn again where they can be when this is not given.

    Returns
    -------
    Path
        The page, ``index.html``.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder holds no records, its files do not fit together, or ``dataset`` is other data.
    """
    return rebuild_report(folder, dataset=dataset)[0]


def rebuild_report(folder: Path | str, *, dataset: Any = None) -> "tuple[Path, pd.DataFrame]":
    """Do what :func:`write_report` does, and return the page and the leaderboard."""
    root = pages.find_results(folder)
    made = report_of(task_of(root))(root, dataset)
    return made.write(), made.frame


def report_of(task: Task) -> "type[pages.Report]":
    """The class that makes the report of a task."""
    return {"expressions": lambda: report.ExpressionReport, "keypoints": lambda: keypoints.PointReport}[task.name]()


def load_measured(folder: Path | str, source: str) -> Any:
    """Load a source as the suite did whose results a folder holds: same size, seed and options."""
    root = pages.find_results(folder)
    kind = report_of(task_of(root))
    return kind.load(kind.read(root), source)
