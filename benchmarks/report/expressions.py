"""Make the report on expressions: tables, plots and pages from the records and probabilities."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks import displays
from ferbench.benchmarks.explain import read_mean_maps
from ferbench.benchmarks.pages import Drawings, Report, gap_table, group_table, stacked
from ferbench.benchmarks.report.additions import Additions
from ferbench.benchmarks.report.errors import wrong_everywhere
from ferbench.benchmarks.report.faces import Pictures, load_source
from ferbench.benchmarks.report.groups import scores_by_group
from ferbench.benchmarks.report.leaderboard import build_leaderboard, leaderboard_text
from ferbench.benchmarks.report.markdown import leaderboard_markdown
from ferbench.benchmarks.report.mean_maps import maps_table
from ferbench.benchmarks.report.page import render_faces, render_index
from ferbench.benchmarks.report.plots import PATTERNS, makers
from ferbench.benchmarks.report.plugin_plots import PluginPlots
from ferbench.benchmarks.report.results import TEST, VALIDATION, Results, read_results
from ferbench.benchmarks.report.scores import ScoreBoard, score_results

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.displays import Display
    from ferbench.datasets import Dataset


class ExpressionReport(Report):
    """Report of expression recognizers: accuracy, F1, probabilities, confusions and costs."""

    patterns = PATTERNS
    validation, test = VALIDATION, TEST
    results: Results
    board: ScoreBoard

    read = staticmethod(read_results)
    load = staticmethod(load_source)
    text = staticmethod(leaderboard_text)

    def open_pictures(self, dataset: "Dataset") -> Pictures:
        """The images of the scored split."""
        return Pictures(dataset, self.results)

    def score(self) -> ScoreBoard:
        """Return all scores, and make the parts that only some suites have."""
        board = score_results(self.results)
        self._additions = Additions.of(self.results, board)
        self._plugins = PluginPlots.of(self.results)
        self._groups = scores_by_group(self.results)
        fingerprint = str(self.results.dataset.get("fingerprint"))
        self._maps = read_mean_maps(self.results.root, fingerprint, self.results.classes)
        return board

    def leaderboard(self) -> "pd.DataFrame":
        """Rows by falling accuracy."""
        return build_leaderboard(self.results, self.board)

    def tables(self) -> "Mapping[str, pd.DataFrame | None]":
        """Classes, confusions, calibration, groups, images that every recognizer gets wrong, and mean maps."""
        return {
            "per_class": _per_class(self.board),
            "confusion": _confusion(self.results, self.board),
            "calibration": _calibration(self.results),
            "by_group": group_table(self._groups),
            "group_gaps": gap_table(self._groups),
            "wrong_everywhere": _wrong_everywhere(self.results),
            "mean_maps": maps_table(self._maps),
            **self._additions.tables(),
            **self._plugins.tables(self.results),
        }

    def texts(self) -> Mapping[str, str | None]:
        """The leaderboard and the additions."""
        leaderboard = leaderboard_markdown(self.results, self.board, self.frame, self._groups)
        return {"leaderboard.md": leaderboard, **self._additions.texts(self.results)}

    def makers(self) -> "Mapping[str, Callable[[], Display]]":
        """Overviews, the best of each kind, the additions, and plug-ins."""
        more = self._additions.displays(self.results) | self._plugins.displays()
        return dict(makers(self.results, self.board)) | more

    def page(self, drawings: Drawings) -> str:
        """The page; with pictures of drawn faces."""
        pictures: Any = self.pictures if self.results.is_drawn else None
        return render_index(
            self.results,
            self.board,
            self.frame,
            drawings,
            self._additions,
            groups=self._groups,
            maps=self._maps,
            pictures=pictures,
        )

    def faces_page(self) -> str:
        """Mistakes with their photographs."""
        pictures: Any = self.pictures
        return render_faces(self.results, self.board, pictures)


def _per_class(board: ScoreBoard) -> "pd.DataFrame":
    return stacked({label: board.private[label].per_class() for label in board.ranking()})


def _confusion(results: Results, board: ScoreBoard) -> "pd.DataFrame":
    import pandas as pd

    names = list(results.classes)
    tables = {}
    for label in board.ranking():
        tables[label] = pd.DataFrame(board.private[label].confusion, columns=[f"predicted_{name}" for name in names])
        tables[label].insert(0, "label", names)
    return stacked(tables)


def _calibration(results: Results) -> "pd.DataFrame":
    return stacked(
        {
            cell.label: displays.ReliabilityDisplay.from_predictions(
                results.labels[results.split], cell.proba[results.split], results.classes
            ).frame()
            for cell in results.scored
        }
    )


def _wrong_everywhere(results: Results) -> "pd.DataFrame":
    import pandas as pd

    wrong = wrong_everywhere(results)
    return pd.DataFrame(
        {
            "id": results.ids[results.split][wrong.rows],
            "label": results.labels[results.split][wrong.rows],
            "commonest_answer": wrong.predicted,
            "votes": wrong.votes,
            "n_recognizers": wrong.n_recognizers,
        }
    )
