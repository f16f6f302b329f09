"""The report of any task: reads and scores a results folder, then writes its tables, drawings and page."""

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
    """One report. A subclass says what its task measures: columns, figures and texts.

    Parameters
    ----------
    folder : str or Path
        Folder of one data set.
    dataset : Dataset or PointDataset, optional
        The data that was measured. Drawn faces are drawn again where this is not given.

    Attributes
    ----------
    results : BaseResults
        What was read.
    board : object
        The figures of every cell, with ``pairs``: every pair of cells compared.
    frame : DataFrame
        The leaderboard.

    Raises
    ------
    FileNotFoundError, ValueError
        If the folder holds no records, its files do not fit together, or `dataset` is other data.
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
        """Write every file, and remove those of an earlier report that no longer apply.

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
            # Photographs, for the reader's own machine only: version control ignores this page.
            write_text(root / "faces.html", text)
        page = root / "index.html"
        write_text(page, self.page(drawings))
        return page

    def _with_split(self, table: "pd.DataFrame | None") -> "pd.DataFrame | None":
        """A table about the validation split says so; without a word it is about the test split."""
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
        """Load a source the way the suite did."""

    @staticmethod
    @abstractmethod
    def text(frame: "pd.DataFrame") -> str:
        """The leaderboard for a terminal."""

    @abstractmethod
    def open_pictures(self, dataset: Any) -> Any:
        """What gives the pictures of single images."""

    @abstractmethod
    def score(self) -> Any:
        """Score every measured cell, and compare every pair."""

    @abstractmethod
    def leaderboard(self) -> "pd.DataFrame":
        """One row a cell."""

    @abstractmethod
    def tables(self) -> "Mapping[str, pd.DataFrame | None]":
        """Further tables by the name of their CSV file; None for one that does not apply."""

    @abstractmethod
    def texts(self) -> Mapping[str, str | None]:
        """Pages of Markdown by the name of their file; None for one that does not apply."""

    @abstractmethod
    def makers(self) -> "Mapping[str, Callable[[], Display]]":
        """What makes each drawing but the training curves, by the name of its file."""

    @abstractmethod
    def page(self, drawings: Drawings) -> str:
        """The page as HTML; it holds pictures of drawn faces only."""

    @abstractmethod
    def faces_page(self) -> str:
        """A page with photographs; empty where there is nothing to show."""
