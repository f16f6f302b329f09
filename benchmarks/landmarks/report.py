"""Write the scores of landmark models on held-out people: ``landmarks.csv`` and ``landmarks.md``."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

from ferbench.benchmarks.landmarks.evaluation import LandmarkScore, score_landmarks
from ferbench.benchmarks.landmarks.faces import read_marked_faces
from ferbench.benchmarks.tables import markdown_page, markdown_table, write_csv, write_text

_FIGURES = {"nme": ".4f", "nme_low": ".4f", "nme_high": ".4f", "nme_median": ".4f", "faces_per_second": ".0f"}


def evaluate_landmarks(data: Path, models: Sequence[tuple[str, Path]], output: Path) -> pd.DataFrame:
    """Measure models on the held-out people of a landmark file and write the tables.

    Parameters
    ----------
    data : Path
        An ``.npz`` file in the format of :func:`read_marked_faces`.
    models : sequence of (name, Path)
        Models in dlib's format.
    output : Path
        Folder for ``landmarks.csv`` and ``landmarks.md``; created if missing.

    Returns
    -------
    DataFrame
        One row for each model and condition, with the fields of :class:`LandmarkScore`.
    """
    _, held_out = read_marked_faces(data)
    scores = [score for name, path in models for score in score_landmarks(path, held_out, name=name)]
    frame = pd.DataFrame([asdict(score) for score in scores], columns=[field.name for field in fields(LandmarkScore)])
    rows = [{**asdict(score), **_figures(score)} for score in scores]
    write_csv(pd.DataFrame(rows), output / "landmarks.csv")
    write_text(output / "landmarks.md", _page(rows, data.name))
    return frame


def _figures(score: LandmarkScore) -> dict[str, str]:
    return {name: format(getattr(score, name), form) for name, form in _FIGURES.items()}


def _page(rows: list[dict[str, Any]], data: str) -> str:
    about = (
        f"{rows[0]['n_faces']} faces of {rows[0]['n_people']} people that ferbench never trains on, from `{data}`. "
        "The error is the mean distance between predicted and annotated points divided by the distance between the "
        "outer eye corners, averaged over the faces; the interval is a bootstrap over people. Tight boxes enclose the "
        "annotated points. This favors models trained with such boxes; others may expect boxes of their own detector. "
        "Speed is on one core and includes enlarging the image to 192 pixels; all models were timed in one run."
    )
    cells = [
        [
            row["model"],
            row["condition"],
            row["nme"],
            f"{row['nme_low']}–{row['nme_high']}",
            row["nme_median"],
            row["faces_per_second"],
            f"{row['size_bytes'] / 1e6:.1f}",
        ]
        for row in rows
    ]
    header = ("model", "faces and box", "error", "95 % interval", "median", "faces/s", "MB")
    start = ["# Landmark models on held-out people", about, markdown_table(header, cells, n_text=2)]
    return markdown_page(start, (), (), "Written by `ferbench landmarks evaluate`.")
