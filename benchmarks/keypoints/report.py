"""The report on key points: every table, drawing and page of one results folder, from records and errors alone."""

import base64
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferbench.benchmarks.keypoints.page import render_keypoints
from ferbench.benchmarks.keypoints.results import (
    TEST,
    VALIDATION,
    MeasuredPoints,
    PointBoard,
    PointResults,
    read_point_results,
    score_results,
)
from ferbench.benchmarks.keypoints.tables import curve_frame, per_point_frame, points_leaderboard, points_markdown
from ferbench.benchmarks.report import DPI, slug, svg_of, write_csv
from ferbench.benchmarks.store import write_atomically
from ferbench.datasets import PointDataset, load_points

if TYPE_CHECKING:
    import pandas as pd

    from ferbench.benchmarks.displays import Display

_DRAWN_FACES = "faces"
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


def rebuild_keypoints(folder: str | Path, *, dataset: PointDataset | None = None) -> "tuple[Path, pd.DataFrame]":
    """Rebuild every table, drawing and page. Nothing is fitted and no data is needed.

    Parameters
    ----------
    folder : str or Path
    dataset : PointDataset, optional
        The data that was measured. Photographs go into ``faces.html`` only, which is never published; drawn faces go
        into ``index.html``, and are drawn again where this is not given.

    Returns
    -------
    Path
        The page, ``index.html``.
    DataFrame
        The leaderboard.
    """
    results = read_point_results(folder)
    drawn = bool(results.dataset["drawn"])
    dataset = _redraw(results) if dataset is None and drawn else dataset
    if dataset is not None:
        _refuse_other(dataset, results)
    board = score_results(results)
    frame = points_leaderboard(results, board)
    _write_tables(results, board, frame)
    drawings = _drawings(results, board)
    faces = _faces(results, board, dataset) if dataset is not None else None
    _write_faces(results, faces, drawn)
    if faces is not None and drawn:
        drawings[_DRAWN_FACES] = faces
    _save(drawings, results.root)
    page = results.root / "index.html"
    images = {name: svg_of(name, make) for name, make in drawings.items() if name != _DRAWN_FACES}
    picture = _embedded(faces()) if faces is not None and drawn else ""
    _write(page, render_keypoints(results, board, frame, images, picture))
    return page, frame


def load_source(results: PointResults, source: str) -> PointDataset:
    """Load a source the way the suite did: same size, seed and options."""
    suite = results.suite
    options = dict(suite.get("options") or {}) if source == suite.get("source") else {}
    return load_points(source, size=results.side, seed=suite.get("dataset_seed", 0), **options)


def _redraw(results: PointResults) -> PointDataset | None:
    if results.suite.get("source") != "faces":
        return None
    dataset = load_source(results, "faces")
    return dataset if dataset.fingerprint == results.dataset["fingerprint"] else None


def _refuse_other(dataset: PointDataset, results: PointResults) -> None:
    expected = str(results.dataset["fingerprint"])
    if dataset.fingerprint != expected:
        raise ValueError(
            f"{dataset.name}: its fingerprint is {dataset.fingerprint[:12]}, but {results.root} was measured on data "
            f"with {expected[:12]}; name the source that 'ferbench run' was given"
        )


def _write_tables(results: PointResults, board: PointBoard, frame: "pd.DataFrame") -> None:
    from ferbench.benchmarks.displays import HistoryDisplay

    root = results.root
    write_csv(frame, root / "leaderboard.csv")
    _write(root / "leaderboard.md", points_markdown(results, board, frame))
    write_csv(board.pairs, root / "comparisons.csv")
    write_csv(per_point_frame(results, board), root / "per_point.csv")
    write_csv(curve_frame(board), root / "ced.csv")
    curves = {cell.label: HistoryDisplay.from_history(cell.record["history"]).frame() for cell in _trained(results)}
    if curves:
        import pandas as pd

        parts = [table.assign(recipe=label) for label, table in curves.items()]
        write_csv(pd.concat(parts, ignore_index=True), root / "history.csv")
    else:
        (root / "history.csv").unlink(missing_ok=True)


def _drawings(results: PointResults, board: PointBoard) -> "dict[str, Callable[[], Display]]":
    if not board.test:
        return {}
    from ferbench.benchmarks.displays import CedDisplay, HistoryDisplay, PerPointDisplay

    ranked = {label: board.test[label] for label in board.ranking()}
    about = _about(results)
    makers: dict[str, Callable[[], Display]] = {
        "ced": partial(CedDisplay.from_scores, ranked, dataset=about),
        "per_point": partial(PerPointDisplay.from_scores, ranked, results.names, dataset=about),
    }
    for cell in _trained(results):
        makers[f"training_{slug(cell.label)}"] = partial(
            HistoryDisplay.from_history,
            cell.record["history"],
            name=cell.label,
            dataset=f"{_about(results, '')}, validated on {VALIDATION}",
        )
    return makers


def _trained(results: PointResults) -> list[MeasuredPoints]:
    """Cells with training curves that can be drawn."""
    from ferbench.benchmarks.report import history_is_drawable

    return [cell for cell in results.measured if history_is_drawable(cell.record.get("history"))]


def _faces(results: PointResults, board: PointBoard, dataset: PointDataset) -> "Callable[[], Display] | None":
    from ferbench.benchmarks.displays import PointFacesDisplay

    chosen = board.chosen() or next(iter(board.ranking()), None)
    if chosen is None:
        return None
    errors = next(cell.errors[TEST] for cell in results.measured if cell.label == chosen)
    images, points = dataset.part(TEST)
    return partial(
        PointFacesDisplay.from_errors,
        *(images, points, errors, results.interocular[TEST]),
        name=chosen,
        dataset=_about(results),
    )


def _write_faces(results: PointResults, faces: "Callable[[], Display] | None", drawn: bool) -> None:
    """Photographs, for the reader's own machine only: version control ignores this page."""
    if faces is None or drawn:
        return
    _write(results.root / "faces.html", _PHOTOGRAPHS.format(picture=_embedded(faces())))


def _save(drawings: "dict[str, Callable[[], Display]]", root: Path) -> None:
    from tqdm import tqdm

    for name in tqdm(drawings, desc="drawing", unit="plot", disable=None, leave=False):
        write_atomically(root / f"{name}.png", drawings[name]().png(DPI))
    for path in set(root.glob("training_*.png")) - {root / f"{name}.png" for name in drawings}:
        path.unlink()


def _about(results: PointResults, split: str = TEST) -> str:
    dataset = results.dataset
    return f"{dataset['name']}{' (drawn, not real)' if dataset['drawn'] else ''} {split}".strip()


def _embedded(display: "Display") -> str:
    return f"data:image/png;base64,{base64.b64encode(display.png(DPI)).decode()}"


def _write(path: Path, text: Any) -> None:
    write_atomically(path, text.encode("utf-8"))
