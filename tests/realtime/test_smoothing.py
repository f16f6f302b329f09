"""Smoothing goes by time, not by frames."""

import numpy as np
import pytest

from ferbench.realtime import Smoother


def smoothed_at_one_second(fps: int) -> np.ndarray:
    """A face that is sad until 0.5 s and happy from then on, seen at some frame rate."""
    smoother = Smoother(0.4)
    for frame in range(fps + 1):
        time_s = frame / fps
        value = smoother.update(np.array([1.0, 0.0] if time_s > 0.5 else [0.0, 1.0]), time_s)
    return value


@pytest.mark.parametrize("fps", [10, 20, 60, 200])
def test_the_frame_rate_does_not_matter(fps: int) -> None:
    # After half a second of happiness.
    assert smoothed_at_one_second(fps)[0] == pytest.approx(1 - np.exp(-0.5 / 0.4))


def test_dropped_frames_do_not_matter() -> None:
    every, some = Smoother(0.3), Smoother(0.3)
    every.update(np.array([0.0, 1.0]), 0.0)
    some.update(np.array([0.0, 1.0]), 0.0)
    for frame in range(1, 11):
        whole = every.update(np.array([1.0, 0.0]), frame * 0.02)
    assert np.allclose(whole, some.update(np.array([1.0, 0.0]), 0.2))


def test_probabilities_stay_probabilities() -> None:
    smoother, rng = Smoother(0.5), np.random.default_rng(0)
    for frame in range(50):
        value = smoother.update(rng.dirichlet(np.ones(7)), frame / 30)
        assert value.min() >= 0 and value.sum() == pytest.approx(1)


def test_no_time_constant_means_no_smoothing() -> None:
    smoother = Smoother(0)
    smoother.update(np.array([1.0, 0.0]), 0.0)
    assert smoother.update(np.array([0.0, 1.0]), 0.01).tolist() == [0.0, 1.0]


def test_a_clock_that_steps_back_does_no_harm() -> None:
    smoother = Smoother(0.5)
    smoother.update(np.array([1.0, 0.0]), 5.0)
    assert smoother.update(np.array([0.0, 1.0]), 1.0).tolist() == [1.0, 0.0]


def test_what_is_handed_out_does_not_change_later() -> None:
    smoother = Smoother(0.5)
    first = smoother.update(np.array([1.0, 0.0]), 0.0)
    smoother.update(np.array([0.0, 1.0]), 1.0)
    assert first.tolist() == [1.0, 0.0]


@pytest.mark.parametrize("constant", [-1.0, float("nan")])
def test_a_time_constant_out_of_range_is_refused(constant: float) -> None:
    with pytest.raises(ValueError, match="smoothing_s must be 0 or more"):
        Smoother(constant)
