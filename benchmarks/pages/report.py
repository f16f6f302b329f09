"""Base class of the reports: read and score a results folder, then write tables, plots and page."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ferbench.benchmarks.pages.drawings import Drawings, history_frame, training_makers
from ferbench.benchmarks.pages.source import redraw, refuse_other
from ferbench.benchmarks.tables import write_csv_files, write_text

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.displays import Display


class Report(ABC):
    """Base class of a report on one results folder. A subclass defines the columns, scores and texts of its task.

    Parameters
    ----------
    folder : str or Path
        Folder of one data set.
    dataset : Dataset or PointDataset, optional
        The data that was measured. By default, drawn faces are drawn again.

    Attributes
    ----------
    results : BaseResults
        The results that were read.
    board : object
        The scores of every cell; ``pairs`` compares every pair of cells.
    frame : DataFrame
        The leaderboard.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder holds no records, its files are inconsistent, or `dataset` is not the measured data.
    """

    patterns: ClassVar[tuple[str, ...]]
    validation: ClassVar[str]
    test: ClassVar[str]

    def __init__(self, folder: str | Path, dataset: Any = None) -> None:
        self.results = self.read(folder)
        if dataset is None:
            dataset = redraw(self.results, lambda source: self.load(self.results, source))
        if dataset is not None:
            refuse_other(dataset, self.results)
        self.pictures = None if dataset is None else self.open_pictures(dataset)
        self.board = self.score()
        self.frame = self.leaderboard()

    def write(self) -> Path:
        """Write every file, and remove files of an earlier report that no longer apply.

        Returns
        -------
        Path
            The page, ``index.html``.
        """
        root = self.results.root
        scored = {"comparisons": self.board.pairs, **self.tables()}
        tables = {"leaderboard": self.frame, **{name: self._with_split(table) for name, table in scored.items()}}
        write_csv_files({**tables, "history": self.history()}, root)
        for name, text in self.texts().items():
            if text is None:
                (root / name).unlink(missing_ok=True)
            else:
                write_text(root / name, text)
        drawings = Drawings({**self.makers(), **training_makers(self.results, self.validation)}, self.patterns)
        drawings.save(root)
        if self.pictures is not None and not self.results.is_drawn and (text := self.faces_page()):
            # The page shows photographs and must not be published; version control ignores it.
            write_text(root / "faces.html", text)
        page = root / "index.html"
        write_text(page, self.page(drawings))
        return page

    def _with_split(self, table: "pd.DataFrame | None") -> "pd.DataFrame | None":
        """Add the name of the split to a table about the validation split; other tables are about the test split."""
        if table is None or self.results.split == self.test:
            return table
        return table.assign(split=self.results.split)

    def history(self) -> "pd.DataFrame | None":
        """The training curves of all networks."""
        return history_frame(self.results)

    @staticmethod
    @abstractmethod
    def read(folder: str | Path) -> Any:
        """Read a results folder."""

    @staticmethod
    @abstractmethod
    def load(results: Any, source: str) -> Any:
        """Load a source with the size, seed and options of the suite."""

    @staticmethod
    @abstractmethod
    def text(frame: "pd.DataFrame", width: int | None = None) -> str:
        """The leaderboard for a terminal, fitted into its width if that is given."""

    @abstractmethod
    def open_pictures(self, dataset: Any) -> Any:
        """Return an object that gives the pictures of single images."""

    @abstractmethod
    def score(self) -> Any:
        """Score every measured cell, and compare every pair."""

    @abstractmethod
    def leaderboard(self) -> "pd.DataFrame":
        """Return the leaderboard with one row per cell."""

    @abstractmethod
    def tables(self) -> "Mapping[str, pd.DataFrame | None]":
        """Return further tables by CSV file name; None for a table that does not apply."""

    @abstractmethod
    def texts(self) -> Mapping[str, str | None]:
        """Return Markdown pages by file name; None for a page that does not apply."""

    @abstractmethod
    def makers(self) -> "Mapping[str, Callable[[], Display]]":
        """Return a function for each plot, by file name, without the training curves."""

    @abstractmethod
    def page(self, drawings: Drawings) -> str:
        """Return the page as HTML; it may show drawn faces but no photographs."""

    @abstractmethod
    def faces_page(self) -> str:
        """Return a page with photographs, or an empty string if there is nothing to show."""
