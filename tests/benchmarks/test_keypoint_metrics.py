"""Figures of key points: against plain formulas, over people, and what is missing."""

import numpy as np
import pytest

from ferbench.benchmarks.scores.keypoints import (
    THRESHOLDS,
    compare_points,
    compare_points_with,
    face_errors,
    interocular_distance,
    score_points,
)
from ferbench.features import POINT_NAMES

RANDOM = np.random.default_rng(0)
N, P = 60, len(POINT_NAMES)
EYES = RANDOM.uniform(30, 60, N)
PEOPLE = RANDOM.integers(0, 12, N)


def errors(spread: float = 2.0, seed: int = 1) -> np.ndarray:
    found = np.random.default_rng(seed).normal(0, spread, (N, P, 2))
    found[3, 5:] = np.nan
    found[4] = np.nan
    return found.astype(np.float32)


def test_figures_are_what_their_names_say() -> None:
    found = errors()
    scores = score_points(found, EYES, PEOPLE, 48)
    distance = np.linalg.norm(found.astype(float), axis=2)
    faces = np.array([np.mean(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in distance]) / EYES
    known = faces[np.isfinite(faces)]
    assert scores.rmse == pytest.approx(np.sqrt(np.nanmean((2.0 * found.astype(float)) ** 2)))
    assert scores.nme == pytest.approx(known.mean())
    assert scores.failure_rate == pytest.approx((known > 0.1).mean())
    single = (distance / EYES[:, None])[np.isfinite(distance)]
    assert scores.within_5 == pytest.approx((single <= 0.05).mean())
    assert scores.per_point["nme"][7] == pytest.approx(np.nanmean(distance[:, 7] / EYES))
    assert scores.per_point["rmse"][7] == pytest.approx(np.sqrt(np.nanmean((2.0 * found[:, 7].astype(float)) ** 2)))
    assert scores.curve[20] == pytest.approx((known <= THRESHOLDS[20]).mean())
    assert (scores.n_images, scores.n_normalised, scores.n_points) == (N, N - 1, N * P - 10 - P)


def test_a_model_that_is_always_right_has_no_error_and_no_failure() -> None:
    scores = score_points(np.zeros((N, P, 2)), EYES, PEOPLE, 96)
    assert (scores.rmse, scores.nme, scores.failure_rate, scores.within_5) == (0, 0, 0, 1)
    assert (scores.curve == 1).all()
    assert scores.interval("nme") == (0, 0)


def test_intervals_hold_the_figure_and_widen_when_people_are_few() -> None:
    """Sixty pictures of two people say less than sixty pictures of sixty."""
    person = np.repeat(np.random.default_rng(2).uniform(0.5, 6, 4), N // 4)[:, None, None]
    found = errors() * person
    wide = score_points(found, EYES, np.repeat(np.arange(4), N // 4), 96)
    narrow = score_points(found, EYES, np.arange(N), 96)
    for scores in (wide, narrow):
        for name in ("rmse", "nme", "failure_rate", "within_5"):
            low, high = scores.interval(name)
            assert low <= getattr(scores, name) <= high
    widths = [np.diff(scores.interval("nme"))[0] for scores in (wide, narrow)]
    assert widths[0] > 1.5 * widths[1]


def test_faces_without_eye_corners_count_in_pixels_only() -> None:
    eyes = EYES.copy()
    eyes[: N // 2] = np.nan
    scores = score_points(errors(), eyes, PEOPLE, 96)
    assert scores.n_normalised == N // 2
    assert scores.rmse == pytest.approx(score_points(errors(), EYES, PEOPLE, 96).rmse)
    nowhere = score_points(errors(), np.full(N, np.nan), PEOPLE, 96)
    assert nowhere.as_dict()["nme"] is None
    assert nowhere.as_dict()["rmse"] is not None


def test_a_point_that_is_never_marked_has_no_figure() -> None:
    found = errors()
    found[:, 9] = np.nan
    assert np.isnan(score_points(found, EYES, PEOPLE, 96).per_point["nme"][9])


def test_the_eye_distance_is_that_of_the_outer_corners() -> None:
    points = np.zeros((2, P, 2), np.float32)
    points[0, POINT_NAMES.index("left_eye_outer_corner")] = (60, 40)
    points[0, POINT_NAMES.index("right_eye_outer_corner")] = (30, 0)
    distance = interocular_distance(points, POINT_NAMES)
    assert distance[0] == 50
    assert np.isnan(distance[1])  # both corners in one place: nothing to divide by


def test_errors_are_normalized_as_those_over_68_landmarks_are() -> None:
    """So that figures of the landmark models and of key-point models mean the same."""
    from ferbench.benchmarks.landmarks.evaluation import normalized_errors
    from ferbench.datasets import make_faces
    from ferbench.features import derive_points

    marked = make_faces(21, size=96, random_state=0).landmarks
    assert marked is not None
    shifted = marked + np.float32([3, 4])
    points = derive_points(marked)
    ours = face_errors(derive_points(shifted) - points, interocular_distance(points, POINT_NAMES))
    assert np.allclose(ours, normalized_errors(shifted, marked), atol=1e-4)


def test_a_clear_difference_is_told_from_noise() -> None:
    models = {"good": errors(1.0, 1), "same": errors(1.0, 2), "bad": errors(3.0, 3)}
    table = compare_points(models, EYES, PEOPLE).set_index(["a", "b"])
    assert table.loc[("good", "same"), "verdict"] == "not shown to differ"
    assert table.loc[("good", "bad"), "verdict"] == "A"
    assert table.loc[("good", "bad"), "difference_high"] < 0
    assert list(compare_points({"one": errors()}, EYES, PEOPLE).columns)[-1] == "verdict"


def test_one_model_against_the_rest_is_corrected_over_these_comparisons_alone() -> None:
    models = {"good": errors(1.0, 1), "same": errors(1.0, 2), "bad": errors(3.0, 3)}
    pairs = compare_points(models, EYES, PEOPLE)
    table = compare_points_with(pairs, "same").set_index("recipe")
    assert list(table.index) == ["good", "bad"] and set(table["against"]) == {"same"}
    assert list(table["verdict"]) == ["not shown to differ", "worse"]
    assert compare_points_with(pairs, "bad").set_index("recipe").loc["good", "verdict"] == "better"
    bad, pair = table.loc["bad"], pairs[(pairs["a"] == "same") & (pairs["b"] == "bad")].iloc[0]
    assert bad["difference"] == -pair["difference"] > 0 and bad["nme"] == pair["nme_b"]
    assert (bad["difference_low"], bad["difference_high"]) == (-pair["difference_high"], -pair["difference_low"])
    # Two comparisons, not the three of all pairs.
    assert bad["p_holm"] == pytest.approx(2 * pair["p_bootstrap"])
    assert pair["p_holm"] == pytest.approx(3 * pair["p_bootstrap"])
