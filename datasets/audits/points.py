"""Explore faces with key points: coordinates, missing points and sample faces."""

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.audits import points_plots as plots
from ferbench.datasets.audits.images import render, save_figure, write_text
from ferbench.datasets.points import POINT_SPLITS, PointDataset, load_points
from ferbench.utils import check_outputs, mark_offset, safe_cell

SCHEMA = 1
_FIGURES = ("missing", "positions", "point_samples")
FILES = ("coordinates.csv", "points.json", "points.md", "points.html", *(f"{name}.png" for name in _FIGURES))
_COLUMNS = ("point", "axis", "marked", "missing", "mean", "std", "min", "q25", "median", "q75", "max")


def audit_points(
    dataset_or_source: PointDataset | str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    *,
    faces: bool = True,
    size: int = 96,
    seed: int = 0,
) -> dict[str, Any]:
    """Explore faces with key points and write ``points.json``, ``points.md``, ``points.html``, a CSV and PNG figures.

    Parameters
    ----------
    dataset_or_source : PointDataset, str or path
        Loaded faces, or a source for :func:`load_points`.
    output_dir : str or path
        Folder for the pages; created if it does not exist.
    faces : bool, default=True
        Whether the pages show faces. If False, they contain only numbers and plots, and may be published even if the
        faces may not.
    size : int, default=96
        Height and width of the images in pixels, to which the coordinates refer.
    seed : int, default=0
        Seed for held-out parts and for the choice of shown faces.

    Returns
    -------
    dict
        The content of ``points.json``: counts per split, statistics of each coordinate (also in ``coordinates.csv``),
        missing values, points outside their image, the constant offset of the annotations in Training
        (:func:`ferbench.features.mark_offset`), and which points are annotated together.

    Raises
    ------
    ValueError, OSError
        As for :func:`load_points`, or if the folder cannot be written.
    """
    data = dataset_or_source
    check_outputs(data, [Path(output_dir) / name for name in FILES])
    dataset = data if isinstance(data, PointDataset) else load_points(data, size=size, seed=seed)
    output = Path(output_dir)
    output.mkdir(parents=True, exist_ok=True)
    findings = describe_points(dataset) | {"faces_shown": faces}
    findings["figures"] = _write_figures(dataset, findings, output, faces, seed)
    write_text(output / "coordinates.csv", _as_csv(findings["coordinates"]))
    write_text(output / "points.json", json.dumps(findings, indent=1) + "\n")
    for page in ("points.md", "points.html"):
        write_text(output / page, render(page, findings, output))
    return findings


def describe_points(dataset: PointDataset) -> dict[str, Any]:
    """Return counts and statistics of the points of a data set, as plain values."""
    rows = {split: dataset.rows(split) for split in POINT_SPLITS}
    marked = np.asarray(np.isfinite(dataset.points).all(axis=2))
    side = dataset.images.shape[1]
    outside = marked & ((dataset.points < -0.5) | (dataset.points > side - 0.5)).any(axis=2)
    return {
        "schema": SCHEMA,
        **{name: getattr(dataset, name) for name in ("name", "fingerprint", "drawn")},
        "notes": list(dataset.notes),
        "images": len(dataset),
        "side": side,
        "splits": list(POINT_SPLITS),
        "counts": {split: len(of) for split, of in rows.items()},
        "people": {split: len(set(dataset.groups[of].tolist())) for split, of in rows.items()},
        "coordinates": _coordinates(dataset),
        "missing": {
            split: {name: int((~marked[of, point]).sum()) for point, name in enumerate(dataset.names)}
            for split, of in rows.items()
        },
        "patterns": _patterns(dataset, marked),
        "mark_offset": round(mark_offset(*dataset.part("Training")), 2),
        "outside": {name: int(n) for name, n in zip(dataset.names, outside.sum(axis=0), strict=True)},
    }


def _coordinates(dataset: PointDataset) -> list[dict[str, Any]]:
    table = []
    for point, name in enumerate(dataset.names):
        for axis, letter in enumerate("xy"):
            values = dataset.points[:, point, axis].astype(np.float64)
            known = values[np.isfinite(values)]
            figures = [known.mean(), known.std(ddof=1) if len(known) > 1 else 0.0]
            figures += np.percentile(known, [0, 25, 50, 75, 100]).tolist()
            row = [name, letter, len(known), len(values) - len(known), *(round(float(value), 4) for value in figures)]
            table.append(dict(zip(_COLUMNS, row, strict=True)))
    return table


def _patterns(dataset: PointDataset, marked: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Count which points are annotated together, most frequent first; many data sets are merged from several."""
    kinds, counts = np.unique(marked, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:10]
    return [
        {
            "images": int(counts[kind]),
            "points": int(kinds[kind].sum()),
            "missing": [name for name, known in zip(dataset.names, kinds[kind], strict=True) if not known],
        }
        for kind in order
    ]


def _write_figures(
    dataset: PointDataset, findings: dict[str, Any], output: Path, faces: bool, seed: int
) -> dict[str, str]:
    """Draw the figures. Delete the face figure of an earlier call, so that it is not published by mistake."""
    gaps = any(n for missing in findings["missing"].values() for n in missing.values())
    wanted: dict[str, Callable[[], Any] | None] = {
        "missing": (lambda: plots.plot_missing(findings)) if gaps else None,
        "positions": lambda: plots.plot_positions(dataset),
        "point_samples": (lambda: plots.plot_samples(dataset, seed)) if faces else None,
    }
    for name, plot in wanted.items():
        if plot is None:
            (output / f"{name}.png").unlink(missing_ok=True)
        else:
            save_figure(plot(), output / f"{name}.png")
    return {name: f"{name}.png" for name, plot in wanted.items() if plot is not None}


def _as_csv(rows: list[dict[str, Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "point": safe_cell(row["point"])} for row in rows)
    return buffer.getvalue()
