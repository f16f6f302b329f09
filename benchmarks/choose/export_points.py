"""Write the model card of a measured key-point model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.benchmarks.choose.cards import card_text, data_text, fit_text
from ferbench.benchmarks.keypoints import TEST, VALIDATION, MeasuredPoints, PointResults, read_point_results
from ferbench.benchmarks.scores import PointScores, face_errors, score_points

# Points are grouped because a table of five rows is easier to read than one of fifteen.
PARTS = {
    "eyes": ("eye_center", "eye_inner_corner", "eye_outer_corner"),
    "brows": ("eyebrow",),
    "nose": ("nose_tip",),
    "corners of the mouth": ("mouth_left_corner", "mouth_right_corner"),
    "lips": ("lip",),
}


def points_card(cell_id: str, folder: Path, notes: Sequence[str] = ()) -> str:
    """Return the model card of a measured key-point model in Markdown; all metrics come from its stored errors.

    Parameters
    ----------
    cell_id : str
        Id of the measured cell.
    folder : Path
        Results folder of the data set.
    notes : sequence of str
        Further paragraphs for the card, such as the license of the data.
    """
    results = read_point_results(folder)
    cell = next(cell for cell in results.measured if cell.record["cell_id"] == cell_id)
    record = cell.record
    data, recipe = record["dataset"], record["recipe"]
    parts = [
        f"# {recipe['name']}",
        f"Finds {len(results.names)} key points in a gray picture of one face: {', '.join(results.names)}. Left and "
        "right are those of the person.",
        "## Training\n\n"
        f"- Data: {data_text(data)}; "
        f"{data['counts']['Training']:,} training faces of {data['people']['Training']:,} people; model selection on "
        f"{data['counts'][VALIDATION]:,} faces of {data['people'][VALIDATION]:,} others.\n"
        + "".join(f"- {note}\n" for note in data["notes"])
        + f"- Recipe: `{recipe['name']}`, {recipe['implementation']}.\n"
        f"{fit_text(record)}",
        "## Measured\n\n" + _figures(cell, results) + "\n\n" + _costs(record),
        f"## By part of the face, on {_split(cell)}\n\n" + _parts(cell, results),
        "## Known weaknesses\n\n" + _weaknesses(cell, results),
    ]
    return card_text(parts, notes)


def _split(cell: MeasuredPoints) -> str:
    """Return the split for the detailed tables: Test, or Validation if Test was not opened."""
    return TEST if TEST in cell.errors else VALIDATION


def _scores(cell: MeasuredPoints, results: PointResults, split: str) -> PointScores:
    return score_points(cell.errors[split], results.interocular[split], results.people[split], results.side)


def _figures(cell: MeasuredPoints, results: PointResults) -> str:
    lines = [
        "The error is the mean distance between predicted and annotated points of a face, divided by the distance "
        "between its outer eye corners. The 95 % intervals are a bootstrap over people.\n",
        "| faces | n | people | error | interval | RMSE at 96 x 96, px | above 10 % | points within 5 % |",
        "| :-- | --: | --: | --: | :-- | --: | --: | --: |",
    ]
    for split, name in ((TEST, TEST), (VALIDATION, f"{VALIDATION} (used for model selection)")):
        if split not in cell.errors:
            continue
        of = _scores(cell, results, split)
        low, high = of.interval("nme")
        lines.append(
            f"| {name} | {of.n_images:,} | {of.n_people:,} | {of.nme:.4f} | {low:.4f} to {high:.4f} | {of.rmse:.3f} | "
            f"{of.failure_rate:.1%} | {of.within_5:.1%} |"
        )
    return "\n".join(lines)


def _costs(record: Any) -> str:
    latency = record["timings"]["latency_ms"]
    p90 = "" if latency["p90"] is None else f", p90 {latency['p90']:.2f} ms"
    return (
        f"One face on one core: median {latency['median']:.2f} ms{p90} (n = {latency['n']}). "
        f"Size: {record['size_bytes'] / 1e6:.2f} MB."
    )


def _parts(cell: MeasuredPoints, results: PointResults) -> str:
    scores = _scores(cell, results, _split(cell))
    lines = ["| part | error | RMSE, px |", "| :-- | --: | --: |"]
    for part, words in PARTS.items():
        of = [place for place, name in enumerate(results.names) if any(word in name for word in words)]
        if of:
            nme, rmse = scores.per_point["nme"][of].mean(), np.sqrt((scores.per_point["rmse"][of] ** 2).mean())
            lines.append(f"| {part} | {nme:.4f} | {rmse:.3f} |")
    return "\n".join(lines)


def _weaknesses(cell: MeasuredPoints, results: PointResults) -> str:
    """Return the errors of the worst faces and people beside the median."""
    split = _split(cell)
    errors = face_errors(cell.errors[split], results.interocular[split])
    known = np.isfinite(errors)
    people = results.people[split][known]
    of_people = np.bincount(people, errors[known]) / np.maximum(np.bincount(people), 1)
    half, worst = np.quantile(errors[known], [0.5, 0.95])
    return (
        f"- The median error is {half:.3f}; one face in twenty has an error above {worst:.3f}.\n"
        f"- The person with the largest errors has a mean error of {of_people.max():.3f}.\n"
        "- It returns points for every image, even without a face, and gives no confidence.\n"
        "- It was measured on crops like those it was trained on, not on other cameras, other ages, profile views or "
        "occluded faces."
    )
