"""Every figure of one key-point model on one set of faces, with bootstrap intervals over people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.scores.bootstrap import bootstrap_weights, percentile_interval, ratio
from ferbench.benchmarks.scores.statistics import holm

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.floating]

# Kaggle's images have this side; errors in pixels are given at it, whatever the images of the data set are.
SIDE = 96
WITHIN, FAILURE = 0.05, 0.10
# The curve of cumulative errors: every half per cent up to a fifth of the distance between the eyes.
THRESHOLDS = np.linspace(0, 0.2, 41)
_EYE_CORNERS = ("left_eye_outer_corner", "right_eye_outer_corner")
_SINGLE = ("rmse", "nme", "failure_rate", "within_5")
_ALPHA = 0.05


@dataclass(frozen=True, eq=False)
class PointScores:
    """What one model reached on one set of faces; made by :func:`score_points`.

    Attributes
    ----------
    rmse : float
        Root of the mean squared error of all marked coordinates, in pixels of a 96 x 96 image, as on Kaggle's board.
    nme : float
        Mean distance between found and marked points of a face, divided by the distance between the outer corners of
        its eyes; averaged over the faces in which both are marked.
    failure_rate : float
        Share of these faces whose error is above a tenth.
    within_5 : float
        Share of their points that lie within a twentieth of that distance.
    n_images, n_people, n_points, n_normalised : int
        Faces, the people on them, marked points, and faces with both outer corners.
    per_point : mapping of str to ndarray of shape (n_points,)
        ``rmse``, ``nme`` and ``within_5`` of each point; NaN where it is never marked.
    curve : ndarray of shape (n_thresholds,)
        Share of faces whose error is at most each of :data:`THRESHOLDS`.
    intervals : mapping of str to (low, high)
        95 % percentile intervals: of the single figures, of ``point_rmse`` and the like (arrays), and of ``curve``.
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
        """Lower and upper bound of one single figure."""
        low, high = self.intervals[name]
        return float(low), float(high)

    def as_dict(self) -> dict[str, float | int | None]:
        """All single figures as one flat row, None for one that does not exist."""
        row: dict[str, float | int | None] = {}
        for name in _SINGLE:
            row[name] = _blank(getattr(self, name))
            row[f"{name}_low"], row[f"{name}_high"] = (_blank(bound) for bound in self.interval(name))
        return row | {name: getattr(self, name) for name in ("n_images", "n_people", "n_points", "n_normalised")}


def interocular_distance(points: NDArray[np.floating], names: Sequence[str]) -> NDArray[np.float32]:
    """Distance between the outer corners of the eyes in pixels; NaN where one is not marked.

    The same distance by which errors over 68 landmarks are commonly divided, here too: figures can be compared.
    """
    left, right = (points[:, list(names).index(corner)] for corner in _EYE_CORNERS)
    distance = np.linalg.norm(left - right, axis=1)
    return np.where(distance > 0, distance, np.nan).astype(np.float32)


def face_errors(errors: Floats, interocular: Floats) -> Floats:
    """Mean distance of each face's marked points, divided by the distance between its eyes; NaN without either."""
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
        Found less marked points, in pixels; NaN where a point is not marked.
    interocular : ndarray of shape (n_images,)
        As :func:`interocular_distance` gives it.
    people : ndarray of shape (n_images,), int
        Number of the person on each image, from 0. People, not faces, are drawn for the intervals: pictures of one
        person are alike.
    side : int
        Width and height of the images in pixels.
    n_bootstrap, seed : int
        Resamples and their seed; models scored with the same seed meet the same people.
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
        for the one with the lower error, or ``tie``.
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
    sure = table["p_holm"] < _ALPHA
    better, worse = sure & (table["difference_high"] < 0), sure & (table["difference_low"] > 0)
    return table.assign(verdict=np.select([better, worse], ["A", "B"], default="tie"))


_PAIR = ("a", "b", "n_images", "nme_a", "nme_b", "difference", "difference_low", "difference_high", "p_bootstrap")


def _shares(errors: Floats, interocular: Floats, side: int) -> dict[str, tuple[Floats, Floats]]:
    """What to sum over faces above and below each figure's line, each of shape (n_images, n_figures)."""
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
    """The ratio of the sums for each resample of the people, of shape (n_bootstrap, n_figures)."""
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
