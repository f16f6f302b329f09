"""The same person keeps the same number; different ones never share it."""

import itertools

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from ferbench.realtime import Detection, Tracker
from ferbench.realtime.tracking.assignment import assign

STEP = 1 / 25


def face(x: float, y: float = 100, side: float = 60) -> Detection:
    return Detection((round(x), round(y), round(side), round(side)), 0.9)


def ids(tracks: list) -> list[int]:
    return [track.id for track in tracks]


def nearest_id(tracks: list, detection: Detection) -> int:
    return min(tracks, key=lambda track: abs(track.box[0] - detection.box[0])).id


def test_a_moving_face_keeps_its_number() -> None:
    tracker, rng = Tracker(), np.random.default_rng(0)
    seen = {
        tuple(ids(tracker.update([face(50 + 12 * n + rng.normal(0, 2), 100 + rng.normal(0, 2))], n * STEP)))
        for n in range(100)
    }
    assert seen == {(1,)}


def test_six_faces_keep_their_numbers() -> None:
    tracker, rng = Tracker(), np.random.default_rng(1)
    for n in range(60):
        faces = [face(100 * k + 20 * np.sin(n / 9 + k), 100 + rng.normal(0, 2)) for k in range(6)]
        order = rng.permutation(6)
        tracks = tracker.update([faces[k] for k in order], n * STEP)
        assert sorted(ids(tracks)) == [1, 2, 3, 4, 5, 6]
        if n == 0:
            numbers = [nearest_id(tracks, detection) for detection in faces]
        assert [nearest_id(tracks, detection) for detection in faces] == numbers


def test_a_face_that_is_hidden_for_a_while_comes_back_under_its_number() -> None:
    tracker = Tracker(max_gap_s=1.0)
    for n in range(20):
        tracker.update([face(50 + 5 * n)], n * STEP)
    for n in range(20, 35):
        assert tracker.update([], n * STEP) == []
    assert ids(tracker.update([face(50 + 5 * 35)], 35 * STEP)) == [1]


def test_a_face_that_stopped_while_hidden_is_known_again() -> None:
    tracker = Tracker(max_gap_s=1.0)
    for n in range(20):
        tracker.update([face(50 + 8 * n)], n * STEP)
    for n in range(20, 30):
        tracker.update([], n * STEP)
    assert ids(tracker.update([face(50 + 8 * 20)], 30 * STEP)) == [1]


def test_a_face_gone_for_longer_is_somebody_new_and_nothing_is_kept_of_the_old_one() -> None:
    tracker = Tracker(max_gap_s=0.5)
    tracker.update([face(50)], 0.0)
    tracker.update([], 0.6)
    assert tracker.tracks == []
    tracker.update([face(50)], 0.64)
    assert ids(tracker.update([face(50)], 0.68)) == [2]


def test_faces_that_cross_do_not_swap_numbers() -> None:
    tracker = Tracker()
    for n in range(60):
        left, right = face(40 + 8 * n, 100), face(520 - 8 * n, 100)
        apart = abs(left.box[0] - right.box[0]) > 30
        # While one covers the other the detector sees only the one in front.
        tracks = tracker.update([left, right] if apart else [left], n * STEP)
        if n == 5:
            numbers = nearest_id(tracks, left), nearest_id(tracks, right)
    assert (nearest_id(tracks, left), nearest_id(tracks, right)) == numbers
    assert sorted(numbers) == [1, 2]


def test_between_searches_the_box_follows_the_face() -> None:
    tracker = Tracker()
    for n in range(0, 40, 2):
        tracker.update([face(50 + 6 * n)], n * STEP)
    (track,) = tracker.predict(39 * STEP)
    assert abs(track.box[0] - (50 + 6 * 39)) <= 3


def test_a_slip_of_the_detector_never_becomes_a_face() -> None:
    tracker = Tracker()
    for n in range(30):
        faces = [face(50)] + ([face(400)] if n in (7, 15, 24) else [])
        assert ids(tracker.update(faces, n * STEP)) == [1]


def test_a_newcomer_is_shown_from_its_second_search() -> None:
    tracker = Tracker()
    tracker.update([face(50)], 0.0)
    assert ids(tracker.update([face(50), face(400)], STEP)) == [1]
    assert ids(tracker.update([face(50), face(400)], 2 * STEP)) == [1, 2]


def test_a_face_that_the_detector_often_misses_is_still_shown() -> None:
    tracker = Tracker()
    tracker.update([], 0.0)
    shown = [ids(tracker.update([face(50)] if n % 3 == 0 else [], n * STEP)) for n in range(1, 30)]
    assert shown.count([1]) == 8 and shown.count([]) == 21


def test_unlike_sizes_are_different_people() -> None:
    tracker = Tracker()
    tracker.update([face(100, 100, 40)], 0.0)
    tracker.update([face(60, 60, 130)], 1.0)
    assert ids(tracker.update([face(60, 60, 130)], 1.04)) == [2]


def test_hours_of_comers_and_goers_leave_nothing_behind() -> None:
    tracker = Tracker()
    for n in range(1000):
        tracker.update([face(60 * (n // 10 % 7), 100 + 150 * (n // 70 % 3))], n * STEP)
        assert len(tracker.tracks) <= 8


def test_time_that_stands_still_does_no_harm() -> None:
    tracker = Tracker()
    for _ in range(3):
        assert ids(tracker.update([face(50)], 1.0)) == [1]


def test_a_gap_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="max_gap_s must be 0 or more"):
        Tracker(max_gap_s=-1)


@pytest.mark.parametrize("shape", list(itertools.product([1, 2, 3, 6], [1, 2, 3, 7])))
def test_the_assignment_is_the_best_one(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(shape[0] * 10 + shape[1])
    for _ in range(30):
        costs = rng.normal(size=shape)
        rows, columns = linear_sum_assignment(costs)
        pairs = assign(costs)
        assert len(pairs) == min(shape) and len({row for row, _ in pairs}) == len({column for _, column in pairs})
        assert sum(costs[pair] for pair in pairs) == pytest.approx(costs[rows, columns].sum())
