"""Make the report on key points: tables, plots and pages from the records and errors of a results folder."""

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ferbench import datasets
from ferbench.benchmarks import displays
from ferbench.benchmarks.keypoints.page import render_keypoints
from ferbench.benchmarks.keypoints.results import (
    TEST,
    VALIDATION,
    PointBoard,
    PointResults,
    read_point_results,
    score_results,
)
from ferbench.benchmarks.keypoints.suite_results import point_makers
from ferbench.benchmarks.keypoints.tables import (
    curve_frame,
    per_point_frame,
    points_leaderboard,
    points_markdown,
    points_text,
)
from ferbench.benchmarks.pages import Drawings, Report, about, load_again
from ferbench.benchmarks.tables import DPI, write_plots

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from ferbench.benchmarks.displays import Display
    from ferbench.datasets import PointDataset

_PHOTOGRAPHS = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Faces with key points</title></head>
<body style="font-family: system-ui">
<p><strong>For your own machine only.</strong> These images are not yours to publish.</p>
<img alt="Faces with marked and found points" src="{picture}">
</body>
</html>
"""


def load_source(results: PointResults, source: str) -> "PointDataset":
    """Load a source with the size, seed and options of the suite."""
    dataset: PointDataset = load_again(results, source, datasets.load_points, results.side)
    return dataset


class PointReport(Report):
    """Report of key-point models: normalized errors, single points, cumulative errors and costs."""

    patterns = ("training_*",)
    validation, test = VALIDATION, TEST
    results: PointResults
    board: PointBoard

    read = staticmethod(read_point_results)
    load = staticmethod(load_source)
    text = staticmethod(points_text)

    def open_pictures(self, dataset: "PointDataset") -> "PointDataset":
        """Return the data set, since faces are shown together with their points."""
        return dataset

    def score(self) -> PointBoard:
        """Errors on both splits."""
        return score_results(self.results)

    def leaderboard(self) -> "pd.DataFrame":
        """Rows by rising normalized error."""
        return points_leaderboard(self.results, self.board)

    def tables(self) -> "Mapping[str, pd.DataFrame | None]":
        """Single points and cumulative errors."""
        return {"per_point": per_point_frame(self.results, self.board), "ced": curve_frame(self.board)}

    def history(self) -> "pd.DataFrame | None":
        """The training curves, with the recipe in the last column for compatibility with older files."""
        frame = super().history()
        return None if frame is None else frame[[*frame.columns.drop("recipe"), "recipe"]]

    def texts(self) -> Mapping[str, str | None]:
        """The leaderboard."""
        return {"leaderboard.md": points_markdown(self.results, self.board, self.frame)}

    def makers(self) -> "Mapping[str, Callable[[], Display]]":
        """Cumulative errors and single points."""
        return point_makers(self.results, self.board)

    def page(self, drawings: Drawings) -> str:
        """The page; drawn faces are also written beside it as ``faces.png``."""
        picture = ""
        if self.results.is_drawn and (make := self._faces()):
            write_plots({"faces": make}, self.results.root)
            picture = _embedded(self.results.root / "faces.png")
        return render_keypoints(self.results, self.board, self.frame, drawings, picture)

    def faces_page(self) -> str:
        """A page with one image of photographed faces and their points."""
        make = self._faces()
        return "" if make is None else _PHOTOGRAPHS.format(picture=_embedded(make().png(DPI)))

    def _faces(self) -> "Callable[[], Display] | None":
        """Return a function that makes the display of faces with the points of the chosen model, or None."""
        chosen, split = self.board.chosen(), self.results.split
        if chosen not in self.board.test:
            chosen = next(iter(self.board.ranking()), None)
        if chosen is None or self.pictures is None:
            return None
        errors = next(cell.errors[split] for cell in self.results.measured if cell.label == chosen)
        dataset: Any = self.pictures
        images, points = dataset.part(split)
        return partial(
            displays.PointFacesDisplay.from_errors,
            images,
            points,
            errors,
            self.results.interocular[split],
            name=chosen,
            dataset=about(self.results, split),
        )


def _embedded(picture: "bytes | Path") -> str:
    content = picture if isinstance(picture, bytes) else picture.read_bytes()
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"
