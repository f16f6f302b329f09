"""Write tables, plots and the page of a protocol."""

from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ferbench.benchmarks.folds import curve
from ferbench.benchmarks.folds.groups import scores_by_group
from ferbench.benchmarks.folds.results import FoldResults
from ferbench.benchmarks.folds.wording import COLUMNS, CURVE_COLUMNS, HOW, cells_of, cross_columns, notes_of
from ferbench.benchmarks.pages import Drawings, gap_table, group_table, groups_for_page, groups_markdown, render_page
from ferbench.benchmarks.tables import markdown_table, markdown_text, text_table, write_csv_files, write_text

_TEMPLATES = Path(__file__).parent / "templates"


class FoldReport:
    """Report of a protocol: the leaderboard over folds, each fold, pooled confusion matrices, and learning curves.

    Parameters
    ----------
    folder : str or Path
        Folder of the results of one protocol.

    Attributes
    ----------
    results : FoldResults
    frame : DataFrame
        The leaderboard.
    """

    def __init__(self, folder: str | Path) -> None:
        self.results = FoldResults.of(folder)
        self.frame = self.results.frame()
        self._groups = scores_by_group(self.results)

    @cached_property
    def _notes(self) -> list[str]:
        """Notes for both pages; the comparisons in them take a while."""
        return notes_of(self.results)

    def write(self) -> Path:
        """Write the leaderboard, ``folds.csv``, ``crossings.csv``, tables by group, the plots and ``index.html``."""
        root = self.results.root
        found = list(self.results.crossings())
        tables = {"leaderboard": self.frame, "folds": self.results.folds(), "crossings": curve.crossing_frame(found)}
        tables |= {"by_group": group_table(self._groups), "group_gaps": gap_table(self._groups)}
        write_csv_files(tables, root)
        write_text(root / "leaderboard.md", self._markdown())
        drawings = Drawings(self._makers(), ("confusion_*",))
        drawings.save(root)
        write_text(root / "index.html", self._page(drawings))
        return root / "index.html"

    def text(self, width: int | None = None) -> str:
        """The leaderboard for a terminal, fitted into its width if that is given."""
        columns = self._columns()
        lines = [list(columns), *cells_of(self.frame, columns)]
        right = range(1, len(columns))
        rows = self.frame.to_dict("records")
        missing = [f"{row['recipe']}: {row['note']}" for row in rows if row["status"] != "ok" and row["note"]]
        return "\n".join([*text_table(lines, tuple(right), width), *missing, *self._crossing_lines()])

    def _columns(self) -> Mapping[str, Any]:
        if self.results.is_curve:
            return CURVE_COLUMNS
        return cross_columns() if self.results.protocol.strip() == "cross" else COLUMNS

    def _crossing_lines(self) -> list[str]:
        at = curve.shares(self.results.content) if self.results.is_curve else []
        return [curve.crossing_text(each, at) for each in self.results.crossings()]

    def _markdown(self) -> str:
        columns = self._columns()
        parts = [
            f"# {markdown_text(self.results.about)}",
            markdown_table(tuple(columns), cells_of(self.frame, columns)),
            *(markdown_text(line) for line in self._crossing_lines()),
            *groups_markdown(self._groups, self.results.best() or "", self._order()),
            "\n".join(f"- {markdown_text(note)}" for note in self._notes),
            HOW.rstrip(),
            f"![{self.results.plots()[0]}]({self.results.plots()[0]}.png)",
        ]
        return "\n\n".join(parts) + "\n"

    def _order(self) -> list[str]:
        """The recipes in the order of the leaderboard, each once."""
        return list(dict.fromkeys(self.frame["recipe"]))

    def _makers(self) -> dict[str, Any]:
        first = self.results.plots()[0]
        makers: dict[str, Any] = {first: partial(self.results.display, first)}
        best = self.results.best()
        if best is not None:
            makers["confusion"] = partial(self.results.display, "confusion", recipe=best)
        return makers

    def _page(self, drawings: Drawings) -> str:
        columns = self._columns()
        return render_page(
            _TEMPLATES,
            "folds.html.j2",
            title=self.results.about,
            header=list(columns),
            rows=cells_of(self.frame, columns),
            crossings=self._crossing_lines(),
            notes=self._notes,
            how=HOW,
            **groups_for_page(self._groups, self._order()),
            # Safe to mark as HTML, because matplotlib escapes all text in its SVG.
            plots={name: Markup(drawings.svg(name)) for name in drawings},
        )
