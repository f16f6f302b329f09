"""Score key-point models, with bootstrap intervals over people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.scores.bootstrap import bootstrap_weights, percentile_interval, ratio
from ferbench.benchmarks.scores.statistics import ALPHA, NO_DIFFERENCE, holm, pairs_with, verdicts

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.floating]

# Width of Kaggle's images. Errors in pixels are scaled to it for images of any size.
SIDE = 96
WITHIN, FAILURE = 0.05, 0.10
# Thresholds of the cumulative error curve: steps of half a percent up to a fifth of the eye distance.
THRESHOLDS = np.linspace(0, 0.2, 41)
_EYE_CORNERS = ("left_eye_outer_corner", "right_eye_outer_corner")
_SINGLE = ("rmse", "nme", "failure_rate", "within_5")


@dataclass(frozen=True, eq=False)
class PointScores:
    """Scores of one model on one set of faces, as :func:`score_points` returns them.

    Attributes
    ----------
    rmse : float
        Root mean squared error of all annotated coordinates, in pixels of a 96 x 96 image, as on Kaggle's leaderboard.
    nme : float
        Mean distance between predicted and annotated points of a face, divided by the distance between its outer eye
        corners; averaged over the faces in which both corners are annotated.
    failure_rate : float
        Share of these faces with an error above 10 %.
    within_5 : float
        Share of their points with an error of at most 5 % of the eye distance.
    n_images, n_people, n_points, n_normalised : int
        Number of faces, people, annotated points, and faces with both outer eye corners.
    per_point : mapping of str to ndarray of shape (n_points,)
        ``rmse``, ``nme`` and ``within_5`` of each point; NaN if it is never annotated.
    curve : ndarray of shape (n_thresholds,)
        Share of faces whose error is at most each of :data:`THRESHOLDS`.
    intervals : mapping of str to (low, high)
        95 % percentile intervals of the scores above, of the per-point scores such as ``point_rmse`` (arrays), and of
        ``curve``.
    """

    rmse: float
    nme: float
    failure_rate: float
    within_5: float
    n_images: int
    n_people: int
    n_points: int
    n_normalised: int
    per_point: Mapping[str, Floats]
    curve: Floats
    intervals: Mapping[str, tuple[Floats, Floats]]

    def interval(self, name: str) -> tuple[float, float]:
        """Return the lower and upper bound of one score."""
        low, high = self.intervals[name]
        return float(low), float(high)

    def as_dict(self) -> dict[str, float | int | None]:
        """Return all scores as one flat row, with None for missing values."""
        row: dict[str, float | int | None] = {}
        for name in _SINGLE:
            row[name] = _blank(getattr(self, name))
            row[f"{name}_low"], row[f"{name}_high"] = (_blank(bound) for bound in self.interval(name))
        return row | {name: getattr(self, name) for name in ("n_images", "n_people", "n_points", "n_normalised")}


def interocular_distance(points: NDArray[np.floating], names: Sequence[str]) -> NDArray[np.float32]:
    """Return the distance between the outer eye corners in pixels; NaN if one is not annotated.

    Errors over 68 landmarks are commonly divided by the same distance, so the errors are comparable.
    """
    left, right = (points[:, list(names).index(corner)] for corner in _EYE_CORNERS)
    distance = np.linalg.norm(left - right, axis=1)
    return np.where(distance > 0, distance, np.nan).astype(np.float32)


def face_errors(errors: Floats, interocular: Floats) -> Floats:
    """Return the normalized mean error of each face; NaN without annotated points or eye corners."""
    distances = np.linalg.norm(np.asarray(errors, np.float64), axis=2) / np.asarray(interocular, np.float64)[:, None]
    known = np.isfinite(distances)
    return ratio(np.where(known, distances, 0).sum(axis=1), known.sum(axis=1), empty=np.nan)


def score_points(
    errors: Floats,
    interocular: Floats,
    people: NDArray[np.integer],
    side: int,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> PointScores:
    """Score one model.

    Parameters
    ----------
    errors : ndarray of shape (n_images, n_points, 2)
        Predicted minus annotated points in pixels; NaN if a point is not annotated.
    interocular : ndarray of shape (n_images,)
        Distances from :func:`interocular_distance`.
    people : ndarray of shape (n_images,), int
        Number of the person on each image, from 0. The bootstrap draws people instead of faces, because images of one
        person are correlated.
    side : int
        Width and height of the images in pixels.
    n_bootstrap, seed : int
        Number of resamples and their seed; models scored with the same seed use the same resamples.
    """
    shares = _shares(np.asarray(errors, np.float64), np.asarray(interocular, np.float64), side)
    above, below = (np.concatenate([part[place] for part in shares.values()], axis=1) for place in (0, 1))
    values = ratio(above.sum(axis=0), below.sum(axis=0), empty=np.nan)
    low, high = percentile_interval(_resampled(above, below, people, n_bootstrap, seed))
    figures, intervals, start = {}, {}, 0
    for name, (part, _) in shares.items():
        span = slice(start, start + part.shape[1])
        root = np.sqrt if name.endswith("rmse") else np.asarray
        figures[name], intervals[name] = root(values[span]), (root(low[span]), root(high[span]))
        start = span.stop
    points = {name.removeprefix("point_"): of for name, of in figures.items() if name.startswith("point_")}
    single = {name: (intervals[name][0][0], intervals[name][1][0]) for name in _SINGLE}
    return PointScores(
        **{name: float(figures[name][0]) for name in _SINGLE},
        n_images=len(errors),
        n_people=len(np.unique(people)),
        n_points=int(np.isfinite(errors).all(axis=2).sum()),
        n_normalised=int(np.isfinite(face_errors(errors, interocular)).sum()),
        per_point=points,
        curve=figures["curve"],
        intervals=intervals | single,
    )


def compare_points(
    errors: Mapping[str, Floats],
    interocular: Floats,
    people: NDArray[np.integer],
    *,
    n_bootstrap: int = 10_000,
    seed: int = 0,
) -> "pd.DataFrame":
    """Compare every two models by their normalized errors on the same faces.

    Returns
    -------
    DataFrame
        One row per pair: ``a, b, n_images, nme_a, nme_b, difference`` (a less b) with its 95 % interval, the two-sided
        p of a paired bootstrap over people, Holm's correction of it over all pairs, and ``verdict``: ``A`` or ``B``
        for the one with the lower error, or ``not shown to differ``.
    """
    import pandas as pd

    faces = {name: face_errors(of, interocular) for name, of in errors.items()}
    rows = []
    for a, b in combinations(faces, 2):
        known = np.isfinite(faces[a]) & np.isfinite(faces[b])
        gap = np.where(known, faces[a] - faces[b], 0)[:, None]
        drawn = _resampled(gap, known[:, None].astype(float), people, n_bootstrap, seed)[:, 0]
        low, high = percentile_interval(drawn)
        smaller = min((drawn <= 0).sum(), (drawn >= 0).sum())
        means = [float(faces[name][known].mean()) if known.any() else np.nan for name in (a, b)]
        rows.append(
            {
                **{"a": a, "b": b, "n_images": int(known.sum()), "nme_a": means[0], "nme_b": means[1]},
                **{"difference": means[0] - means[1], "difference_low": float(low), "difference_high": float(high)},
                "p_bootstrap": min(2 * (smaller + 1) / (n_bootstrap + 1), 1.0),
            }
        )
    table = pd.DataFrame(rows, columns=list(_PAIR))
    table["p_holm"] = holm(table["p_bootstrap"].to_numpy(dtype=float))
    sure = table["p_holm"] < ALPHA
    better, worse = sure & (table["difference_high"] < 0), sure & (table["difference_low"] > 0)
    return table.assign(verdict=np.select([better, worse], ["A", "B"], default=NO_DIFFERENCE))


def compare_points_with(pairs: "pd.DataFrame", name: str) -> "pd.DataFrame":
    """Compare one model with the rest, corrected over these comparisons only.

    Parameters
    ----------
    pairs : DataFrame
        Every pair, from :func:`compare_points`.
    name : str
        The model to compare the others with, such as the winner or a reference.

    Returns
    -------
    DataFrame
        One row per other model: ``recipe``, ``against`` (the name), ``n_images``, ``nme``; ``difference`` (its error
        less that of ``against``) with the paired 95 % interval ``difference_low``, ``difference_high``;
        ``p_bootstrap``, ``p_holm`` (Holm, 1979) over the rows of this table, and ``verdict``: ``better`` (a smaller
        error) or ``worse`` if ``p_holm`` is below 0.05, else ``not shown to differ``.
    """
    rows, turned = pairs_with(pairs, name)
    table = rows.assign(
        nme=rows["nme_b"].where(turned, rows["nme_a"]),
        p_holm=holm(rows["p_bootstrap"].to_numpy(dtype=float)),
    )
    return table.assign(verdict=verdicts(table, less_is_better=True))[list(_WITH)].reset_index(drop=True)


_WITH = (
    "recipe",
    "against",
    "n_images",
    "nme",
    "difference",
    "difference_low",
    "difference_high",
    "p_bootstrap",
    "p_holm",
    "verdict",
)
_PAIR = ("a", "b", "n_images", "nme_a", "nme_b", "difference", "difference_low", "difference_high", "p_bootstrap")


def _shares(errors: Floats, interocular: Floats, side: int) -> dict[str, tuple[Floats, Floats]]:
    """Return numerators and denominators of each score per face, each of shape (n_images, n_figures)."""
    marked = np.isfinite(errors).all(axis=2)
    squares = np.where(marked, (np.nan_to_num(errors) ** 2).sum(axis=2), 0) * (SIDE / side) ** 2
    normalized = np.linalg.norm(errors, axis=2) / interocular[:, None]
    known = np.isfinite(normalized)
    normalized = np.where(known, normalized, 0)
    near = known & (normalized <= WITHIN)
    faces = face_errors(errors, interocular)[:, None]
    counted = np.isfinite(faces)
    faces = np.where(counted, faces, np.inf)
    return {
        "rmse": (squares.sum(axis=1, keepdims=True), 2.0 * marked.sum(axis=1, keepdims=True)),
        "nme": (np.where(counted, faces, 0), counted * 1.0),
        "failure_rate": (1.0 * (counted & (faces > FAILURE)), counted * 1.0),
        "within_5": (1.0 * near.sum(axis=1, keepdims=True), 1.0 * known.sum(axis=1, keepdims=True)),
        "point_rmse": (squares, 2.0 * marked),
        "point_nme": (normalized, 1.0 * known),
        "point_within_5": (1.0 * near, 1.0 * known),
        "curve": (1.0 * (faces <= THRESHOLDS), np.repeat(counted * 1.0, len(THRESHOLDS), axis=1)),
    }


def _resampled(above: Floats, below: Floats, people: NDArray[np.integer], n_bootstrap: int, seed: int) -> Floats:
    """Return the ratio of the sums for each resample of the people, of shape (n_bootstrap, n_figures)."""
    _, person = np.unique(people, return_inverse=True)
    n_people = int(person.max()) + 1
    sums = [np.zeros((n_people, part.shape[1])) for part in (above, below)]
    for total, part in zip(sums, (above, below), strict=True):
        np.add.at(total, person, part)
    blocks = [
        ratio(weights.T @ sums[0], weights.T @ sums[1], empty=np.nan)
        for weights in bootstrap_weights(n_people, n_bootstrap, seed)
    ]
    return np.concatenate(blocks)


def _blank(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
